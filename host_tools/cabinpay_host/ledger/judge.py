"""What a receipt is worth: a pure check of bytes against keys, which trusts no terminal's verdict.

A sale is **sound**, and its payment is debited, when everything that money hangs on holds: the receipt is signed by
the terminal that gave it and has its number; its evidence binds (both hashes); the pass is signed by an issuer of an
accepted bundle of this airline, within the issuer's and the pass's windows at receipt time; the payment is signed by
the pass's device key; what the payment agreed to is what was sold; the amount is the sum of the lines.
A void, break, note, open or close is sound when it is signed by its terminal and has its number.

Everything else is **refused**: it debits nobody by itself and leaves an exception for a person. So a receipt with a
bad terminal signature debits nobody though its payment be genuine (whoever saw the QR code could have made it), and
neither does a pass that had run out (the issuer promised nothing).

Above the number at which a terminal was reported lost, nothing is sound: somebody else may have its key.

Not the judge's: the standing in the chain (gap, chain, fork), replays, voids, limits, and what a terminal should have
refused (no_shift, flight, lifetime, stale, bundle_expired, over_cap, revoked). These depend on what else the ledger
holds, see chain.py, settle.py, voids.py, limits.py and beyond.py; but for a void they withhold no debit, because the
passenger signed the payment anyway.

Over a `floor` clock the receipt's time is only a lower bound: then nothing can be "not yet valid".
Windows are half open, as RFC 8392 has it for exp: from <= time < until.
"""

from dataclasses import dataclass
from typing import NamedTuple

from cabinpay.wire import cose
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import FIRST_PREVIOUS, Break, Receipt, Sale

from .. import codec
from ..crypto import verify
from .proof import Fault, Issuer, Party, Proof, badness, collect, prove
from .reading import receipt_of

# What makes a receipt refused; `judge` decides these and nothing else does.
VERDICTS = (
    "bad_receipt",
    "bad_signature",
    "wrong_terminal",
    "bad_evidence",
    "bad_pass",
    "unknown_issuer",
    "bad_payment",
    "terms",
    "amount",
    "lost_terminal",
)
# A receipt with one of these is not the terminal's word: nobody counts it, and it cancels nothing.
NOT_ITS_WORD = {"bad_receipt", "bad_signature", "wrong_terminal", "lost_terminal"}


@dataclass(frozen=True)
class World:
    """What receipts are judged by. issuers: by airline, then by kid."""

    terminals: dict[bytes, Party]
    issuers: dict[str, dict[bytes, list[Issuer]]]


class Case(NamedTuple):
    """A stored receipt; revision: as read, so that a verdict on what has changed since is dropped; handed: those of
    its evidence that a phone gave."""

    ident: int
    revision: int
    terminal_kid: bytes
    number: int
    raw: bytes
    evidence: list[bytes]
    handed: frozenset[bytes] = frozenset()


@dataclass
class Finding:
    """The verdict on a case: codes with their details; receipt: None where it cannot be read; proof: a sale's."""

    case: Case
    codes: dict[str, str]
    receipt: Receipt | None = None
    proof: Proof | None = None

    def sound(self) -> bool:
        return not self.codes

    def word(self) -> bool:
        return self.receipt is not None and not NOT_ITS_WORD & self.codes.keys()


def check_all(cases: list[Case], world: World) -> list[Finding]:
    """Each case's verdict."""
    return [check(case, world) for case in cases]


def check(case: Case, world: World) -> Finding:
    """The verdict. Never raises, whatever the bytes are."""
    party = world.terminals[case.terminal_kid]
    finding = Finding(case, {})
    collect(finding.codes, "bad_receipt", lambda: _open_receipt(finding, party))
    sale = finding.receipt
    if isinstance(sale, Sale):
        issuers = world.issuers.get(party.airline, {})
        proofs = [
            prove(sale, case.terminal_kid, party.airline, data, data in case.handed, issuers) for data in case.evidence
        ]
        if proofs:
            finding.proof = proofs[0] if len(proofs) == 1 else min(proofs, key=badness)
        else:
            finding.proof = Proof(b"", {"bad_evidence": "a sale without evidence"})
        finding.codes.update(finding.proof.codes)
    if party.lost_at is not None and case.number > party.lost_at:
        finding.codes["lost_terminal"] = f"the terminal was reported lost at number {party.lost_at}"
    return finding


def follows(raw: bytes, number: int) -> tuple[bytes | None, int | None]:
    """What a receipt given as `number` says it follows, its signature unchecked: (previous, None), or with the last
    good number where it is a break whose lost range ends at it; (None, None) where it cannot be read."""
    try:
        _, receipt = receipt_of(raw)
    except WireError:
        return None, None
    if not isinstance(receipt, Break) or receipt.lost != [receipt.good + 1, number - 1]:
        return receipt.previous, None
    fits = receipt.good > 0 or receipt.previous == FIRST_PREVIOUS
    return receipt.previous, receipt.good if fits else None


def _open_receipt(finding: Finding, party: Party) -> None:
    case = finding.case
    sign1, finding.receipt = receipt_of(case.raw)
    if sign1.kid != case.terminal_kid:
        raise Fault("wrong_terminal", f"signed as {sign1.kid.hex() if sign1.kid else 'nobody'}")
    if not verify(party.public_key, cose.signed_bytes(sign1, cose.AAD_RECEIPT, codec), sign1.signature):
        raise Fault("bad_signature", "not signed by its terminal's key")
    if finding.receipt.number != case.number:
        raise Fault("bad_receipt", f"says number {finding.receipt.number}, was given as {case.number}")
