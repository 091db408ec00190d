import binascii
import time
from array import array

import micropython

_SOFTWARE_RESET = b"\x01"
_SLEEP_OUT = b"\x11"
_INVERT = b"\x21"
_ON = b"\x29"
_COLUMNS, _ROWS, _PIXELS = b"\x2a", b"\x2b", b"\x2c"
_DEPTH, _16_BITS = b"\x3a", b"\x55"
# Rows: a band is what `buffer` holds, a stripe that has not changed since the last screen is not sent, a strip is what
# is expanded at a time
_BAND = 48
_STRIPE = 8
_STRIP = 2


class Panel:
    """An ST7789 on SPI, light on dark; `buffer`: `band` rows of 1 bit a pixel, MONO_HLSB, which draw(top) puts on the
    panel from row `top` on. pins: cs, dc, reset and backlight, as outputs. height: a multiple of 48."""

    band = _BAND

    def __init__(self, spi, cs, dc, reset, backlight, width, height):
        self.width = width
        self.height = height
        self.buffer = bytearray(width * _BAND // 8)
        self._bits = memoryview(self.buffer)
        self._spi = spi
        self._cs = cs
        self._dc = dc
        self._strip = bytearray(width * _STRIP * 2)
        self._window = bytearray(4)
        self._shown = array("I", bytes(4 * (height // _STRIPE)))
        self._start(reset)
        backlight(1)

    def _start(self, reset):
        reset(0)
        time.sleep_ms(1)
        reset(1)
        self._send(_SOFTWARE_RESET)
        time.sleep_ms(120)
        self._send(_SLEEP_OUT)
        time.sleep_ms(5)
        self._send(_DEPTH, _16_BITS)
        self._send(_INVERT)
        # what the panel's memory holds after power-on is noise, and no screen before the first one
        for top in range(0, self.height, _STRIPE):
            self._send_stripe(top, 0)
        self._send(_ON)

    def draw(self, top):
        size = self.width * _STRIPE // 8
        for at in range(0, len(self.buffer), size):
            sum_ = binascii.crc32(self._bits[at : at + size])
            stripe = (top + at * 8 // self.width) // _STRIPE
            if sum_ != self._shown[stripe]:
                self._shown[stripe] = sum_
                self._send_stripe(stripe * _STRIPE, at)

    def show(self, _name, _lines, _code):
        pass

    def _send_stripe(self, row, at):
        self._range(_COLUMNS, 0, self.width - 1)
        self._range(_ROWS, row, row + _STRIPE - 1)
        self._send(_PIXELS)
        self._cs(0)
        size = self.width * _STRIP // 8
        for _ in range(_STRIPE // _STRIP):
            _expand(self._bits[at : at + size], self._strip, size)
            self._spi.write(self._strip)
            at += size
        self._cs(1)

    def _range(self, command, first, last):
        w = self._window
        w[0], w[1], w[2], w[3] = first >> 8, first & 255, last >> 8, last & 255
        self._send(command, w)

    def _send(self, command, data=b""):
        self._cs(0)
        self._dc(0)
        self._spi.write(command)
        self._dc(1)
        self._spi.write(data)
        self._cs(1)


@micropython.viper
def _expand(bits: ptr8, out: ptr32, size: int):
    """One bit a pixel to 16, two pixels at a time, the left one in the lower half."""
    at = 0
    for i in range(size):
        b = int(bits[i])
        end = at + 4
        while at < end:
            out[at] = (0 - (b >> 7 & 1)) & 0xFFFF | (0 - (b >> 6 & 1)) << 16
            b <<= 2
            at += 1
