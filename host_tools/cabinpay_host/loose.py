"""CBOR read without strictness, to say what is wrong with bytes that the wire refuses; nothing is accepted by it."""

import struct
from typing import Any

MAX_DEPTH = 16
_FLOATS = {25: ">e", 26: ">f", 27: ">d"}


class NotCbor(ValueError):
    """No CBOR at all, or cut off; one line says where."""


def read(data: bytes) -> tuple[Any, list[str]]:
    """The first value in `data`, and what deterministic CBOR forbids in it: one line each, empty for a strict one."""
    reader = _Reader(data)
    value = reader.value(0)
    if reader.at < len(data):
        reader.remark(f"{len(data) - reader.at} trailing bytes", reader.at)
    return value, reader.remarks


def head(data: bytes) -> int:
    """How many bytes the head of the first item takes: its type and its number."""
    return 1 + {24: 1, 25: 2, 26: 4, 27: 8}.get(data[0] & 31, 0)


def end(data: bytes, at: int) -> int:
    """Where the item that begins at byte `at` ends."""
    reader = _Reader(data)
    reader.at = at
    reader.value(0)
    return reader.at


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.remarks: list[str] = []

    def remark(self, what: str, at: int) -> None:
        # the first few tell the story; a hostile file could hold thousands
        if len(self.remarks) < 8:
            self.remarks.append(f"{what} at byte {at}")

    def take(self, n: int) -> bytes:
        start = self.at
        if n > len(self.data) - start:
            raise NotCbor(f"cut off at byte {len(self.data)}")
        self.at = start + n
        return self.data[start : self.at]

    def argument(self, info: int) -> int | None:
        """The number in a head; None for an indefinite length."""
        start = self.at - 1
        if info < 24:
            return info
        if info == 31:
            self.remark("indefinite length", start)
            return None
        if info > 27:
            raise NotCbor(f"reserved head at byte {start}")
        size = 1 << (info - 24)
        n = int.from_bytes(self.take(size), "big")
        if n < (24 if size == 1 else 1 << (size * 4)):
            self.remark("head longer than needed", start)
        return n

    def value(self, depth: int) -> Any:
        start = self.at
        if depth > MAX_DEPTH:
            raise NotCbor(f"nested too deeply at byte {start}")
        first = self.take(1)[0]
        major, info = first >> 5, first & 31
        if major == 7:
            return self.simple(info)
        n = self.argument(info)
        if major in (2, 3):
            data = self.string(major, n)
            return data if major == 2 else self.text(data, start)
        if major == 4:
            return [self.value(depth + 1) for _ in self.items(n)]
        if major == 5:
            return self.map(n, depth)
        if n is None:
            raise NotCbor(f"reserved head at byte {start}")
        if major == 6:
            self.remark(f"tag {n}", start)
            return self.value(depth + 1)
        return -1 - n if major else n

    def simple(self, info: int) -> Any:
        start = self.at - 1
        if info in (20, 21, 22):
            return {20: False, 21: True}.get(info)
        if info in _FLOATS:
            self.remark("float", start)
            return struct.unpack(_FLOATS[info], self.take(1 << (info - 24)))[0]
        if info > 24:
            raise NotCbor(f"break or reserved head at byte {start}")
        self.remark("simple value", start)
        return f"simple({self.take(1)[0] if info == 24 else info})"

    def items(self, n: int | None) -> Any:
        """Counts to `n`, or until the break that ends an indefinite length."""
        if n is not None and n > len(self.data) - self.at:
            raise NotCbor(f"cut off at byte {len(self.data)}")
        done = 0
        while done != n:
            if n is None and self.data[self.at : self.at + 1] == b"\xff":
                self.at += 1
                return
            yield done
            done += 1

    def string(self, major: int, n: int | None) -> bytes:
        if n is not None:
            return self.take(n)
        chunks = []
        for _ in self.items(None):
            head = self.take(1)[0]
            size = self.argument(head & 31)
            if head >> 5 != major or size is None:
                raise NotCbor(f"no piece of a string at byte {self.at - 1}")
            chunks.append(self.take(size))
        return b"".join(chunks)

    def text(self, data: bytes, start: int) -> str:
        try:
            return data.decode()
        except UnicodeDecodeError:
            self.remark("text that is not UTF-8", start)
            return data.decode(errors="replace")

    def map(self, n: int | None, depth: int) -> dict[Any, Any]:
        out: dict[Any, Any] = {}
        last = b""
        for _ in self.items(n):
            start = self.at
            key = self.value(depth + 1)
            encoded = self.data[start : self.at]
            if isinstance(key, (list, dict)):
                raise NotCbor(f"key that cannot be one at byte {start}")
            if encoded <= last:
                self.remark("key twice" if encoded == last else "keys out of order", start)
            last = encoded
            out[key] = self.value(depth + 1)
        return out
