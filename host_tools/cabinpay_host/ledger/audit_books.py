"""Settlements and entries, held against what the receipts say.

To add a kind of entry: its postings in _FORMS, and in _expected which receipt has it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import Row
from sqlalchemy.orm import Session

from .audit_beyond import BEYOND, Beyond
from .audit_flags import VERDICTS, Spent, flag_faults, open_codes
from .audit_items import Keys
from .audit_receipts import Look, look
from .audit_sales import Sold
from .audit_sql import rows, shown
from .audit_voids import VOID_OF

# (account, amount, currency)
Line = tuple[str, int, int]


def _passenger(sold: Sold) -> str:
    return f"passenger:{sold.issuer_kid.hex()}:{sold.cti.hex()}"


def _bearer(sold: Sold, bearer: str) -> str | None:
    return {"airline": f"loss:{sold.airline}", "issuer": f"issuer:{sold.issuer_kid.hex()}"}.get(bearer)


def _sale(sold: Sold) -> list[Line]:
    return [(_passenger(sold), sold.amount, sold.currency), (f"sales:{sold.airline}", -sold.amount, sold.currency)]


def _replay(sold: Sold) -> list[Line]:
    return [
        (f"loss:{sold.airline}", sold.amount, sold.currency),
        (f"sales:{sold.airline}", -sold.amount, sold.currency),
    ]


_FORMS: dict[str, Callable[[Sold], list[Line]]] = {"sale": _sale, "replay": _replay}
_REVERSAL, _OVERSPEND = "reversal", "overspend"

# A row for each posting. Receipts of one payment come together, the one that is debited first; seq rises.
_ALL = f"""
    SELECT r.id, r.terminal_kid, r.number, r.sha256, r.raw, r.previous, r.state, r.kind, r.time, r.shift, r.mode,
        r.amount, r.currency, r.issuer_kid, r.cti, r.seq, r.booked, r.good, r.target, r.voided_by,
        CASE WHEN r.word THEN 1 ELSE 0 END AS word, ({VOID_OF}) AS cancelled_by,
        (SELECT COUNT(*) FROM receipts o WHERE o.terminal_kid = r.terminal_kid AND o.number = r.shift AND o.word
            AND o.kind <> 3) AS not_opening,
        v.sha256 AS evidence_hash, v.raw AS evidence, v.handed,
        {open_codes(VERDICTS)} AS verdicts, {open_codes(("replay",))} AS replays,
        {open_codes(("over_limit",))} AS over_limits, {open_codes(("lost_terminal",))} AS losts,
        {", ".join(f"{open_codes((code,))} AS is_{code}" for code in BEYOND)}, s.borne,
        (SELECT COALESCE(SUM(f.posted), 0) FROM refunds f
            WHERE f.issuer_kid = s.issuer_kid AND f.cti = s.cti AND f.seq = s.seq) AS given_back,
        CASE WHEN s.voided THEN 1 ELSE 0 END AS voided, s.receipt_id AS settles,
        s.issuer_kid AS s_issuer_kid, s.cti AS s_cti, s.seq AS s_seq, s.amount AS s_amount,
        s.currency AS s_currency, s.limit_total, s.limit_sale, s.limit_count,
        e.id AS entry, e.kind AS entry_kind, p.account, p.amount AS posted, p.currency AS posted_currency
    FROM receipts r
    LEFT JOIN evidence v ON v.receipt_id = r.id AND v.sha256 = r.evidence_sha256
    LEFT JOIN settlements s ON s.receipt_id = r.id
    LEFT JOIN entries e ON e.receipt_id = r.id AND e.refund_id IS NULL
    LEFT JOIN postings p ON p.entry_id = e.id
    ORDER BY r.issuer_kid, r.cti, r.seq, CASE WHEN r.state = 'sound' THEN 0 ELSE 1 END,
        r.time, r.terminal_kid, r.number, r.sha256, e.id, p.id"""


class _Case(NamedTuple):
    row: Row[Any]
    look: Look
    entries: list[tuple[str, list[Line]]]


def book_faults(session: Session, keys: Keys) -> Iterator[str]:
    spent, beyond = Spent(), Beyond(session, keys)
    for _, cases in groupby(_cases(session, keys), key=_payment):
        payment = list(cases)
        for case in payment:
            yield from case.look.faults
        if all(case.look.clear for case in payment):
            yield from _payment_faults(payment, spent, beyond, keys.bearer)
        else:
            spent.doubt(payment[0].row)


def _cases(session: Session, keys: Keys) -> Iterator[_Case]:
    for _, group in groupby(rows(session, _ALL), key=lambda row: row.id):
        of_receipt = list(group)
        entries: list[tuple[str, list[Line]]] = []
        for entry, postings in groupby(of_receipt, key=lambda row: row.entry):
            lines = list(postings)
            if entry is not None:
                posted = [(p.account, p.posted, p.posted_currency) for p in lines if p.account is not None]
                entries.append((str(lines[0].entry_kind), posted))
        yield _Case(of_receipt[0], look(of_receipt[0], keys), entries)


def _payment(case: _Case) -> object:
    """The same for receipts of one payment; a receipt that carries none stands alone."""
    row = case.row
    carries = row.state == "sound" and row.seq is not None
    return (shown(row.issuer_kid), shown(row.cti), row.seq) if carries else row.id


def _expected(cases: list[_Case]) -> Iterator[tuple[_Case, str | None]]:
    """Each receipt of a payment, and the kind of its standing entry while nobody cancels it."""
    kinds = iter(("sale",))
    for case in cases:
        yield case, next(kinds, "replay") if case.look.sold else None


def _payment_faults(cases: list[_Case], spent: Spent, beyond: Beyond, bearer: str) -> Iterator[str]:
    for case, kind in _expected(cases):
        row, sold, cancelled = case.row, case.look.sold, case.row.cancelled_by is not None
        settled = sold if kind == "sale" else None
        over = spent.over(settled, cancelled, beyond.law(sold.airline) if sold else None)
        faults = [
            _settlement_fault(row, settled),
            _entry_fault(case, None if cancelled else kind),
            _void_fault(row),
            _bearing_fault(case, over, bearer),
            *flag_faults(row, case.look, kind, over, beyond.codes(row, sold) if sold else set()),
        ]
        yield from (f"{what}: {case.look.where}" for what in faults if what)


def _bearing_fault(case: _Case, over: bool | None, bearer: str) -> str | None:
    """Of an overspend, what was not given back is moved to its bearer, in as many steps as it took to know."""
    row, sold = case.row, case.look.sold or case.look.once
    moves = [lines for kind, lines in case.entries if kind == _OVERSPEND]
    if sold is None or over is None:
        return "an entry of kind overspend that has no ground" if moves and sold is None else None
    passenger, to = _passenger(sold), _bearer(sold, bearer)
    moved = 0
    for lines in moves:
        more = sum(amount for account, amount, _ in lines if account == to)
        if to is None or Counter(lines) != Counter([(to, more, sold.currency), (passenger, -more, sold.currency)]):
            return "an entry of kind overspend is not what its receipt says"
        moved += more
    right = sold.amount - row.given_back if over and to else 0
    if moved != right:
        return f"the books move {moved} of an overspend to its bearer, and it is {right}"
    return None if (row.borne or 0) == right else f"counts as {row.borne} borne, and is {right}"


def _void_fault(row: Row[Any]) -> str | None:
    if row.voided_by == row.cancelled_by:
        return None
    return f"counts as cancelled by {row.voided_by or 'nobody'}, and is cancelled by {row.cancelled_by or 'nobody'}"


def _settlement_fault(row: Row[Any], sold: Sold | None) -> str | None:
    if sold is None:
        return None if row.settles is None else "a settlement of what settles nothing"
    if row.settles is None:
        return "a sale is not settled"
    there = [row.s_issuer_kid, row.s_cti, row.s_seq, row.s_amount, row.s_currency]
    there += [row.limit_total, row.limit_sale, row.limit_count, row.voided]
    voided = int(row.cancelled_by is not None)
    right = [sold.issuer_kid, sold.cti, sold.seq, sold.amount, sold.currency, *sold.limits, voided]
    same = list(map(shown, there)) == list(map(shown, right))
    return None if same else "a settlement is not what its receipt says"


def _entry_fault(case: _Case, kind: str | None) -> str | None:
    """The entries of a receipt are its standing one, or more that were each reversed before the next."""
    standing: tuple[str, list[Line]] | None = None
    sold = case.look.sold or case.look.once
    for entry_kind, lines in case.entries:
        if entry_kind == _OVERSPEND:
            continue  # looked at alone
        if entry_kind == _REVERSAL and standing is not None:
            right, standing = _reversed(standing[1]), None
        elif standing is None and sold and entry_kind in _FORMS:
            right, standing = _FORMS[entry_kind](sold), (entry_kind, lines)
        else:
            return f"an entry of kind {entry_kind} that has no ground"
        if Counter(lines) != Counter(right):
            return _misposted(entry_kind, lines)
    if (standing and standing[0]) != kind:
        return f"the books have {standing[0] if standing else 'no entry'}, the receipt is {kind or 'nothing to book'}"
    return None if case.row.booked == kind else f"counts as booked as {case.row.booked}, and is booked as {kind}"


def _reversed(lines: list[Line]) -> list[Line]:
    return [(account, -amount, currency) for account, amount, currency in lines]


def _misposted(kind: str, lines: list[Line]) -> str:
    if len(lines) < 2:
        return f"an entry of kind {kind} with less than two postings"
    sums: Counter[int] = Counter()
    for _, amount, currency in lines:
        sums[currency] += amount
    if any(sums.values()):
        return f"postings of an entry of kind {kind} do not sum to zero"
    return f"an entry of kind {kind} is not what its receipt says"
