"""Who says to a terminal that the ledger holds its receipts: the ledger's own key, or acks that it signed before and a
laptop carries."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cabinpay.wire import cose, messages

from . import codec, files
from .errors import Exit, HostError
from .keys import Key
from .ledger import views
from .ledger.store import Ledger

MAX_ACK = 240


class Acks(Protocol):
    def of(self, terminal_kid: bytes) -> bytes | None:
        """A signed ack for this terminal, COSE bytes, or None where there is none."""


@dataclass(frozen=True)
class Signed:
    """By the ledger's key, over what it holds at that moment."""

    ledger: Ledger
    key: Key

    def of(self, terminal_kid: bytes) -> bytes | None:
        held = self.ledger.custody(terminal_kid)
        if held is None:
            return None
        return self.key.sign(messages.ack(terminal_kid, *held, self.ledger.id, codec), cose.AAD_ACK)


@dataclass(frozen=True)
class Carried:
    """From a folder of files KID.ack that `write` has made."""

    folder: Path

    def __post_init__(self) -> None:
        if not self.folder.is_dir():
            line = f"{self.folder} is no folder of acks: make one with cabinpay ledger acks"
            raise HostError("file_missing", line, Exit.INPUT)

    def of(self, terminal_kid: bytes) -> bytes | None:
        path = _place(self.folder, terminal_kid)
        return files.read(path, MAX_ACK) if path.exists() else None


def write(folder: Path, ledger: Ledger, key: Key) -> int:
    """Signs an ack for each terminal of which the ledger holds something, for laptops to carry; how many."""
    files.make_folder(folder)
    with ledger.reading() as session:
        terminals = [holding.kid for holding in views.holdings(session)]
    signing = Signed(ledger, key)
    signed = [(kid, ack) for kid in terminals if (ack := signing.of(kid)) is not None]
    for kid, ack in signed:
        files.replace(_place(folder, kid), ack)
    return len(signed)


def _place(folder: Path, terminal_kid: bytes) -> Path:
    return folder / f"{terminal_kid.hex()}.ack"
