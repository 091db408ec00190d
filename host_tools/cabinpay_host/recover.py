"""Receipts of a dead terminal: from an image of its flash into the ledger, as a sync would have brought them.

What its files hold and whatever else lies in the raw flash, found by magic and checksum, is taken alike: old copies are
known to the ledger already. Only what a registered terminal signed goes in; what is missing below shows there as gaps.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

from cabinpay.wire import cose
from cabinpay.wire.errors import WireError

from . import codec, flash_image
from .errors import Exit, HostError
from .ledger.models import Terminal
from .ledger.store import Ledger
from .link import Item
from .proven import proven

# Chips of 16 MB are the largest on these boards
MAX_IMAGE = 16 << 20


@dataclass(frozen=True)
class Recovered:
    """What came of one terminal. label: "" where the ledger does not know it, and then nothing was taken; found:
    receipts in the image, refused: those that it did not sign, or whose evidence is another's; new: to the ledger;
    number: the highest; exceptions: (number, code) that stand open on it all, gaps among them."""

    kid: bytes
    label: str
    found: int
    refused: int
    new: int
    number: int
    exceptions: tuple[tuple[int, str], ...]


def recover(image: bytes, ledger: Ledger) -> list[Recovered]:
    """Takes what `image` holds, a raw flash or a littlefs image at any offset; HostError where that is nothing."""
    by_terminal: dict[bytes, dict[Item, None]] = {}
    for record in records(image):
        if record.type == flash_image.RECEIPT and (kid := _signer(record.signed)):
            item = record.number, record.signed, record.evidence
            by_terminal.setdefault(kid, {})[item] = None
    if not by_terminal:
        line = "There is no receipt in this image. Is it the whole flash, and not encrypted?"
        raise HostError("no_receipts", line, Exit.INPUT)
    return [_take(ledger, kid, list(items)) for kid, items in sorted(by_terminal.items())]


def records(image: bytes) -> Iterator[flash_image.Record]:
    """Every whole record, of files as far as they can be read, and of what lies beside them."""
    for name, data in flash_image.read(image).files.items():
        if name.startswith((flash_image.JOURNAL, flash_image.QUARANTINE)):
            with suppress(ValueError):  # what is whole behind the damage is carved
                yield from flash_image.records(data)
    yield from flash_image.carve(image)


def _signer(signed: bytes) -> bytes | None:
    try:
        return cose.parse(signed, codec).kid
    except WireError:
        return None


def _take(ledger: Ledger, kid: bytes, items: list[Item]) -> Recovered:
    with ledger.reading() as session:
        terminal = session.get(Terminal, kid)
        label, public = (terminal.label, terminal.public_key) if terminal else ("", b"")
    good = [item for item in items if terminal and proven(item, public)]
    numbers = [number for number, _, _ in good]
    new = ledger.take(kid, good, "recovered").new if good else 0
    flags = tuple(ledger.standing(kid, 1, max(numbers))) if good else ()
    return Recovered(kid, label, len(items), len(items) - len(good), new, max(numbers, default=0), flags)
