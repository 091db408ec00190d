"""The firmware comes up, is what board.toml says, and is reached by unmodified host tools."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
import serial

from emulated.repl import Repl
from pico_emulated.emulator import Pico
from pico_emulated.layout import BOARD

PATTERN = hashlib.shake_128(b"every byte value, in no order").digest(8192)


def test_firmware_is_what_the_board_file_says(repl: Repl) -> None:
    machine, version, arch = repl.run("import sys; i = sys.implementation; print((i[2], i[1], i._mpy >> 10))")
    assert machine == "Raspberry Pi Pico with RP2040"
    assert ".".join(map(str, version[:3])) == BOARD["micropython"]
    assert {1: "x86", 2: "x64", 3: "armv6", 4: "armv6m"}[arch] == BOARD["arch"]


def test_file_system_lies_where_the_board_file_says(repl: Repl, flash: Path) -> None:
    layout = BOARD["flash"]
    assert repl.run("import rp2; f = rp2.Flash(); print((f.ioctl(4, 0), f.ioctl(5, 0)))") == (352, layout["block"])
    assert layout["storage_offset"] + layout["storage_size"] == layout["size"]
    repl.run("f = open('x', 'w'); f.write('found in the file'); f.close()")
    assert flash.read_bytes().find(b"found in the file") >= layout["storage_offset"]
    superblock = flash.read_bytes()[layout["storage_offset"] :][: 2 * layout["block"]]
    assert superblock.count(b"littlefs") == 2


def test_unmodified_mpremote_runs_and_copies(pico: Pico, tmp_path: Path) -> None:
    source = tmp_path / "source.bin"
    source.write_bytes(PATTERN)
    mpremote(pico, "cp", str(source), ":copy.bin")
    mpremote(pico, "cp", ":copy.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == PATTERN
    assert mpremote(pico, "exec", "import machine; print(machine.freq())") == "125000000"


def mpremote(pico: Pico, *arguments: str) -> str:
    command = [sys.executable, "-m", "mpremote", "connect", pico.port, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()


def test_raw_bytes_pass_both_ways(repl: Repl, pico: Pico) -> None:
    code = (
        "import micropython, sys\n"
        "micropython.kbd_intr(-1)\nprint('ready')\nb = bytearray(64)\n"
        f"for _ in range({len(PATTERN)} // 64): sys.stdin.buffer.readinto(b); sys.stdout.buffer.write(b)\n"
    )
    repl.start(code)
    port = repl.transport.serial
    assert port.read(7) == b"ready\r\n"
    port.write(PATTERN)
    port.timeout = 30
    assert port.read(len(PATTERN)) == PATTERN


def test_a_host_that_does_not_read_holds_the_firmware_up_and_loses_nothing(repl: Repl, pico: Pico) -> None:
    repl.start("import sys\nfor i in range(2000): sys.stdout.buffer.write(b'%09d\\n' % i)\n")
    cycles = pico.stat().cycles
    pico.run(300)
    out, error = repl.transport.follow(timeout=60)
    assert not error
    assert [int(line) for line in out.split()] == list(range(2000))
    assert pico.stat().cycles > cycles


def test_reset_hangs_up_and_the_port_comes_back(pico: Pico) -> None:
    repl = Repl(pico)
    repl.leave("import machine; machine.reset()")
    pico.wait_event("reset")
    with pytest.raises((OSError, serial.SerialException)):
        while True:
            repl.transport.serial.read(1)
            repl.transport.serial.write(b"x")
    pico.wait_usb()
    with Repl(pico) as again:
        # 1: power on, 3: watchdog, by which machine.reset() works on an RP2040
        assert again.run("import machine; print(machine.reset_cause())") == 3
    assert pico.stat().resets == 1
