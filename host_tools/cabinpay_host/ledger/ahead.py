"""Judges a delivery before the writer's turn, where it is what a terminal usually gives: the next receipts of its one
branch, each sound. Nothing is written here, and nobody waits; straight.py writes it down in its turn, if what it was
judged by still holds. Any other delivery is stored first and judged after (intake.py, pending.py)."""

import hashlib
from typing import NamedTuple

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import Break, Sale, Void

from ..crypto import verify
from . import registry, usual
from .beyond import Shown
from .db import ask
from .intake import Item
from .judge import Case, World, check
from .models import BundleRow, Terminal
from .pending import load_issuers
from .proof import Party, Proof


class Basis(NamedTuple):
    """What a judgement made ahead hangs on. head: SHA-256 of receipt `number`, which custody ends at; lost_at: of the
    terminal; bundles: how many are held (none is ever taken away)."""

    number: int
    head: bytes
    lost_at: int | None
    bundles: int


class Sound(NamedTuple):
    """What is written down of a sound receipt. target: SHA-256 of the sale that a void cancels; the last three are a
    sale's."""

    sha256: bytes
    previous: bytes
    kind: int
    time: int
    shift: int
    target: bytes | None = None
    evidence_sha256: bytes | None = None
    issuer_kid: bytes | None = None
    shown: Shown | None = None


BUNDLES = select(func.count()).select_from(BundleRow).scalar_subquery()
BASIS = Terminal.held_number, Terminal.held_head, Terminal.lost_at, BUNDLES
# Made once, like all that is asked for each delivery: to put it together takes longer than to have it answered
_STANDING = select(Terminal.rewind, Terminal.public_key, Terminal.airline, *BASIS).where(
    Terminal.kid == bindparam("kid")
)


def look(session: Session, terminal_kid: bytes, items: list[Item]) -> tuple[Basis, World] | None:
    """What to judge `items` by (as from intake.in_order, one at least); None where they must go the general way."""
    standing = ask(session, _STANDING, {"kid": terminal_kid}).one_or_none()
    if standing is None:
        raise registry.unknown(terminal_kid)
    rewind, public_key, airline, *rest = standing
    basis = Basis(*rest)
    if rewind is not None or any(number != item[0] for number, item in enumerate(items, basis.number + 1)):
        return None
    return basis, World({terminal_kid: Party(public_key, airline, basis.lost_at)}, load_issuers(session))


def judge(terminal_kid: bytes, items: list[Item], head: bytes, world: World) -> list[Sound] | None:
    """`items`, each sound and following the one before it, the first of them `head`; None where that is not so."""
    party = world.terminals[terminal_kid]
    issuers = world.issuers.get(party.airline, {})
    found: list[Sound] = []
    signed: list[usual.Signed] = []
    for item in items:
        sha256 = hashlib.sha256(item[1]).digest()
        sale = usual.sound(item, terminal_kid, party, issuers)
        if sale is not None:
            one: Sound | None = _proven(sale[0], sha256, sale[1])
            signed += sale[2]
        else:
            one = _sound(item, sha256, terminal_kid, world)
        if one is None or one.previous != head:
            return None
        head = sha256
        found.append(one)
    return found if all(verify(*one) for one in signed) else None


def _sound(item: Item, sha256: bytes, terminal_kid: bytes, world: World) -> Sound | None:
    number, raw, evidence = item
    finding = check(Case(number, 0, terminal_kid, number, raw, [evidence] if evidence else []), world)
    receipt, proof = finding.receipt, finding.proof
    if finding.codes or receipt is None or isinstance(receipt, Break):
        return None
    if isinstance(receipt, Sale):
        return None if proof is None else _proven(receipt, sha256, proof)
    head = sha256, receipt.previous, receipt.kind, receipt.time, receipt.shift
    return Sound(*head, receipt.sale if isinstance(receipt, Void) else None)


def _proven(sale: Sale, sha256: bytes, proof: Proof) -> Sound:
    assert proof.claims is not None and proof.payment is not None
    head = sha256, sale.previous, sale.kind, sale.time, sale.shift
    return Sound(*head, None, proof.sha256, proof.issuer_kid, Shown.of(sale, proof.claims, proof.payment))
