"""A Pico's raw flash, read over the prompt of its firmware: all that can be saved where no file system is left."""

from __future__ import annotations

import ast
import binascii
from contextlib import suppress

from mpremote.transport import TransportError
from mpremote.transport_serial import SerialTransport
from serial import SerialException

from . import flash_image
from .errors import Exit, HostError

BLOCK = 4096
_ERASED = b"\xff" * BLOCK
_WAIT_SECONDS = 10
_BEGIN = """
import binascii
try:
    import rp2
    f = rp2.Flash()
except ImportError:
    from esp32 import Partition
    f = Partition.find(Partition.TYPE_DATA, label="vfs")[0]
b = bytearray(4096)
erased = b"\\xff" * 4096
def read(n):
    f.readblocks(n, b)
    print(binascii.crc32(b), "" if b == erased else binascii.b2a_base64(b).decode())
print(f.ioctl(4, 0))
"""
_FIND = """
found = []
for n in range(f.ioctl(4, 0)):
    f.readblocks(n, b)
    if b.find({!r}) >= 0:
        found.append(n)
print(found)
"""


def flash(port: str) -> bytes:
    """The blocks below the board's file system, whatever they hold; HostError no_prompt or dump."""
    try:
        transport = SerialTransport(port)
    except (TransportError, OSError) as e:
        line = f"{port} cannot be opened ({type(e).__name__}). Is the board plugged in, and no other program on it?"
        raise HostError("port_missing", line, Exit.TERMINAL) from None
    try:
        return _read(transport)
    except (TransportError, SerialException, OSError) as e:
        line = f"The board stopped in the middle ({type(e).__name__}). Nothing on it was changed; run it again."
        raise HostError("dump", line, Exit.TERMINAL) from None
    finally:
        with suppress(SerialException, OSError):
            transport.close()


def _read(transport: SerialTransport) -> bytes:
    try:
        transport.enter_raw_repl(soft_reset=False, timeout_overall=_WAIT_SECONDS)
    except TransportError:
        line = "No prompt on this port. Open it with cabinpay maintenance, or read the flash by BOOTSEL and picotool."
        raise HostError("no_prompt", line, Exit.TERMINAL) from None
    count = int(transport.exec(_BEGIN))
    image = b"".join(_block(transport, n) for n in range(count))
    transport.exit_raw_repl()
    return image


def holds_records(transport: SerialTransport) -> bool:
    """Does raw flash hold a whole record? At an open raw prompt."""
    transport.exec(_BEGIN)
    found: list[int] = ast.literal_eval(transport.exec(_FIND.format(flash_image.RECORD_MAGIC)).decode())
    return any(flash_image.carve(_block(transport, n)) for n in found)


def _block(transport: SerialTransport, number: int) -> bytes:
    crc, _, text = transport.exec(f"read({number})").strip().partition(b" ")
    data = binascii.a2b_base64(text) or _ERASED
    if len(data) != BLOCK or binascii.crc32(data) != int(crc):
        raise HostError("dump", "A block was damaged on its way. Check the cable and run it again.", Exit.TERMINAL)
    return data
