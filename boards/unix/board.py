"""The unix board: MicroPython's unix port with its flash in a file and its lines on inherited file descriptors.

Arguments, all KEY=VALUE: flash (image file), link, scanner, keypad (non-blocking descriptors), control (non-blocking
descriptor: "N B " cuts the power in the N-th flash operation from now on, after B of its bytes), display (descriptor
for JSON lines), rtc (1: the host's clock is the board's RTC), wifi (seconds to the first try; 0: the board has none).
Wiring: none.
"""

import binascii
import json
import sys

import vfs

from cabinpay.io.carve import highest
from cabinpay.io.clock import Ticks, unix_time
from flash import FileFlash, power_off

# The smallest board's figures, so that what runs here fits there: 352 blocks of 4 KB (Pico), 1,000 passes
FLASH_BLOCKS = 352
MAX_PASSES = 1000

_args = dict(arg.split("=", 1) for arg in sys.argv[1:])


class Stream:
    """A non-blocking descriptor."""

    def __init__(self, fd):
        self._file = open(fd, "r+b")

    def read_some(self, buffer):
        n = _tried(self._file.readinto, buffer)
        if n == 0:
            sys.exit()  # end of file: the simulator is gone, and a terminal that nobody can switch off must not stay
        return n or 0

    def write_some(self, data):
        return _tried(self._file.write, data) or 0

    def forget(self):
        pass  # a socket is read when there is time, and holds what came since


def _tried(operation, data):
    """Bytes moved; None where nothing can be moved now."""
    try:
        return operation(data)
    except OSError:
        return None  # a pty without a host answers EIO


class Panel:
    """240x240 pixels, one bit each, drawn 24 rows at a time; every frame goes out as a line of JSON."""

    width = 240
    height = 240
    band = 24

    def __init__(self, out):
        self.buffer = bytearray(self.width * self.band // 8)
        self._out = out

    def draw(self, top):
        if top == 0:
            self._out.write('{"frame": "')
        self._out.write(binascii.b2a_base64(self.buffer)[:-1])

    def show(self, name, lines, code):
        event = {"screen": name, "lines": lines, "code": code, "operations": flash.operations}
        self._out.write('", ' + json.dumps(event)[1:] + "\n")


class Buzzer:
    def __init__(self, out):
        self._out = out

    def play(self, tone):
        self._out.write(json.dumps({"sound": tone}) + "\n")


_display = open(int(_args["display"]), "r+b")
panel = Panel(_display)
buzzer = Buzzer(_display)
link = Stream(int(_args["link"]))
scanner = Stream(int(_args["scanner"]))
keypad = Stream(int(_args["keypad"]))
_control = Stream(int(_args["control"]))
_order_buffer = bytearray(16)


def _order():
    n = _control.read_some(_order_buffer)
    return [int(word) for word in bytes(_order_buffer[:n]).split()] if n else None


flash = FileFlash(_args["flash"], FLASH_BLOCKS, _order, power_off)


def mount():
    """Mounts the flash and returns where; a flash without a file system is formatted, as stock firmware does."""
    try:
        fs = vfs.VfsLfs2(flash, progsize=256)
    except OSError:
        vfs.VfsLfs2.mkfs(flash, progsize=256)
        fs = vfs.VfsLfs2(flash, progsize=256)
    vfs.mount(fs, "/flash")
    return "/flash"


def carved():
    return highest(flash)


ticks = Ticks()


class Wlan:
    """This machine's own network, which is joined already; TLS is real."""

    needs = 65536

    def __init__(self, first):
        self.first = first

    def join(self, ssid, password):
        pass

    def joined(self):
        return True

    def leave(self):
        pass


wlan = Wlan(int(_args["wifi"])) if _args.get("wifi", "0") != "0" else None


def rtc():
    """Unix seconds, or None where this board has no clock that survives power."""
    return unix_time() if _args.get("rtc") == "1" else None


def reset():
    sys.exit(1)


def began_by_reset():
    """Was this boot begun by a reset, and not by power?"""
    return _args.get("reset") == "1"


class _NoWatchdog:
    def feed(self):
        pass


def watchdog():
    return _NoWatchdog()


def prompt_is_open():
    return False


def open_prompt():
    """This board has no prompt to open: the process ends."""
    sys.exit(3)
