"""From verdicts to the books: what was found is written down, and everything that hangs on it is stated anew.

Everything here ends alike whatever order receipts came in: no step looks at what came first, only at what is held.
"""

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import SALE, Sale, Void

from . import beyond, chain, voids
from .beyond import Shown
from .flags import Flags
from .judge import VERDICTS, Finding
from .models import PENDING, REFUSED, SOUND, ReceiptRow
from .settle import Settling


def book(session: Session, findings: list[Finding], now: int) -> int:
    """Puts verdicts on the books, those that still stand; how many did."""
    flags = Flags(session, now)
    rows = _live(session, flags, findings)
    session.flush()
    restate(session, flags, rows, now, _known(findings))
    return len(rows)


def restate(
    session: Session, flags: Flags, rows: list[ReceiptRow], now: int, known: dict[int, Shown] | None = None
) -> None:
    """Brings voids, money, limits and chains up to what is held of `rows` and what they touch. known: see Settling."""
    cancelled = voids.restate(session, flags, rows)
    sales = {row.id: row for row in (*rows, *cancelled) if row.kind == SALE}
    Settling(session, flags, now, known or {}).run(list(sales.values()))
    beyond.restate(session, flags, rows, known or {})
    standing = chain.standing(session, rows)
    flags.load(standing)
    for receipt_id, wanted in standing.items():
        flags.put(receipt_id, chain.STANDING, wanted)


def _known(findings: list[Finding]) -> dict[int, Shown]:
    return {
        f.case.ident: Shown.of(f.receipt, f.proof.claims, f.proof.payment)
        for f in findings
        if isinstance(f.receipt, Sale) and f.proof is not None and f.proof.claims is not None
        if f.proof.payment is not None
    }


def _live(session: Session, flags: Flags, findings: list[Finding]) -> list[ReceiptRow]:
    """The receipts that have not been judged or changed since, written down."""
    query = select(ReceiptRow).where(ReceiptRow.id.in_([f.case.ident for f in findings]))
    rows = {r.id: r for r in session.scalars(query)}
    flags.load(rows)
    live = []
    for finding in findings:
        row = rows[finding.case.ident]
        if row.state == PENDING and row.revision == finding.case.revision:
            _write_down(row, finding)
            flags.put(row.id, VERDICTS, finding.codes)
            live.append(row)
    return live


def _write_down(row: ReceiptRow, finding: Finding) -> None:
    row.state, row.word = SOUND if finding.sound() else REFUSED, finding.word()
    receipt, proof = finding.receipt, finding.proof
    if receipt is not None:
        row.kind, row.time, row.shift = receipt.kind, receipt.time, receipt.shift
    if isinstance(receipt, Sale):
        row.mode, (row.amount, row.currency) = receipt.mode, receipt.amount
    if isinstance(receipt, Void):
        row.target = receipt.sale
    if proof is not None:
        row.evidence_sha256, row.issuer_kid = proof.sha256, proof.issuer_kid
        row.cti = proof.claims.cti if proof.claims else None
        row.seq = proof.payment.seq if proof.payment else None
