"""Frames of the link: SLIP (RFC 1055) around a body and its CRC-32 (IEEE 802.3), big-endian.

An END goes before and after each frame, so that line noise between frames costs no frame.
"""

import binascii

END = b"\xc0"

# A terminal's USB buffer and a UART's FIFO while flash is written: a request is small. A reply carries a receipt with
# its evidence, or a status.
MAX_REQUEST = 240
MAX_REPLY = 1200


def encode(body: bytes) -> bytes:
    """The frame around `body`."""
    data = body + binascii.crc32(body).to_bytes(4, "big")
    return END + data.replace(b"\xdb", b"\xdb\xdd").replace(END, b"\xdb\xdc") + END


class Decoder:
    """Cuts a byte stream into bodies of at most `limit` bytes; `bad` counts what was dropped (length, escape, CRC)."""

    def __init__(self, limit: int) -> None:
        self._longest = 2 * (limit + 4)
        self._limit = limit
        self._rest = b""
        self._skip = False
        self.bad = 0

    def feed(self, data: bytes) -> "list[bytes]":
        """Bodies completed by `data`, in order. Memory stays bounded whatever comes."""
        parts = (self._rest + bytes(data)).split(END)
        self._rest = parts.pop()
        bodies = []
        for part in parts:
            body = None if self._skip else self._body(part)
            self._skip = False
            if body is not None:
                bodies.append(body)
            elif part:
                self.bad += 1
        if len(self._rest) > self._longest:
            self._rest = b"\xdb"
            self._skip = True
        return bodies

    def _body(self, part: bytes) -> "bytes | None":
        if part.count(b"\xdb") != part.count(b"\xdb\xdc") + part.count(b"\xdb\xdd"):
            return None
        data = part.replace(b"\xdb\xdc", END).replace(b"\xdb\xdd", b"\xdb")
        if not 4 < len(data) <= self._limit + 4:
            return None
        return data[:-4] if binascii.crc32(data[:-4]) == int.from_bytes(data[-4:], "big") else None
