"""Money: one debit a payment, whatever carries it.

- Debit: passenger's pass account; credit: the airline's sales. Once a payment, by (issuer kid, cti, seq).
- A payment that several sound receipts carry is debited for the earliest of them by receipt time (then terminal kid,
  number, hash), its holder; the others are `replay`: debit the airline's loss account, credit its sales.
- A cancelled sale (voids.py) has no postings, be it the holder or a replay. The holder stays the holder: the payment
  is spent, and a replay of it is the airline's loss as before. Whoever sells again asks for another payment.
- A sale that went over what its pass or issuer allows (limits.py) is debited like any other. What is left of the debit
  is then moved from the passenger to who bears overspends, where the ledger's policy names somebody else.
- A refund debits the airline's sales and credits the pass account, while there is a debit to give back: where a void
  or a cheaper holder comes in after it, what went beyond the debit is taken back.

Postings that no longer hold are reversed and made anew: nothing is ever overwritten.
"""

from collections import defaultdict
from collections.abc import Iterable
from typing import TypeVar

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cabinpay.wire import receipts

from . import limits
from .beyond import Shown, shown
from .bulk import ENTRY, POSTING, insert
from .db import next_id
from .flags import Flags
from .models import (
    ISSUER,
    OVERSPEND,
    PASSENGER,
    PENDING,
    REFUND,
    REPLAY,
    REVERSAL,
    SALE,
    SOUND,
    Entry,
    Meta,
    Posting,
    ReceiptRow,
    Refund,
    Settlement,
    Terminal,
)
from .pairs import among

PaymentKey = tuple[bytes, bytes, int]


def pass_account(issuer_kid: bytes, cti: bytes) -> str:
    return f"passenger:{issuer_kid.hex()}:{cti.hex()}"


def sales_account(airline: str) -> str:
    return f"sales:{airline}"


def loss_account(airline: str) -> str:
    return f"loss:{airline}"


def issuer_account(issuer_kid: bytes) -> str:
    return f"issuer:{issuer_kid.hex()}"


def payment_of(row: ReceiptRow) -> PaymentKey | None:
    if row.issuer_kid is None or row.cti is None or row.seq is None:
        return None
    return row.issuer_kid, row.cti, row.seq


class Settling:
    """known: by receipt id, what was just judged: only saves reading it again."""

    def __init__(self, session: Session, flags: Flags, now: int, known: dict[int, Shown]) -> None:
        self.session = session
        self.known = known
        self.flags = flags
        self.now = now
        self.airlines = {t.kid: t.airline for t in session.execute(select(Terminal.kid, Terminal.airline))}
        self.bearer = session.scalars(select(Meta.overspend)).one()
        # rows in thousands, which nothing here reads again: written in bulk
        self._entries: list[tuple[object, ...]] = []
        self._postings: list[tuple[object, ...]] = []

    def run(self, sales: list[ReceiptRow]) -> None:
        """Brings the postings of every payment that `sales` carry to what is held now."""
        keys = {key for row in sales if (key := payment_of(row)) is not None}
        if not keys:
            return
        self.session.flush()
        carriers, settled, refunds = self._carriers(keys), self._settled(keys), self._refunds(keys)
        self.flags.load(row.id for rows in carriers.values() for row in rows)
        for key in sorted(keys):
            holder = self._share(carriers[key])
            self._settle(settled.get(key), key, holder)
            debit = holder.amount if holder is not None and holder.voided_by is None else 0
            self._refund(refunds[key], debit or 0)
        self.session.flush()
        self._limit({key[:2] for key in keys})
        self._write()

    def _limit(self, passes: set[tuple[bytes, bytes]]) -> None:
        spent = list(limits.overspent(self.session, passes))
        self.flags.load(row.id for _, row, _ in spent)
        for settlement, row, detail in spent:
            self.flags.put(row.id, ("over_limit",), {"over_limit": detail} if detail else {})
            moves = detail and self.bearer != PASSENGER
            self._bear(settlement, row, settlement.amount - self._given_back(settlement) if moves else 0)

    def _share(self, rows: list[ReceiptRow]) -> ReceiptRow | None:
        """Books each receipt of one payment as what it is; the payment's holder."""
        sound = sorted((row for row in rows if _counts(row)), key=_rank)
        holder = sound[0] if sound else None
        for row in rows:
            replays = row in sound and row is not holder
            told = f"paid by {holder.terminal_kid.hex()} number {holder.number}" if holder and replays else ""
            self.flags.put(row.id, ("replay",), {"replay": told} if replays else {})
            if row is not holder:
                self.flags.put(row.id, ("over_limit",), {})
            posted = row in sound and row.voided_by is None
            self._book(row, (REPLAY if replays else SALE) if posted else None)
        return holder

    def _book(self, row: ReceiptRow, wanted: str | None) -> None:
        if row.booked == wanted:
            return
        if row.booked is not None:
            self._reverse(row, (Entry.receipt_id == row.id) & Entry.refund_id.is_(None) & (Entry.kind != OVERSPEND))
        if wanted is not None:
            airline = self.airlines[row.terminal_kid]
            assert row.amount is not None
            bearer = _pass_account(row) if wanted == SALE else loss_account(airline)
            self._entry(row, wanted, [(bearer, row.amount), (sales_account(airline), -row.amount)])
        row.booked = wanted

    def _settle(self, standing: Settlement | None, key: PaymentKey, holder: ReceiptRow | None) -> None:
        moves = standing is not None and (holder is None or standing.receipt_id != holder.id)
        if standing is not None and moves:
            self._bear(standing, self.session.get_one(ReceiptRow, standing.receipt_id), 0)
        if holder is None:
            if standing is not None:
                self.session.delete(standing)
            return
        if standing is None:
            standing = Settlement(issuer_kid=key[0], cti=key[1], seq=key[2], borne=0)
        if standing.receipt_id != holder.id:
            assert holder.amount is not None and holder.currency is not None
            standing.receipt_id, standing.amount, standing.currency = holder.id, holder.amount, holder.currency
            said = self.known.get(holder.id) or shown(self.session, holder)
            _, standing.limit_total, standing.limit_sale, standing.limit_count = said.claims.limits
        standing.voided = holder.voided_by is not None
        self.session.add(standing)

    def _bear(self, settlement: Settlement, row: ReceiptRow, wanted: int) -> None:
        """Moves what the bearer of overspends bears of this debit to `wanted`."""
        more = wanted - settlement.borne
        if more:
            airline = self.airlines[row.terminal_kid]
            bearer = issuer_account(settlement.issuer_kid) if self.bearer == ISSUER else loss_account(airline)
            passenger = pass_account(settlement.issuer_kid, settlement.cti)
            self._entry(row, OVERSPEND, [(bearer, more), (passenger, -more)])
            settlement.borne += more

    def _given_back(self, settlement: Settlement) -> int:
        key = settlement.issuer_kid, settlement.cti, settlement.seq
        return sum(r.posted for r in self._refunds({key})[key])

    def _refund(self, refunds: list[Refund], debit: int) -> None:
        for refund in refunds:
            stands = min(refund.amount, debit)
            debit -= stands
            if refund.posted != stands:
                self._post_refund(refund, stands)

    def _post_refund(self, refund: Refund, stands: int) -> None:
        row = self.session.get_one(ReceiptRow, refund.receipt_id)
        if refund.posted:
            self._reverse(row, Entry.refund_id == refund.id)
        if stands:
            sales = sales_account(self.airlines[row.terminal_kid])
            self._entry(row, REFUND, [(sales, stands), (_pass_account(row), -stands)], refund.id)
        refund.posted = stands

    def _reverse(self, row: ReceiptRow, which: ColumnElement[bool]) -> None:
        self.session.flush()
        self._write()
        entry = self.session.scalars(select(Entry).where(which).order_by(Entry.id.desc()).limit(1)).one()
        self._entry(row, REVERSAL, [(p.account, -p.amount) for p in entry.postings], entry.refund_id)

    def _entry(self, row: ReceiptRow, kind: str, postings: list[tuple[str, int]], refund_id: int | None = None) -> None:
        ident = next_id(self.session, Entry)
        self._entries.append((ident, row.id, refund_id, kind, self.now))
        for account, amount in postings:
            self._postings.append((next_id(self.session, Posting), ident, account, amount, row.currency))

    def _write(self) -> None:
        if self._entries:
            self.session.flush()
            insert(self.session, Entry, ENTRY, self._entries)
            insert(self.session, Posting, POSTING, self._postings)
            self._entries, self._postings = [], []

    def _carriers(self, keys: set[PaymentKey]) -> defaultdict[PaymentKey, list[ReceiptRow]]:
        paid = among(ReceiptRow.issuer_kid, ReceiptRow.cti, [key[:2] for key in keys])
        found = self.session.scalars(select(ReceiptRow).where(paid, ReceiptRow.kind == receipts.SALE))
        return _by_payment(keys, ((payment_of(row), row) for row in found))

    def _settled(self, keys: set[PaymentKey]) -> dict[PaymentKey, Settlement]:
        paid = among(Settlement.issuer_kid, Settlement.cti, [key[:2] for key in keys])
        found = self.session.scalars(select(Settlement).where(paid))
        return {key: s for s in found if (key := (s.issuer_kid, s.cti, s.seq)) in keys}

    def _refunds(self, keys: set[PaymentKey]) -> defaultdict[PaymentKey, list[Refund]]:
        paid = among(Refund.issuer_kid, Refund.cti, [key[:2] for key in keys])
        found = self.session.scalars(select(Refund).where(paid).order_by(Refund.id))
        return _by_payment(keys, (((r.issuer_kid, r.cti, r.seq), r) for r in found))


T = TypeVar("T")


def _by_payment(
    keys: set[PaymentKey], pairs: Iterable[tuple[PaymentKey | None, T]]
) -> defaultdict[PaymentKey, list[T]]:
    """Of `pairs`, what belongs to one of these payments."""
    found: defaultdict[PaymentKey, list[T]] = defaultdict(list)
    for key, item in pairs:
        if key is not None and key in keys:
            found[key].append(item)
    return found


def _counts(row: ReceiptRow) -> bool:
    """One that is only being judged again, with more evidence, keeps its place meanwhile."""
    return row.state == SOUND or (row.state == PENDING and row.booked is not None)


def _pass_account(row: ReceiptRow) -> str:
    assert row.issuer_kid is not None and row.cti is not None
    return pass_account(row.issuer_kid, row.cti)


def _rank(row: ReceiptRow) -> tuple[int | None, bytes, int, bytes]:
    return row.time, row.terminal_kid, row.number, row.sha256
