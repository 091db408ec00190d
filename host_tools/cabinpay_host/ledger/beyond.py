"""Sales that a terminal should have refused, and that the passenger signed and got all the same: debited, and flagged.

- no_shift: made outside any shift: what it names is no opening, or had ended;
- flight: the pass is for another flight than the shift was opened for;
- lifetime: the pass lives longer than any bundle lets it;
- stale: the payment was signed too long before the sale, or after it;
- bundle_expired: no bill was shown, and every bundle had run out;
- over_cap: more than any bundle lets one sale be in this mode and with this clock (where all have run out: with a
  floor clock at most);
- revoked: the pass was on the list in force at that time.

Windows are the judge's (a pass that had run out promises nothing), what a pass may spend is in limits.py. Over a
`floor` clock the receipt's time is only a lower bound: nothing is too new then, and no later list is looked at.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple, Self

from sqlalchemy import ColumnElement, bindparam, select
from sqlalchemy.orm import Session

from cabinpay.wire import cose
from cabinpay.wire.claims import CHALLENGED, Pass, Payment
from cabinpay.wire.files import REVOKED, Rows
from cabinpay.wire.receipts import FLOOR, SALE, Open, Sale
from cabinpay.wire.trust import Bundle

from .. import codec
from .db import ask
from .ends import ENDS, Ends
from .flags import Flags
from .models import SOUND, BundleFile, EvidenceRow, ExceptionRow, ReceiptRow, Terminal
from .proof import read_evidence
from .reading import pass_of, receipt_of
from .rules import Rules, revoked_file, rules_of

BEYOND = ("no_shift", "flight", "lifetime", "stale", "bundle_expired", "over_cap", "revoked")

# (terminal kid, number of its open)
_Shift = tuple[bytes, int]


class Shown(NamedTuple):
    """What the books go by of a sound sale, of its payment (iat, seq) and its pass. quality: of the clock."""

    number: int
    shift: int
    time: int
    quality: int
    mode: int
    amount: int
    currency: int
    iat: int
    seq: int
    claims: Pass

    @classmethod
    def of(cls, sale: Sale, claims: Pass, payment: Payment) -> Self:
        amount, currency = sale.amount
        head = sale.number, sale.shift, sale.time, sale.quality[0], sale.mode
        return cls(*head, amount, currency, payment.iat, payment.seq, claims)


class Sold(NamedTuple):
    """Where a sale stands, and whose pass it was."""

    terminal_kid: bytes
    number: int
    shift: int | None
    issuer_kid: bytes | None
    cti: bytes | None


def shown(session: Session, row: ReceiptRow) -> Shown:
    """Read again from what is held; signatures were checked when it was judged."""
    judged_by = (EvidenceRow.receipt_id == row.id) & (EvidenceRow.sha256 == row.evidence_sha256)
    evidence = read_evidence(session.scalars(select(EvidenceRow.raw).where(judged_by)).one())
    _, sale = receipt_of(row.raw)
    assert isinstance(sale, Sale)
    _, claims = pass_of(evidence.signed_pass)
    return Shown.of(sale, claims, Payment.unpack(cose.parse(evidence.payment, codec).payload, codec))


def restate(session: Session, flags: Flags, rows: Iterable[ReceiptRow], known: dict[int, Shown]) -> None:
    """Flags the sales among `rows`, and those of the shifts that begin or end there. known: by receipt id, what was
    just judged: only saves reading it again."""
    touched = {row.id: row for row in rows}
    touched.update((row.id, row) for row in _of_shifts(session, list(touched.values())))
    sales = [row for row in touched.values() if row.kind == SALE]
    flags.load(row.id for row in sales)
    sound = [row for row in sales if row.state == SOUND]
    sold = {row.id: Sold(row.terminal_kid, row.number, row.shift, row.issuer_kid, row.cti) for row in sound}
    look = Look(session, rules_of(session, {row.terminal_kid for row in sound}), list(sold.values()))
    for row in sales:
        found = look.at(sold[row.id], known.get(row.id) or shown(session, row)) if row.state == SOUND else {}
        flags.put(row.id, BEYOND, found)


def touched_by(session: Session, bundle: Bundle) -> list[ReceiptRow]:
    """Sales about which a bundle that comes in may change a word: those flagged by others, and those it revokes."""
    mine = ReceiptRow.terminal_kid.in_(select(Terminal.kid).where(Terminal.airline == bundle.airline))
    sales = select(ReceiptRow).where(mine, ReceiptRow.kind == SALE, ReceiptRow.state == SOUND)
    flagged = select(ExceptionRow.receipt_id).where(
        ExceptionRow.code.in_((*BEYOND, "over_limit")), ExceptionRow.cleared.is_(None)
    )
    found = list(session.scalars(sales.where(ReceiptRow.id.in_(flagged))))
    sha256 = revoked_file(bundle)
    if sha256 is not None:
        file = _file(session, sha256)
        later = session.scalars(sales.where(ReceiptRow.time >= bundle.issued))
        found += [row for row in later if _lists(file, row)]
    return found


def _of_shifts(session: Session, rows: list[ReceiptRow]) -> list[ReceiptRow]:
    """Sales that name one of `rows` as their opening, and at least those whose shift one of them ends."""
    by_terminal: defaultdict[bytes, list[ReceiptRow]] = defaultdict(list)
    for row in rows:
        by_terminal[row.terminal_kid].append(row)
    found: list[ReceiptRow] = []
    for kid, mine in by_terminal.items():
        numbers = [row.number for row in mine]
        touched: ColumnElement[bool] = ReceiptRow.shift.in_(numbers)
        ends = [row.number for row in mine if row.kind in ENDS]
        if ends:
            touched |= (ReceiptRow.number > min(ends)) & (ReceiptRow.shift < max(ends))
        sales = (ReceiptRow.terminal_kid == kid) & (ReceiptRow.kind == SALE) & (ReceiptRow.state == SOUND)
        # a sale that names a shift above itself is outside any, whatever that is
        found += session.scalars(select(ReceiptRow).where(sales, ReceiptRow.number > min(numbers), touched))
    return found


class Look:
    """What `sales` are held against. rules: by terminal kid."""

    def __init__(self, session: Session, rules: dict[bytes, Rules], sales: Sequence[Sold]) -> None:
        self._rules = rules
        self._opened = _opened(session, {(r.terminal_kid, r.shift) for r in sales if r.shift is not None})
        self._ends = Ends(session, [(r.terminal_kid, r.shift, r.number) for r in sales if r.shift is not None])
        self._files: dict[bytes, Rows] = {}
        self._session = session

    def at(self, row: Sold, shown: Shown) -> dict[str, str]:
        """Codes, with details, of what is found about a sale."""
        rules, claims = self._rules[row.terminal_kid], shown.claims
        opened = self._opened[row.terminal_kid, shown.shift]
        # in the order of BEYOND
        found = (
            self._no_shift(row, shown, opened),
            _flight(claims, opened),
            _lifetime(claims, rules),
            _stale(shown, rules),
            _bundle_expired(shown, rules),
            _over_cap(shown, rules),
            self._revoked(row, rules, shown.time),
        )
        if not any(found):
            return {}
        return {code: detail for code, detail in zip(BEYOND, found, strict=True) if detail}

    def _no_shift(self, row: Sold, shown: Shown, opened: list[list[int]]) -> str:
        """While what it names is not held, nobody knows."""
        if shown.shift >= shown.number or (opened and not any(opened)):
            return f"receipt {shown.shift} opens no shift for it"
        end = self._ends.between(row.terminal_kid, shown.shift, shown.number)
        return "" if end is None else f"shift {shown.shift} had ended at {end}"

    def _revoked(self, row: Sold, rules: Rules, time: int) -> str:
        sha256 = rules.revoked_at(time)
        if sha256 is None:
            return ""
        if sha256 not in self._files:
            self._files[sha256] = _file(self._session, sha256)
        return "the pass had been revoked" if _lists(self._files[sha256], row) else ""


# Made once, for every delivery
_NAMED = select(ReceiptRow.number, ReceiptRow.raw).where(
    ReceiptRow.terminal_kid == bindparam("kid"),
    ReceiptRow.number.in_(bindparam("numbers", expanding=True)),
    ReceiptRow.word,
)


def _opened(session: Session, shifts: set[_Shift]) -> defaultdict[_Shift, list[list[int]]]:
    """The flights that these shifts were opened for, [] for what is no opening; several where a fork has several."""
    by_terminal: defaultdict[bytes, list[int]] = defaultdict(list)
    for kid, number in shifts:
        by_terminal[kid].append(number)
    found: defaultdict[_Shift, list[list[int]]] = defaultdict(list)
    for kid, numbers in by_terminal.items():
        for number, raw in ask(session, _NAMED, {"kid": kid, "numbers": numbers}):
            _, opened = receipt_of(raw)
            found[kid, number].append(opened.flight[1:] if isinstance(opened, Open) else [])
    return found


def _file(session: Session, sha256: bytes) -> Rows:
    raw = session.get_one(BundleFile, sha256).raw
    return Rows(REVOKED, len(raw), lambda at, size: raw[at : at + size])


def _lists(file: Rows, row: Sold | ReceiptRow) -> bool:
    return row.issuer_kid is not None and row.cti is not None and file.find(row.issuer_kid + row.cti) is not None


def _flight(claims: Pass, opened: list[list[int]]) -> str:
    if claims.flight is None or not any(opened) or claims.flight in opened:
        return ""
    return f"the pass is for flight {claims.flight[0]} of day {claims.flight[1]}, the shift is not"


def _lifetime(claims: Pass, rules: Rules) -> str:
    life = claims.exp - claims.nbf
    return f"the pass lives {life} seconds, {rules.lifetime} are allowed" if life > rules.lifetime else ""


def _stale(shown: Shown, rules: Rules) -> str:
    age = shown.time - shown.iat
    if shown.mode == CHALLENGED:
        return ""  # its bill lived for two minutes, in one terminal's memory
    if age > rules.freshness:
        return f"signed {age} seconds before the sale, {rules.freshness} are allowed"
    ahead = -age > rules.freshness and shown.quality != FLOOR
    return f"signed {-age} seconds after the sale" if ahead else ""


def _bundle_expired(shown: Shown, rules: Rules) -> str:
    late = shown.time - rules.until
    return f"sold {late} seconds after the last bundle ran out" if late > 0 and shown.mode != CHALLENGED else ""


def _over_cap(shown: Shown, rules: Rules) -> str:
    amount, mode, quality = shown.amount, shown.mode, shown.quality
    cap = rules.caps[shown.currency, mode, quality]
    if shown.time > rules.until:
        cap = min(cap, rules.caps[shown.currency, mode, FLOOR])
    return f"{amount} in mode {mode} over clock {quality}, {cap} is allowed" if amount > cap else ""
