"""From verdicts to money and flags. Everything here ends alike whatever order receipts came in.

- Debit: passenger's pass account; credit: the airline's sales. Once a payment, by (issuer kid, cti, seq).
- A payment that several sound receipts carry is debited for the earliest of them by receipt time (then terminal kid,
  number, hash); the others are `replay`: debit the airline's loss account, credit its sales. Where an earlier receipt
  comes in later, the standing entries are reversed and made anew: nothing is ever overwritten.
- Limits are looked at in the order of seq: which sale went over does not depend on who synced first.
"""

from collections.abc import Iterable

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import Sale

from .chain import STANDING, standing
from .judge import VERDICTS, Finding
from .models import (
    PENDING,
    REFUSED,
    REPLAY,
    REVERSAL,
    SALE,
    SOUND,
    Entry,
    ExceptionRow,
    Posting,
    ReceiptRow,
    Settlement,
    Terminal,
)

PaymentKey = tuple[bytes, bytes, int]


def pass_account(issuer_kid: bytes, cti: bytes) -> str:
    return f"passenger:{issuer_kid.hex()}:{cti.hex()}"


def sales_account(airline: str) -> str:
    return f"sales:{airline}"


def loss_account(airline: str) -> str:
    return f"loss:{airline}"


def book(session: Session, findings: list[Finding], now: int) -> int:
    """Puts verdicts on the books, those that still stand; how many did."""
    return _Booking(session, now).run(findings)


class _Booking:
    def __init__(self, session: Session, now: int) -> None:
        self.session = session
        self.now = now
        self.flags: dict[tuple[int, str], ExceptionRow] = {}
        self.settled: dict[PaymentKey, Settlement] = {}
        self.airlines = {t.kid: t.airline for t in session.scalars(select(Terminal))}

    def run(self, findings: list[Finding]) -> int:
        live = self._live(findings)
        sales = [(row, f) for row, f in live if _settles(row, f)]
        self._load_settlements(row for row, _ in sales)
        for row, finding in sales:
            self._settle(row, finding)
        self.session.flush()
        self._restate([row for row, _ in live])
        self._limit({(row.issuer_kid, row.cti) for row, _ in sales})
        return len(live)

    def _live(self, findings: list[Finding]) -> list[tuple[ReceiptRow, Finding]]:
        """The findings whose receipt has not been judged or changed since, written down."""
        query = select(ReceiptRow).where(ReceiptRow.id.in_([f.case.ident for f in findings]))
        rows = {r.id: r for r in self.session.scalars(query)}
        self._load_flags(rows)
        live = []
        for finding in findings:
            row = rows[finding.case.ident]
            if row.state == PENDING and row.revision == finding.case.revision:
                _write_down(row, finding)
                self._flag(row.id, VERDICTS, finding.codes)
                live.append((row, finding))
        return live

    def _load_flags(self, idents: Iterable[int]) -> None:
        query = select(ExceptionRow).where(ExceptionRow.receipt_id.in_(list(idents)))
        self.flags.update({(e.receipt_id, e.code): e for e in self.session.scalars(query)})

    def _flag(self, receipt_id: int, codes: Iterable[str], wanted: dict[str, str]) -> None:
        """Of `codes`, exactly `wanted` (with details) stand open on the receipt from now on."""
        for code in codes:
            flag = self.flags.get((receipt_id, code))
            if code not in wanted:
                if flag is not None and flag.cleared is None:
                    flag.cleared = self.now
            elif flag is None:
                self._raise(receipt_id, code, wanted[code])
            else:
                flag.cleared, flag.detail = None, wanted[code][:160]

    def _raise(self, receipt_id: int, code: str, detail: str) -> None:
        flag = ExceptionRow(receipt_id=receipt_id, code=code, detail=detail[:160], raised=self.now)
        self.session.add(flag)
        self.flags[receipt_id, code] = flag

    def _load_settlements(self, rows: Iterable[ReceiptRow]) -> None:
        columns = tuple_(Settlement.issuer_kid, Settlement.cti, Settlement.seq)
        keys = [(r.issuer_kid, r.cti, r.seq) for r in rows]
        found = self.session.scalars(select(Settlement).where(columns.in_(keys))) if keys else ()
        self.settled = {(s.issuer_kid, s.cti, s.seq): s for s in found}

    def _settle(self, row: ReceiptRow, finding: Finding) -> None:
        new = _settlement(row, finding)
        standing = self.settled.get((new.issuer_kid, new.cti, new.seq))
        if standing is None:
            self.session.add(new)
            self.settled[new.issuer_kid, new.cti, new.seq] = new
            self._post(row, SALE)
            return
        holder = self.session.get_one(ReceiptRow, standing.receipt_id)
        if _rank(row) > _rank(holder):
            self._replayed(row, holder)
            return
        self._reverse(holder)
        self._load_flags([holder.id])
        self._flag(holder.id, ("over_limit",), {})
        self._replayed(holder, row)
        _hand_over(standing, new)
        self._post(row, SALE)

    def _replayed(self, row: ReceiptRow, holder: ReceiptRow) -> None:
        self._post(row, REPLAY)
        self._flag(row.id, ("replay",), {"replay": f"paid by {holder.terminal_kid.hex()} number {holder.number}"})

    def _post(self, row: ReceiptRow, kind: str) -> None:
        assert row.amount is not None and row.issuer_kid is not None and row.cti is not None
        airline = self.airlines[row.terminal_kid]
        bearer = pass_account(row.issuer_kid, row.cti) if kind == SALE else loss_account(airline)
        self._entry(row, kind, [(bearer, row.amount), (sales_account(airline), -row.amount)])
        row.booked = kind

    def _reverse(self, row: ReceiptRow) -> None:
        self.session.flush()
        last = select(Entry).where(Entry.receipt_id == row.id).order_by(Entry.id.desc()).limit(1)
        entry = self.session.scalars(last).one()
        self._entry(row, REVERSAL, [(p.account, -p.amount) for p in entry.postings])

    def _entry(self, row: ReceiptRow, kind: str, postings: list[tuple[str, int]]) -> None:
        rows = [Posting(account=account, amount=amount, currency=row.currency) for account, amount in postings]
        self.session.add(Entry(receipt_id=row.id, kind=kind, made=self.now, postings=rows))

    def _restate(self, rows: list[ReceiptRow]) -> None:
        found = standing(self.session, rows)
        self._load_flags(found)
        for receipt_id, wanted in found.items():
            self._flag(receipt_id, STANDING, wanted)

    def _limit(self, passes: set[tuple[bytes | None, bytes | None]]) -> None:
        columns = tuple_(Settlement.issuer_kid, Settlement.cti)
        if not passes:
            return
        query = select(Settlement).where(columns.in_(list(passes))).order_by(Settlement.seq)
        settled = self.session.scalars(query).all()
        self._load_flags([s.receipt_id for s in settled])
        spent: dict[tuple[bytes, bytes], tuple[int, int]] = {}
        for s in settled:
            count, total = spent.get((s.issuer_kid, s.cti), (0, 0))
            spent[s.issuer_kid, s.cti] = count, total = count + 1, total + s.amount
            self._flag(s.receipt_id, ("over_limit",), _over(s, count, total))


def _settles(row: ReceiptRow, finding: Finding) -> bool:
    return finding.sound() and isinstance(finding.receipt, Sale) and row.booked is None


def _write_down(row: ReceiptRow, finding: Finding) -> None:
    row.state = SOUND if finding.sound() else REFUSED
    receipt, proof = finding.receipt, finding.proof
    if receipt is not None:
        row.kind, row.time, row.shift = receipt.kind, receipt.time, receipt.shift
    if isinstance(receipt, Sale):
        row.mode, (row.amount, row.currency) = receipt.mode, receipt.amount
    if proof is not None:
        row.evidence_sha256, row.issuer_kid = proof.sha256, proof.issuer_kid
        row.cti = proof.claims.cti if proof.claims else None
        row.seq = proof.payment.seq if proof.payment else None


def _settlement(row: ReceiptRow, finding: Finding) -> Settlement:
    assert finding.proof is not None and finding.proof.claims is not None
    _, total, sale, count = finding.proof.claims.limits
    return Settlement(
        issuer_kid=row.issuer_kid,
        cti=row.cti,
        seq=row.seq,
        receipt_id=row.id,
        amount=row.amount,
        currency=row.currency,
        limit_total=total,
        limit_sale=sale,
        limit_count=count,
    )


def _hand_over(old: Settlement, new: Settlement) -> None:
    old.receipt_id, old.amount, old.currency = new.receipt_id, new.amount, new.currency
    old.limit_total, old.limit_sale, old.limit_count = new.limit_total, new.limit_sale, new.limit_count


def _rank(row: ReceiptRow) -> tuple[int | None, bytes, int, bytes]:
    return row.time, row.terminal_kid, row.number, row.sha256


def _over(s: Settlement, count: int, total: int) -> dict[str, str]:
    if s.amount > s.limit_sale:
        return {"over_limit": f"{s.amount} in one sale, the pass allows {s.limit_sale}"}
    if total > s.limit_total:
        return {"over_limit": f"{total} in all, the pass allows {s.limit_total}"}
    if count > s.limit_count:
        return {"over_limit": f"sale {count} of this pass, it allows {s.limit_count}"}
    return {}
