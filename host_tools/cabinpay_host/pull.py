"""Receipts from a link into the ledger, committed in batches while the next one streams."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import takewhile

from sqlalchemy import select

from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import Receipt, Sale, Void

from .errors import HostError
from .ledger.custody import BEGINNING, Given
from .ledger.models import ReceiptRow
from .ledger.reading import receipt_of
from .ledger.store import Ledger
from .link import Hello, Item, Link
from .proven import proven

# A branch that begins lower than the ledger thought is pulled again from its beginning: more often than this would
# be a terminal that changes its story while it tells it
ROUNDS = 4

# (receipts pulled, how many there are)
Progress = Callable[[int, int], None]


class Pull:
    """number, head: the terminal's last; new: receipts not in the ledger before, sums: their sales less what was
    cancelled, by currency."""

    def __init__(self, link: Link, ledger: Ledger, hello: Hello, progress: Progress) -> None:
        self._link = link
        self._ledger = ledger
        self._kid = hello.kid
        self._key = hello.public_key
        self._progress = progress
        self._begun = 0
        self.number = 0
        self.head = b""
        self.new = 0
        self.sums: dict[int, int] = {}
        self._lowest = 0

    @property
    def exceptions(self) -> list[tuple[int, str]]:
        """(number, code) of what stands open now on what was pulled: a later batch may have cleared some."""
        return self._ledger.standing(self._kid, self._lowest, self.number) if self._lowest else []

    def run(self) -> None:
        """Everything that the ledger does not hold. Where it raises, what came before is in the ledger all the same."""
        first = self._begun = self._ledger.next_number(self._kid)
        for _ in range(ROUNDS):
            past = self._from(first)
            if self._on_another_branch(first):
                self._from(1)
                return
            following = self._ledger.next_number(self._kid)
            if following >= past:
                return
            # custody did not move: the terminal does not hold what comes next, and has to say so from its beginning
            first = 1 if following == first else following

    def _on_another_branch(self, first: int) -> bool:
        """Did the terminal give nothing new, and yet hold something else than the ledger does? It has lost receipts, or
        is a copy of itself; what it holds instead is pulled from its beginning."""
        held = self._ledger.custody(self._kid)
        return held is not None and self.number < first and (self.number, self.head) != held

    def _from(self, first: int) -> int:
        """Pulls from `first` to the terminal's end; the number after the last one it gave."""
        after = BEGINNING if first == 1 else None
        with ThreadPoolExecutor(1) as clerk:
            keeping: Future[None] | None = None
            while items := self._batch(first, clerk):
                if keeping:
                    keeping.result()
                keeping = clerk.submit(self._keep, items, after)
                after = items[-1][0], hashlib.sha256(items[-1][1]).digest()
                first = items[-1][0] + 1
                if first > self.number:
                    break
            if keeping:
                keeping.result()
        return first

    def _batch(self, first: int, clerk: ThreadPoolExecutor) -> list[Item]:
        """What comes for one request; where the link fails, what proved itself until then is kept all the same."""
        items = _Coming(lambda number: self._progress(number - self._begun + 1, self._total()))
        try:
            self.number, self.head = self._link.pull(first, items)
        except HostError:
            sound = list(takewhile(lambda item: proven(item, self._key), items))
            clerk.submit(self._keep, sound, None)
            raise
        return items

    def _total(self) -> int:
        return max(0, self.number - self._begun + 1)

    def expect(self, number: int) -> None:
        """The terminal's last receipt, as far as it is known before the first of them comes."""
        self.number = number

    def _keep(self, items: list[Item], after: Given | None) -> None:
        if items:
            self._add_up(items)
            self.new += self._ledger.take(self._kid, items, "sync", after).new
            self._lowest = min(self._lowest or items[0][0], items[0][0])

    def _add_up(self, items: list[Item]) -> None:
        found = {hashlib.sha256(raw).digest(): raw for _, raw, _ in items}
        receipts = {sha256: _read(raw) for sha256, raw in found.items()}
        cancelled = [r.sale for r in receipts.values() if isinstance(r, Void)]
        held = self._held([*found, *cancelled])
        for sha256, receipt in receipts.items():
            if sha256 in held:
                continue
            if isinstance(receipt, Sale):
                self._add(receipt, 1)
            elif isinstance(receipt, Void):
                sale = receipts.get(receipt.sale) or _read(held.get(receipt.sale, b""))
                self._add(sale, -1)

    def _add(self, sale: Receipt | None, sign: int) -> None:
        if isinstance(sale, Sale):
            amount, currency = sale.amount
            self.sums[currency] = self.sums.get(currency, 0) + sign * amount

    def _held(self, hashes: list[bytes]) -> dict[bytes, bytes]:
        """Of these receipts those that the ledger holds, by SHA-256."""
        query = select(ReceiptRow.sha256, ReceiptRow.raw).where(
            ReceiptRow.terminal_kid == self._kid, ReceiptRow.sha256.in_(hashes)
        )
        with self._ledger.reading() as session:
            return {row.sha256: row.raw for row in session.execute(query)}


class _Coming(list[Item]):
    """Items as they come, and who is told."""

    def __init__(self, came: Callable[[int], None]) -> None:
        super().__init__()
        self._came = came

    def append(self, item: Item) -> None:
        super().append(item)
        self._came(item[0])


def _read(raw: bytes) -> Receipt | None:
    try:
        return receipt_of(raw)[1]
    except WireError:
        return None
