"""The files that travel with a trust bundle because they can be large: sorted rows of fixed width, so that a terminal
looks them up on flash and never loads them.

A file is its rows and nothing else: no header, no end. Rows ascend by their key, the first bytes of each row, and no
key comes twice. What it is and that it is whole says the bundle that names it, with its length and SHA-256. All numbers
are big-endian.

`revoked`: 16 bytes a row, all of them key: the issuer's kid (8) and the cti (8) of a pass that pays no more.

`catalogue`: 80 bytes a row. Texts are filled up with zero bytes.

| at | bytes | |
| --- | --- | --- |
| 0 | 2 | key: currency, ISO 4217 number, 1..999 |
| 2 | 4 | key: sku, 3..2^32-1 (1 and 2 are tip and discount) |
| 6 | 4 | unit price in minor units, 1..2^32-1 |
| 10 | 28 | English name, printable ASCII, at least one character |
| 38 | 42 | Chinese name, UTF-8: 14 ideographs; all zero where there is none |

`crew`: 58 bytes a row; pins.py says what a verifier is.

| at | bytes | |
| --- | --- | --- |
| 0 | 8 | key: the crew member's number, 1..9999999999 |
| 8 | 2 | count of the verifier, 1..65535 |
| 10 | 16 | salt |
| 26 | 32 | verifier |
"""

import struct

from .schema import integer, key, listed, row

MYPY = False
if MYPY:
    from collections.abc import Callable
    from typing import Any

REVOKED, CATALOGUE, CREW = "revoked", "catalogue", "crew"
# name: (bytes a row, bytes of its key)
FORMS = {REVOKED: (16, 16), CATALOGUE: (80, 6), CREW: (58, 8)}
# Old and new lie on the flash together for a moment, beside a thousand receipts: twice the sum is 192 KB
MAX_FILE = 65536
MAX_FILES = 98304

_ITEM = ">HII28s42s"
_CREW = ">QH16s32s"
_entries = listed(row(lambda v: isinstance(v, str) and v in FORMS, integer(1, MAX_FILE), key), 1, len(FORMS))


def fitting(v: "Any") -> bool:
    """A bundle's list of files: known names in order, whole rows, not too much together."""
    if not _entries(v) or any(entry[1] % FORMS[entry[0]][0] for entry in v):
        return False
    return all(v[i][0] < v[i + 1][0] for i in range(len(v) - 1)) and sum(entry[1] for entry in v) <= MAX_FILES


class Rows:
    """The rows of file `name`, `length` bytes long; read(at, size) -> bytes asks for a part of it."""

    def __init__(self, name: str, length: int, read: "Callable[[int, int], bytes]") -> None:
        self._width, self._key = FORMS[name]
        self._read = read
        self.count = length // self._width

    def at(self, i: int) -> bytes:
        return self._read(i * self._width, self._width)

    def place(self, key: bytes) -> int:
        """How many rows lie before `key`, which may be the beginning of one."""
        low, high = 0, self.count
        while low < high:
            middle = (low + high) // 2
            if self._read(middle * self._width, len(key)) < key:
                low = middle + 1
            else:
                high = middle
        return low

    def find(self, key: bytes) -> "bytes | None":
        """The row of this key, or None."""
        i = self.place(key)
        found = self.at(i) if i < self.count else b""
        return found if found[: len(key)] == key else None

    def ascending(self) -> bool:
        """Does every row come after the one before it? Where not, searching would miss some."""
        last = b""
        for i in range(self.count):
            key = self._read(i * self._width, self._key)
            if key <= last and i:
                return False
            last = key
        return True


def item_key(currency: int, sku: int) -> bytes:
    return struct.pack(">HI", currency, sku)


def read_item(data: bytes) -> "list[Any]":
    """[sku, English name, Chinese name, unit price, currency]; ValueError where the row is not one."""
    number, sku, price, english, chinese = struct.unpack(_ITEM, data)
    return [sku, _filled(english), _filled(chinese), price, number]


def _filled(field: bytes) -> str:
    return str(field.rstrip(b"\0"), "utf-8")


def crew_key(number: int) -> bytes:
    return struct.pack(">Q", number)


def read_crew(data: bytes) -> "tuple[int, int, bytes, bytes]":
    """(number, count, salt, verifier)."""
    number, count, salt, verifier = struct.unpack(_CREW, data)
    return number, count, salt, verifier
