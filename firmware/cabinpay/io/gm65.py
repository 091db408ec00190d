"""Scanner modules of the GM65 kind on a UART: they read a code when told to, and send nothing else of themselves."""

import time

_HEAD = b"\x7e\x00"
_UNCHECKED = b"\xab\xcd"  # in the place of a CRC
_REPLY = 2  # first byte of what it answers, which holds no line end; no good code has it
_REPLY_SIZE = 7
_REPLY_MS = 120
# Told again after so long without a byte: the end of a code may have been lost
SILENT_MS = 5000
# zones, two bytes each: how it reads, the trigger, how long for (0: until it has read), what follows a code
_MODE, _TRIGGER, _TIME, _TAIL = b"\x00\x00", b"\x00\x02", b"\x00\x06", b"\x00\x60"
_COMMANDED = b"\xd5"  # on command, with light and aim while it reads
_CR = b"\x01"
_END = (13, 10)


class Scanner:
    """A stream of lines. The module is told to read, and again only when it is asked for more after a whole line: while
    the agent decides and writes to flash it is silent, for then bytes would be lost.

    uart: with rxbuf of 1024, two codes' worth; bauds: rates to look for it at.
    """

    def __init__(self, uart, bauds):
        self._uart = uart
        self._reading = False
        self._skip = 0
        self._heard = 0
        self.found = self._find(bauds)

    def _find(self, bauds):
        """The rate that it answers at, or 0: then it is as good as one that reads by itself."""
        for baud in bauds:
            self._uart.init(baudrate=baud)
            if self._told(_MODE, _COMMANDED) and self._told(_TIME, b"\x00") and self._told(_TAIL, _CR):
                return baud
        self._uart.init(baudrate=bauds[0])
        return 0

    def _told(self, zone, value):
        self._drain()
        self._tell(zone, value)
        end = time.ticks_add(time.ticks_ms(), _REPLY_MS)
        while self._uart.any() < _REPLY_SIZE:
            if time.ticks_diff(end, time.ticks_ms()) <= 0:
                return False
            time.sleep_ms(1)
        return self._uart.read(2) == b"\x02\x00"

    def _tell(self, zone, value):
        self._uart.write(_HEAD + b"\x08\x01" + zone + value + _UNCHECKED)

    def _drain(self):
        while self._uart.any():
            self._uart.read(self._uart.any())

    def read_some(self, buffer):
        if not self._reading:
            self._reading = True
            self._heard = time.ticks_ms()
            if self.found:
                # what came in the meantime is the end of a damaged code
                self._drain()
                self._skip = 0
                self._tell(_TRIGGER, b"\x01")
        if not self._uart.any():
            return self._silence(buffer)
        self._heard = time.ticks_ms()
        n = self._uart.readinto(buffer, min(self._uart.any(), len(buffer))) or 0
        return self._lines_only(buffer, n)

    def _silence(self, buffer):
        """Ends a line whose end was lost, and has the module read anew; how many bytes that gives."""
        if not self.found or time.ticks_diff(time.ticks_ms(), self._heard) < SILENT_MS:
            return 0
        self._reading = False
        buffer[0] = _END[0]
        return 1

    def _lines_only(self, buffer, n):
        """Takes replies out of the first n bytes; how many are left."""
        kept = 0
        for i in range(n):
            c = buffer[i]
            if c in _END:
                self._skip = 0
                self._reading = False
            if self._skip:
                self._skip -= 1
            elif c == _REPLY:
                self._skip = _REPLY_SIZE - 1
            else:
                buffer[kept] = c
                kept += 1
        return kept
