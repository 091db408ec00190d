import select
import sys

# A USB packet: more in a turn starves keypad and scanner
_MOST = 64


class UsbLink:
    """The firmware's own USB serial port, its prompt closed. Reads what is there, writes what fits."""

    def __init__(self):
        self._readable = select.poll()
        self._readable.register(sys.stdin, select.POLLIN)
        self._writable = select.poll()
        self._writable.register(sys.stdout, select.POLLOUT)
        self._byte = bytearray(1)
        # each makes, the first time, what it keeps
        self._readable.ipoll(0)
        self._writable.ipoll(0)

    def read_some(self, buffer):
        for _ in self._readable.ipoll(0):
            return self._read(buffer)
        return 0

    def _read(self, buffer):
        # by the byte and in locals: a longer read waits until it is full, and every attribute costs time for each byte
        ipoll = self._readable.ipoll
        readinto = sys.stdin.buffer.readinto
        byte = self._byte
        most = min(len(buffer), _MOST)
        n = 0
        while n < most:
            for _ in ipoll(0):
                break
            else:
                return n
            readinto(byte)
            buffer[n] = byte[0]
            n += 1
        return n

    def write_some(self, data):
        """Bytes of the first 64 that a host has taken; 0 where none reads."""
        for _ in self._writable.ipoll(0):
            return sys.stdout.buffer.write(data[:_MOST]) or 0
        return 0
