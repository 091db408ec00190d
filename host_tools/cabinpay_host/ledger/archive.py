"""The archive: an append-only file beside the database, from which the ledger can be rebuilt.

    file    = "CPARCH1\\n" ledger-id[16] record*
    record  = "CPr1" length:u32 crc32(body):u32 body          (big-endian; length counts the body)
    body    = kind:u8 (length:u32 field)*

Receipts are not alone in it: without the roots, bundles and terminal keys nobody could judge them again.
"""

import contextlib
import hashlib
import mmap
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..errors import Exit, HostError

ROOT, BUNDLE, TERMINAL, ENROLMENT, RECEIPT, HAND_IN, ORDER, REFUND, LOST, ROLE, RETRACTED, FILE, POLICY = range(1, 14)
COMMITTED, BATCH, ANSWER, WORKED = range(14, 18)
# Fields by kind; numbers, times and amounts are u64:
# ROOT (public key) · BUNDLE (COSE bytes) · TERMINAL (public key, label, airline) · ENROLMENT (issuer kid, cti, sub,
# passenger) · RECEIPT and HAND_IN (terminal kid, number, receipt, evidence) · ORDER (terminal kid, number, SHA-256,
# SHA-256 of what the terminal gave just before it, where that is not what the receipt says; zeros: it holds nothing
# there any more) · FILE (name, bytes) of a bundle · POLICY (who bears what went over a pass's limits) · and decisions:
# REFUND (id, terminal kid, number, SHA-256, amount, reason, author, time) · LOST (id, terminal kid, number, time) ·
# BATCH (id, issuer kid, currency, author, time, CBOR [[cti, amount], …]) · ANSWER (id, time, CBOR [[batch's id, cti,
# state, reason], …]) · WORKED (id, terminal kid, number, each SHA-256 there, code, reason, author, time) ·
# ROLE (id, name, role, 1 given or 0 taken, author, time) · RETRACTED (`ident` of the decision before it that was never
# committed) · COMMITTED (): the decision before it was. Terminals and enrolments are decisions like these.
DECISIONS = (REFUND, LOST, ROLE, TERMINAL, ENROLMENT, BATCH, ANSWER, WORKED)

_MAGIC = b"CPARCH1\n"
HEADER = len(_MAGIC) + 16
_FRAME = struct.Struct(">4sII")
_MARK = b"CPr1"


class Record(NamedTuple):
    kind: int
    fields: tuple[bytes, ...]


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def receipt_record(kind: int, terminal_kid: bytes, number: int, receipt: bytes, evidence: bytes) -> Record:
    """kind: RECEIPT or HAND_IN."""
    return Record(kind, (terminal_kid, u64(number), receipt, evidence))


def ident(decision: Record) -> bytes:
    """Its id; of a terminal or an enrolment, which have none, the hash."""
    if decision.kind in (TERMINAL, ENROLMENT):
        return hashlib.sha256(_pack(decision)).digest()
    return decision.fields[0]


def retraction(decision: Record) -> Record:
    return Record(RETRACTED, (ident(decision),))


def standing(records: list[Record]) -> list[Record]:
    """`records` without decisions that were retracted, and without what is said about decisions."""
    kept: list[Record | None] = []
    last: dict[bytes, int] = {}
    for record in records:
        if record.kind == RETRACTED:
            # the same may have been decided again, or once before: only the last one before it is meant
            at = last.pop(record.fields[0], None)
            if at is not None:
                kept[at] = None
        elif record.kind != COMMITTED:
            if record.kind in DECISIONS:
                last[ident(record)] = len(kept)
            kept.append(record)
    return [record for record in kept if record is not None]


class Archive:
    """Holds no open file: every append opens, checks the tail, writes and syncs. Appends must not overlap; the
    ledger makes them inside its write transaction."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, ident: bytes) -> int:
        """A new archive for the ledger `ident`; its length. FileExistsError where there is a file already."""
        with open(self.path, "xb") as f:
            f.write(_MAGIC + ident)
            _sync(f)
        _sync_folder(self.path.parent)
        return HEADER

    def only_begun(self) -> bool:
        """Is this what `ledger new` leaves behind where it was killed before there was a database?"""
        with self._reading() as f:
            head = f.read(len(_MAGIC))
        end = HEADER
        for record, after in self.records():
            if record.kind not in (ROOT, POLICY):
                return False
            end = after
        # one record at most was torn by that: behind a longer tail there may be receipts
        return _MAGIC.startswith(head) and self.size() < end + _FRAME.size + 64

    def copy(self, path: Path) -> tuple[int, list[tuple[int, int]]]:
        """A new archive at `path` with every whole record of this one; its length, and the (start, end) of what is
        damaged here. FileExistsError as for create."""
        spans = list(self._spans())
        with self._reading() as old:
            data = old.read()
        with open(path, "xb") as f:
            f.write(data[:HEADER])
            f.writelines(data[start:end] for start, end, whole in spans if whole)
            length = f.tell()
            _sync(f)
        _sync_folder(path.parent)
        return length, [(start, end) for start, end, whole in spans if not whole]

    def _spans(self) -> Iterator[tuple[int, int, bool]]:
        """(start, end, is it a whole record?) from the first record to the end of the file."""
        size = self.size()
        with self._reading() as f:
            at = HEADER
            while at < size:
                f.seek(at)
                whole = _read_body(f) is not None
                end = f.tell() if whole else _next_whole(f, at, size)
                yield at, end, whole
                at = end

    def ident(self) -> bytes:
        """Id of the ledger this archive belongs to."""
        with self._reading() as f:
            head = f.read(HEADER)
        if len(head) != HEADER or not head.startswith(_MAGIC):
            raise HostError("not_an_archive", f"{self.path} is no ledger archive: name the right file", Exit.STORAGE)
        return head[len(_MAGIC) :]

    def records(self, start: int = HEADER) -> Iterator[tuple[Record, int]]:
        """(record, where the next begins) from byte `start` on; stops at a torn or damaged record."""
        with self._reading() as f:
            f.seek(start)
            while (body := _read_body(f)) is not None:
                yield _unpack(body), f.tell()

    def append(self, records: list[Record], since: int) -> int:
        """Every record is durable on return: the new length, to be given as `since` next time.

        What lies behind `since` was written by an append whose commit never came (or by a ledger that was since
        restored from a backup): whole records stay and are not written again, a torn one is cut off. But decisions
        there are retracted: whoever made one was told that it failed, and will have made it again. On failure
        nothing of `records` is left behind.
        """
        self._must_reach(since)
        end, there = since, list[Record]()
        for record, after in self.records(since):
            there.append(record)
            end = after
        retracted = [retraction(r) for r in standing(there) if r.kind in DECISIONS]
        known = {r for r in standing(there) if r.kind not in DECISIONS}
        data = b"".join(_pack(r) for r in dict.fromkeys(retracted + records) if r not in known)
        with self._open("r+b", _failed) as f:
            try:
                _write_at(f, end, data)
            except OSError as e:
                _undo(f, end)
                raise _failed(self.path, e) from e
        return end + len(data)

    def _must_reach(self, since: int) -> None:
        if self.size() < since:
            raise HostError("archive_short", f"{self.path} has lost records: restore it from backup", Exit.STORAGE)

    def size(self) -> int:
        """Bytes in the file, whatever they are."""
        with self._reading() as f:
            return f.seek(0, os.SEEK_END)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[BinaryIO]:
        with self._open("rb", _unreadable) as f:
            try:
                yield f
            except OSError as e:
                raise _unreadable(self.path, e) from e

    def _open(self, mode: str, failed: Callable[[Path, OSError], HostError]) -> BinaryIO:
        try:
            return open(self.path, mode)  # type: ignore[return-value]
        except FileNotFoundError as e:
            raise HostError("archive_missing", f"no archive at {self.path}: restore it", Exit.STORAGE) from e
        except OSError as e:
            raise failed(self.path, e) from e


def _pack(record: Record) -> bytes:
    body = bytes([record.kind]) + b"".join(len(f).to_bytes(4, "big") + f for f in record.fields)
    return _FRAME.pack(_MARK, len(body), zlib.crc32(body)) + body


def _unpack(body: bytes) -> Record:
    fields, at = [], 1
    while at < len(body):
        end = at + 4 + int.from_bytes(body[at : at + 4], "big")
        fields.append(body[at + 4 : end])
        at = end
    return Record(body[0], tuple(fields))


def _read_body(f: BinaryIO) -> bytes | None:
    head = f.read(_FRAME.size)
    if len(head) < _FRAME.size:
        return None
    mark, length, crc = _FRAME.unpack(head)
    if mark != _MARK or not length:
        return None
    body = f.read(length)
    return body if len(body) == length and zlib.crc32(body) == crc else None


def _next_whole(f: BinaryIO, bad: int, size: int) -> int:
    """Where the next whole record begins behind the bad one at `bad`; `size` for nowhere."""
    with mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ) as data:
        # its length first: what looks like a record within it was written by whoever gave it
        mark, length, _ = _FRAME.unpack(data[bad : bad + _FRAME.size].ljust(_FRAME.size, b"\0"))
        at = bad + _FRAME.size + length
        if mark != _MARK or not _whole_at(f, at):
            at = data.find(_MARK, bad + 1)
            while at >= 0 and not _whole_at(f, at):
                at = data.find(_MARK, at + 1)
    return size if at < 0 else at


def _whole_at(f: BinaryIO, at: int) -> bool:
    f.seek(at)
    return _read_body(f) is not None


def _write_at(f: BinaryIO, end: int, data: bytes) -> None:
    f.truncate(end)
    f.seek(end)
    f.write(data)
    _sync(f)


def _undo(f: BinaryIO, end: int) -> None:
    # the next append cuts the tail as well: this is only tidier
    with contextlib.suppress(OSError):
        f.truncate(end)


def _sync(f: BinaryIO) -> None:
    f.flush()
    os.fsync(f.fileno())


def _sync_folder(folder: Path) -> None:
    with contextlib.suppress(OSError):  # Windows opens no folder
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _failed(path: Path, e: OSError) -> HostError:
    return HostError(
        "archive_failed", f"cannot write {path} ({e.strerror}): nothing was taken, try again", Exit.STORAGE
    )


def _unreadable(path: Path, e: OSError) -> HostError:
    line = f"cannot read {path} ({e.strerror}): check that it is the archive file, its rights and its disk"
    return HostError("archive_unreadable", line, Exit.STORAGE)
