"""A terminal with a flight's receipts and the ledger that it is synced into, from the same files for each case; and
what both must have come to in the end."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import select

import world
from cabinpay.agent.session import Session
from cabinpay.wire import cose
from cabinpay.wire.receipts import NOTE, read_receipt
from cabinpay.wire.trust import ACK, PULL, TIME
from cabinpay_host import codec, keys
from cabinpay_host.acks import Signed
from cabinpay_host.errors import HostError
from cabinpay_host.ledger import audit, views
from cabinpay_host.ledger.models import ReceiptRow
from cabinpay_host.ledger.store import Ledger
from cabinpay_host.link import Link
from cabinpay_host.sync import Ground, Report, synchronise
from faults.cable import Cable, PowerCut
from host.verdict_cases import Sodium
from support import seed

SALES = 5
GROUND = [world.ground_entry("laptop", PULL | TIME), world.ground_entry("books", ACK)]
# More than one fault can make of it: a late login makes the right one wait
MOST = 8


def bundle(version: int) -> bytes:
    return world.bundle(version=version, ground=GROUND)


class Flash(world.FolderFiles):
    """A terminal's files, whose power fails in the operation number `dies` (1: the first). What was not flushed by
    then is lost: open files are kept from being closed, and so from being written."""

    lost: ClassVar[list[Any]] = []

    def __init__(self, folder: str, dies: int = 0, before: Callable[[], None] = lambda: None) -> None:
        super().__init__(folder)
        self.operations = 0
        self.dies = dies
        self._before = before

    def step(self) -> None:
        self._before()
        self.operations += 1
        if self.operations == self.dies:
            raise PowerCut

    def open(self, name: str, mode: str) -> Any:
        if mode != "rb":
            self.step()
        f = super().open(name, mode)
        if mode == "rb":
            return f
        self.lost.append(f)
        return _Watched(f, self)

    def rename(self, old: str, new: str) -> None:
        self.step()
        super().rename(old, new)

    def remove(self, name: str) -> None:
        self.step()
        super().remove(name)


class _Watched:
    def __init__(self, f: Any, flash: Flash) -> None:
        self._f = f
        self._flash = flash
        self.read, self.seek = f.read, f.seek

    def write(self, data: Any) -> Any:
        try:
            self._flash.step()
        except PowerCut:
            self._f.write(bytes(data)[: len(data) // 2])
            self._f.flush()  # torn: half of it got there
            raise
        return self._f.write(data)

    def flush(self) -> None:
        self._flash.step()
        self._f.flush()

    def close(self) -> None:
        self._flash.step()
        self._f.close()

    def __enter__(self) -> _Watched:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is None:
            self.close()


class Stage:
    """Both sides in `folder`, made once; `fresh` gives each case copies of its own."""

    def __init__(self, folder: Path) -> None:
        world.ed25519 = Sodium
        self.folder = folder
        (folder / "first" / "flash").mkdir(parents=True)
        made = world.World(world.FolderFiles(str(folder / "first" / "flash")), crypto=Sodium())
        made.terminal.provision(bytes(32), [world.public(root) for root in world.ROOTS], world.LABEL, "")
        made.terminal.install(bundle(7))
        with Ledger.create(*_books(folder / "first"), roots=[world.public(root) for root in world.ROOTS]) as ledger:
            ledger.add_bundle(bundle(7))
            ledger.add_bundle(bundle(8))
            ledger.add_terminal(made.terminal.keys.public, world.LABEL, world.AIRLINE)
        made.terminal.set_time(world.NOW, b"t" * 150)
        made.terminal.open_shift("4711", world.FLIGHT, world.DAY)
        for seq in range(1, SALES + 1):
            assert made.pay(world.quick(seq=seq), [[1, 1, 100 * seq]]) == "approved"
        made.terminal.void(made.terminal.journal.number, 1)
        made.terminal.close_shift()
        made.files.close()

    def fresh(self) -> Path:
        case = self.folder / "case"
        shutil.rmtree(case, ignore_errors=True)
        return Path(shutil.copytree(self.folder / "first", case))


def terminal(case: Path, dies: int = 0, before: Callable[[], None] = lambda: None) -> world.World:
    flash = Flash(str(case / "flash"), 0, before)
    booted = world.World(flash, crypto=Sodium())
    flash.operations, flash.dies = 0, dies
    return booted


def opened(case: Path) -> Ledger:
    return Ledger.open(*_books(case), clock=lambda: world.NOW)


def sync(cable: Cable, ledger: Ledger, at: world.World) -> Report:
    laptop, books = (keys.Key(role, world.public(name), seed(name)) for role, name in
                     (("ground", "laptop"), ("ledger", "books")))  # fmt: skip
    ground = Ground(ledger, laptop, Signed(ledger, books), (8, bundle(8)), lambda: world.NOW + at.seconds)
    return synchronise(Link(cable), ground)


def finish(case: Path, cable: Cable, at: world.World | None = None) -> Any:
    """Syncs again until it is through, as ground crew do; what both sides hold then."""
    at = at or terminal(case)
    with opened(case) as ledger:
        held = ledger.custody(at.terminal.keys.kid)
        assert at.terminal.journal.acked <= (held[0] if held else 0), "acknowledged, and not held"
        for _ in range(MOST):
            try:
                report = sync(cable.plug(Session(at.terminal)), ledger, at)
                break
            except HostError:
                at.seconds += 64
        journal = at.terminal.journal
        assert report.acked == report.number == journal.acked == journal.number
        with ledger.reading() as session:
            (holding,) = views.holdings(session)
        assert holding.held == holding.receipts == journal.number
        return state(ledger)


def state(ledger: Ledger) -> Any:
    """Everything that must be the same, however it came about; but for notes: a terminal whose power failed tells once
    more that its clock was set."""
    with ledger.reading() as session:
        assert audit.verify(session, ledger.archive) == []
        rows = session.execute(select(ReceiptRow.number, ReceiptRow.raw).order_by(ReceiptRow.number))
        found = [(number, hashlib.sha256(raw).hexdigest()) for number, raw in rows if not _is_note(raw)]
        flags = [(e.number, e.code) for e in views.exceptions(session)]
        return found, views.balances(session), flags


def _is_note(raw: bytes) -> bool:
    return read_receipt(cose.parse(raw, codec).payload, codec).kind == NOTE


def _books(case: Path) -> tuple[str, Path]:
    return f"sqlite:///{case}/ledger.db", case / "archive"


