"""Serial ports behind which a terminal may be, found by the USB ids of the boards that it runs on."""

from __future__ import annotations

from collections.abc import Iterable

from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from .errors import Exit, HostError

# (vendor, product): MicroPython on rp2 and on ESP32 with USB of its own; Espressif's serial/JTAG unit; and the UART
# bridges of ESP32 boards: CP210x, CH340, CH9102
USB_IDS = {
    (0x2E8A, 0x0005),
    (0x303A, 0x4001),
    (0x303A, 0x1001),
    (0x10C4, 0xEA60),
    (0x1A86, 0x7523),
    (0x1A86, 0x55D4),
}


def find(known: Iterable[ListPortInfo] | None = None) -> list[str]:
    """Paths of such ports in order; known: all there are, else those of this computer."""
    ports = list_ports.comports() if known is None else known
    return sorted(port.device for port in ports if (port.vid, port.pid) in USB_IDS)


def choose(named: list[str], every: bool, found: list[str]) -> list[str]:
    """The ports to sync: those `named`, or `every` one that was found, or the only one."""
    if named and every:
        raise HostError("usage", "name ports, or take them --all", Exit.USAGE)
    if named:
        return list(dict.fromkeys(named))
    if not found:
        line = "No terminal was found by its USB id. Plug it in, or name its port with --port."
        raise HostError("no_terminal", line, Exit.TERMINAL)
    if len(found) > 1 and not every:
        line = f"{len(found)} terminals are plugged in: take them --all, or one with --port {found[0]}"
        raise HostError("which_terminal", line, Exit.USAGE)
    return found
