"""The files that travel with a trust bundle: made from what people keep, laid beside the bundle, read back.

Beside `9C.bundle` they lie in `9C.bundle.d/`, each named by what it is and the first 8 bytes of its SHA-256, so that
those of an older bundle are never overwritten before it is. Their layout is in `cabinpay.wire.files`. Codes:
revoked_bad, catalogue_bad, bundle_files, and those of `files` and `crew_file`.
"""

import csv
import hashlib
import io
import re
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cabinpay.wire import schema
from cabinpay.wire.claims import SKU_DISCOUNT
from cabinpay.wire.files import CATALOGUE, CREW, FORMS, MAX_FILE, REVOKED, Rows

from . import crew_file, files, toml
from .errors import Exit, HostError

Contents = dict[str, bytes]
_COLUMNS = ["sku", "english", "chinese", "price", "currency"]
_SOURCE = 1 << 20
_ENGLISH = schema.text(1, 28)
_CHINESE_BYTES = 42


def read(table: toml.Table, folder: Path, currencies: set[int]) -> Contents:
    """What the table [files] of a bundle.toml names, in the terminal's layout; an empty list is no file."""
    sources: dict[str, Callable[[Path], bytes]] = {
        REVOKED: revoked,
        CREW: crew_file.packed,
        CATALOGUE: lambda path: catalogue(path, currencies),
    }
    made: Contents = {}
    for name in sorted(sources):
        if name in table:
            made[name] = sources[name](folder / table.text(name, bool, "the path of a file"))
    table.done()
    for name, data in made.items():
        if len(data) > MAX_FILE:
            line = f"{name} has {len(data)} bytes in the terminal's layout and may have {MAX_FILE}; shorten it"
            raise HostError("bundle_files", line, Exit.INPUT)
    return {name: data for name, data in made.items() if data}


def entries(contents: Contents) -> list[list[Any]] | None:
    """The bundle's field `files`."""
    return [[name, len(data), _digest(data)] for name, data in sorted(contents.items())] or None


def revoked(path: Path) -> bytes:
    """The file `revoked` from lines of `KID:CTI`, 16 hex digits each; the colon may be missing, # begins a remark."""
    ids = set()
    for number, line in enumerate(_text(path, "revoked_bad").splitlines(), 1):
        word = line.partition("#")[0].strip()
        if word and not re.fullmatch("[0-9a-fA-F]{16}:?[0-9a-fA-F]{16}", word):
            reason = f"{path}, line {number}: a pass is written KID:CTI, 16 hex digits each; correct it"
            raise HostError("revoked_bad", reason, Exit.INPUT)
        if word:
            ids.add(bytes.fromhex(word.replace(":", "")))
    return b"".join(sorted(ids))


def catalogue(path: Path, currencies: set[int]) -> bytes:
    """The file `catalogue` from CSV in UTF-8 with the columns sku,english,chinese,price,currency; price in minor
    units, currency as ISO 4217 number."""
    lines = csv.reader(io.StringIO(_text(path, "catalogue_bad")))
    rows: dict[bytes, bytes] = {}
    try:
        if next(lines, None) != _COLUMNS:
            raise ValueError(f"the first line must be {','.join(_COLUMNS)}")
        for cells in lines:
            row = _item(cells, currencies) if cells else b""
            if row and rows.setdefault(row[:6], row) is not row:
                raise ValueError("this sku stands here twice in this currency")
    except (ValueError, csv.Error) as e:
        reason = f"{path}, line {lines.line_num or 1}: {e}; correct it"
        raise HostError("catalogue_bad", reason, Exit.INPUT) from None
    return b"".join(row for _, row in sorted(rows.items()))


def _item(cells: list[str], currencies: set[int]) -> bytes:
    if len(cells) != len(_COLUMNS):
        raise ValueError(f"{len(_COLUMNS)} columns are wanted")
    sku, english, chinese, price, currency = (cell.strip() for cell in cells)
    utf8 = chinese.encode()
    if not _whole(sku, SKU_DISCOUNT + 1) or not _whole(price, 1):
        raise ValueError(f"sku is a whole number from {SKU_DISCOUNT + 1} on, price one from 1 on, in minor units")
    if not _ENGLISH(english) or len(utf8) > _CHINESE_BYTES or not all(c.isprintable() for c in chinese):
        raise ValueError("english takes 1 to 28 ASCII characters, chinese at most 42 bytes (14 characters)")
    if not _whole(currency, 1) or int(currency) not in currencies:
        raise ValueError(f"currency is one of the bundle's: {', '.join(map(str, sorted(currencies)))}")
    return struct.pack(">HII28s42s", int(currency), int(sku), int(price), english.encode(), utf8)


def folder_of(bundle: Path) -> Path:
    return bundle.with_name(bundle.name + ".d")


def write(bundle: Path, contents: Contents) -> None:
    """Lays the files beside where `bundle` will be; those of others stay."""
    if contents:
        files.make_folder(folder_of(bundle))
    for name, data in contents.items():
        files.replace(_place(bundle, name, _digest(data)), data, 0o600 if name == CREW else 0o644)


def tidy(bundle: Path, contents: Contents) -> None:
    """Removes the files of bundles before; whatever else lies in the folder stays."""
    kept = {_place(bundle, name, _digest(data)).name for name, data in contents.items()}
    for path in folder_of(bundle).glob("*-*") if folder_of(bundle).is_dir() else ():
        if path.name not in kept and re.fullmatch(f"({'|'.join(FORMS)})-[0-9a-f]{{16}}", path.name):
            path.unlink(missing_ok=True)


def load(bundle: Path, named: list[list[Any]] | None) -> Contents:
    """The files that a bundle names, from beside it, checked against their hashes."""
    found = {}
    for name, length, digest in named or []:
        path = _place(bundle, name, digest)
        data = files.read(path, MAX_FILE)
        if len(data) != length or _digest(data) != digest:
            line = f"{path} is not the file that the bundle names; make the bundle again"
            raise HostError("bundle_files", line, Exit.INPUT)
        found[name] = data
    return found


def rows(name: str, data: bytes) -> list[bytes]:
    """A file's rows."""
    table = Rows(name, len(data), lambda at, size: data[at : at + size])
    return [table.at(i) for i in range(table.count)]


def ascending(name: str, data: bytes) -> bool:
    return Rows(name, len(data), lambda at, size: data[at : at + size]).ascending()


def _place(bundle: Path, name: str, digest: bytes) -> Path:
    return folder_of(bundle) / f"{name}-{digest[:8].hex()}"


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _whole(word: str, low: int) -> bool:
    return word.isascii() and word.isdigit() and len(word) <= 10 and low <= int(word) <= schema.U32


def _text(path: Path, code: str) -> str:
    try:
        return files.read(path, _SOURCE).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise HostError(code, f"{path} is not UTF-8 text; save it as UTF-8", Exit.INPUT) from None
