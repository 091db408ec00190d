"""Who may sign on at terminals: crew numbers with what stands for their PINs. The PINs themselves are in no file.

JSON, for its owner only (mode 0600): `cabinpay.wire.pins` says what a verifier is worth. Codes: crew_garbled,
crew_number, crew_pin, crew_absent.
"""

import json
import os
import re
import struct
from pathlib import Path
from typing import Any

from cabinpay.wire import pins

from . import files
from .errors import Exit, HostError

_FORMAT = "cabinpay-crew"
_LIMIT = 1 << 20
MAX_NUMBER = 9999999999
Members = dict[int, tuple[int, bytes, bytes]]


def load(path: Path) -> Members:
    """number: (count, salt, verifier)."""
    fields = files.read_json(path, _LIMIT)
    files.refuse_shared(path)
    crew = fields.get("crew")
    if fields.get("format") != _FORMAT or not isinstance(crew, dict):
        raise _garbled(path)
    return {_number(path, number): _member(path, row) for number, row in crew.items()}


def add(path: Path, number: int, pin: str) -> bool:
    """Sets the PIN of a crew member, in a new file where there is none; True where the member is new."""
    if not 1 <= number <= MAX_NUMBER:
        raise HostError("crew_number", f"a crew number is from 1 to {MAX_NUMBER}", Exit.USAGE)
    if not pins.pin_form(pin):
        raise HostError("crew_pin", "a PIN has 4 to 8 digits; choose one", Exit.INPUT)
    with files.locked(path):
        members = load(path) if path.exists() else {}
        fresh = number not in members
        salt = os.urandom(16)
        members[number] = (pins.COUNT, salt, pins.verifier(number, pin, salt, pins.COUNT))
        _save(path, members)
    return fresh


def remove(path: Path, number: int) -> None:
    with files.locked(path):
        members = load(path)
        if number not in members:
            raise HostError("crew_absent", f"{path} has no crew member {number}; see bundle crew list", Exit.INPUT)
        del members[number]
        _save(path, members)


def packed(path: Path) -> bytes:
    """The bundle's file `crew`."""
    return b"".join(struct.pack(">QH16s32s", number, *member) for number, member in sorted(load(path).items()))


def _save(path: Path, members: Members) -> None:
    crew = {str(n): {"count": c, "salt": s.hex(), "verifier": v.hex()} for n, (c, s, v) in sorted(members.items())}
    files.replace(path, json.dumps({"format": _FORMAT, "crew": crew}, indent=1).encode() + b"\n", 0o600)


def _number(path: Path, word: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,9}", word):
        raise _garbled(path)
    return int(word)


def _member(path: Path, row: Any) -> tuple[int, bytes, bytes]:
    count = row.get("count") if isinstance(row, dict) else None
    if type(count) is not int or not 1 <= count <= 0xFFFF:
        raise _garbled(path)
    salt, verifier = str(row.get("salt")), str(row.get("verifier"))
    if not re.fullmatch("[0-9a-f]{32}", salt) or not re.fullmatch("[0-9a-f]{64}", verifier):
        raise _garbled(path)
    return count, bytes.fromhex(salt), bytes.fromhex(verifier)


def _garbled(path: Path) -> HostError:
    return HostError("crew_garbled", f"{path} is no crew file, or damaged; take it from a backup", Exit.INPUT)
