"""Writes down a delivery that was judged ahead: each row once, in bulk, with all that follows from it.

That is so for a sale whose payment nobody else carries, within its pass's limits, not cancelled, with nothing given
back. About any other sale there is more to decide, and a void decides about others: those are written as they are, and
book.py states anew what hangs on them, as it does for everything that comes the general way. The books end alike by
either way; the general one reads more, and writes a receipt three times.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import bindparam, exists, select, update
from sqlalchemy.orm import Session

from . import archive as arc
from . import beyond, book, limits
from .ahead import BASIS, Basis, Sound
from .beyond import Shown, Sold
from .bulk import ENTRY, EVIDENCE, POSTING, insert, matching
from .db import ask, next_ids
from .flags import Flags
from .intake import Item
from .models import SALE, SOUND, Entry, EvidenceRow, Posting, ReceiptRow, Settlement, Terminal
from .pending import WAITING
from .rules import Rules, load_rules
from .settle import pass_account, sales_account

_HEAD = "id", "terminal_kid", "number", "sha256", "raw", "received", "source", "previous", "streamed", "anchored"
_JUDGED = "state", "revision", "word", "kind", "time", "shift"
_SOLD = "mode", "amount", "currency", "issuer_kid", "cti", "seq", "evidence_sha256", "booked"
_RECEIPT = (*_HEAD, *_JUDGED, *_SOLD, "target")
_NO_SALE = (None,) * len(_SOLD)

# (issuer kid, cti)
_Pass = tuple[bytes, bytes]
# (seq, amount, voided) of a settlement
_Held = tuple[int, int, bool]


class Delivery(NamedTuple):
    """What a terminal gave, by number, as it was judged ahead; basis: what that hangs on."""

    basis: Basis
    items: list[Item]
    sound: list[Sound]


class Kept(NamedTuple):
    """new: ids of the receipts; open: exceptions may stand open on them; waiting: some receipts wait for judgement."""

    new: range
    records: list[arc.Record]
    open: bool
    waiting: bool


class Debit(NamedTuple):
    """A row of settlements."""

    issuer_kid: bytes
    cti: bytes
    seq: int
    receipt_id: int
    amount: int
    currency: int
    limit_total: int
    limit_sale: int
    limit_count: int
    voided: bool = False
    borne: int = 0


_SETTLED = "SELECT cti, seq, amount, voided FROM settlements WHERE issuer_kid = {} AND cti {}"
_REFUNDED = "SELECT cti FROM refunds WHERE issuer_kid = {} AND cti {}"
_CANCELLED = "SELECT target FROM receipts WHERE terminal_kid = {} AND target {}"


class _Given(NamedTuple):
    """A receipt of the delivery."""

    id: int
    number: int
    raw: bytes
    evidence: bytes
    sound: Sound


# Does a terminal hold anything above a number; does any receipt wait for judgement; and what it was judged by
_FACTS = select(
    Terminal.airline,
    exists().where(ReceiptRow.terminal_kid == bindparam("kid"), ReceiptRow.number > bindparam("number")),
    exists().where(WAITING),
    *BASIS,
).where(Terminal.kid == bindparam("kid"))
_MOVE = (
    update(Terminal)
    .where(Terminal.kid == bindparam("at"))
    .values(held_number=bindparam("number"), held_head=bindparam("head"))
)


def keep(session: Session, kid: bytes, delivery: Delivery, source: str, now: int) -> Kept | None:
    """None, and nothing is written, where what `delivery` was judged by does not hold any more."""
    since = delivery.basis
    airline, above, waiting, *basis = ask(session, _FACTS, {"kid": kid, "number": since.number}).one()
    if above or Basis(*basis) != since:
        return None
    given = _given(next_ids(session, ReceiptRow, len(delivery.items)), delivery)
    rules = load_rules(session)[airline]
    debits = _debits(session, kid, rules, given)
    _write_receipts(session, kid, given, debits, (now, source[:160]))
    _write_money(session, airline, debits, now)
    session.connection().execute(_MOVE, {"at": kid, "number": given[-1].number, "head": given[-1].sound.sha256})
    flagged = _flag(session, Flags(session, now), kid, rules, [g for g in given if g.id in debits])
    rest = [g for g in given if (g.sound.shown or g.sound.target) and g.id not in debits]
    if rest:
        _state(session, rest, now)
    records = [arc.receipt_record(arc.RECEIPT, kid, g.number, g.raw, g.evidence) for g in given]
    return Kept(range(given[0].id, given[-1].id + 1), records, flagged or bool(rest), bool(waiting))


def _given(idents: range, delivery: Delivery) -> list[_Given]:
    rows = zip(idents, delivery.items, delivery.sound, strict=True)
    return [_Given(i, *item, sound) for i, item, sound in rows]


def _debits(session: Session, kid: bytes, rules: Rules, given: list[_Given]) -> dict[int, Debit]:
    """By receipt id, of sales about which nothing else is to be decided."""
    by_pass: defaultdict[_Pass, list[tuple[int, _Given]]] = defaultdict(list)
    for one in given:
        shown = one.sound.shown
        if shown is not None:
            assert one.sound.issuer_kid is not None
            by_pass[one.sound.issuer_kid, shown.claims.cti].append((shown.seq, one))
    others = _cancelled(session, kid, given) | _refunded(session, by_pass)
    held = _held(session, by_pass)
    found: list[Debit] = []
    for key, sales in by_pass.items():
        if key not in others and others.isdisjoint([one.sound.sha256 for _, one in sales]):
            found += _of_pass(key, sorted(sales, key=lambda s: s[0]), held[key], rules)
    return {debit.receipt_id: debit for debit in found}


def _of_pass(key: _Pass, sales: list[tuple[int, _Given]], held: list[_Held], rules: Rules) -> list[Debit]:
    """The debits of a pass, by seq; none where they are not all plain. held: what it has spent."""
    count, total = len(held), sum(amount for _, amount, voided in held if not voided)
    last = max((seq for seq, _, _ in held), default=0)
    found = []
    for seq, one in sales:
        shown = one.sound.shown
        assert shown is not None
        amount, currency = shown.amount, shown.currency
        _, in_all, per_sale, often = shown.claims.limits
        allowed, caps = (in_all, per_sale, often), rules.issuers[key[0], currency]
        count, total = count + 1, total + amount
        if seq <= last or limits.over(amount, allowed, caps, count, total):
            return []
        last = seq
        found.append(Debit(*key, seq, one.id, amount, currency, *allowed))
    return found


def _held(session: Session, passes: Iterable[_Pass]) -> defaultdict[_Pass, list[_Held]]:
    found: defaultdict[_Pass, list[_Held]] = defaultdict(list)
    for issuer_kid, ctis in _by_issuer(passes).items():
        for row in matching(session, _SETTLED, issuer_kid, ctis):
            found[issuer_kid, row.cti].append((row.seq, row.amount, row.voided))
    return found


def _refunded(session: Session, passes: Iterable[_Pass]) -> set[Any]:
    by_issuer = _by_issuer(passes).items()
    return {(kid, cti) for kid, ctis in by_issuer for (cti,) in matching(session, _REFUNDED, kid, ctis)}


def _by_issuer(passes: Iterable[_Pass]) -> defaultdict[bytes, list[bytes]]:
    found: defaultdict[bytes, list[bytes]] = defaultdict(list)
    for issuer_kid, cti in passes:
        found[issuer_kid].append(cti)
    return found


def _cancelled(session: Session, kid: bytes, given: list[_Given]) -> set[Any]:
    """SHA-256 of the sales that some void names, here or held before."""
    hashes = [one.sound.sha256 for one in given if one.sound.shown is not None]
    here = {one.sound.target for one in given if one.sound.target is not None}
    return here.union(sale for (sale,) in matching(session, _CANCELLED, kid, hashes))


def _write_receipts(
    session: Session, kid: bytes, given: list[_Given], debits: dict[int, Debit], came: tuple[int, str]
) -> None:
    rows = [_receipt(one, kid, came, SALE if one.id in debits else None) for one in given]
    insert(session, ReceiptRow, _RECEIPT, rows)
    proofs = [one for one in given if one.evidence]
    idents = next_ids(session, EvidenceRow, len(proofs))
    held = [(i, one.id, _evidence_hash(one), one.evidence, False) for i, one in zip(idents, proofs, strict=True)]
    insert(session, EvidenceRow, EVIDENCE, held)


def _evidence_hash(one: _Given) -> bytes:
    """What is no sale has none to show, and keeps what it was given with."""
    return one.sound.evidence_sha256 or hashlib.sha256(one.evidence).digest()


def _receipt(one: _Given, kid: bytes, came: tuple[int, str], booked: str | None) -> tuple[Any, ...]:
    sha256, previous, kind, time, shift, target, evidence, issuer_kid, shown = one.sound
    head = one.id, kid, one.number, sha256, one.raw, *came, previous, True, True, SOUND, 0, True, kind, time, shift
    if shown is None:
        return (*head, *_NO_SALE, target)
    sold = shown.mode, shown.amount, shown.currency, issuer_kid, shown.claims.cti, shown.seq, evidence, booked, None
    return (*head, *sold)


def _write_money(session: Session, airline: str, debits: dict[int, Debit], now: int) -> None:
    insert(session, Settlement, Debit._fields, list(debits.values()))
    entries = list(zip(next_ids(session, Entry, len(debits)), debits.values(), strict=True))
    insert(session, Entry, ENTRY, [(i, debit.receipt_id, None, SALE, now) for i, debit in entries])
    earned = sales_account(airline)
    accounts = {debit[:2]: pass_account(debit.issuer_kid, debit.cti) for debit in debits.values()}
    moves = [
        (i, account, amount, debit.currency)
        for i, debit in entries
        for account, amount in ((accounts[debit[:2]], debit.amount), (earned, -debit.amount))
    ]
    idents = next_ids(session, Posting, len(moves))
    insert(session, Posting, POSTING, [(i, *move) for i, move in zip(idents, moves, strict=True)])


def _flag(session: Session, flags: Flags, kid: bytes, rules: Rules, given: list[_Given]) -> bool:
    """Flags what a terminal should have refused; was there any?"""
    sold = [(one.id, *_sold(one.sound, kid)) for one in given]
    look = beyond.Look(session, {kid: rules}, [row for _, row, _ in sold])
    flags.none_on(ident for ident, _, _ in sold)
    found = [(ident, codes) for ident, row, shown in sold if (codes := look.at(row, shown))]
    for ident, codes in found:
        flags.put(ident, beyond.BEYOND, codes)
    return bool(found)


def _sold(sound: Sound, kid: bytes) -> tuple[Sold, Shown]:
    assert sound.shown is not None
    return Sold(kid, sound.shown.number, sound.shift, sound.issuer_kid, sound.shown.claims.cti), sound.shown


def _state(session: Session, rest: list[_Given], now: int) -> None:
    rows = list(session.scalars(select(ReceiptRow).where(ReceiptRow.id.in_([one.id for one in rest]))))
    known = {one.id: one.sound.shown for one in rest if one.sound.shown is not None}
    book.restate(session, Flags(session, now), rows, now, known)
