"""What the terminal or the ground reads besides customer codes: bundles, receipts with their evidence, small texts.

Both codecs read the same, the judge finds nothing sound but what the terminal really signed, and no bundle but the
signed one is installed.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import world
from cabinpay.agent.errors import Refused
from cabinpay.wire import cbor, cose, messages, qrtext, receipts, trust
from cabinpay.wire.claims import Pass, Payment
from cabinpay.wire.errors import WireError
from cabinpay_host import codec, crypto
from cabinpay_host.ledger import judge, usual
from fuzz import mutate
from host import ledger_world as ledgers


def outcome(read: Callable[[Any], Any]) -> str:
    try:
        return repr(attributes(read(None)))
    except WireError as e:
        return e.code


def attributes(thing: Any) -> Any:
    if isinstance(thing, (list, tuple)):
        return [attributes(item) for item in thing]
    return {key: attributes(value) for key, value in vars(thing).items()} if hasattr(thing, "__dict__") else thing


def both(read: Callable[[Any, Any], Any], data: bytes) -> str:
    """What both codecs make of `data`: it must be the same. The code of a refusal, or "read"."""
    ours = outcome(lambda _: read(data, cbor))
    theirs = outcome(lambda _: read(data, codec))
    assert ours == theirs, f"terminal: {ours}; host: {theirs}"
    return ours if ours in WireError.CODES else "read"


class Bundles:
    """Mutated trust bundles, offered to a terminal."""

    def __init__(self, sodium: Any) -> None:
        self.world = world.ready(crypto=sodium)
        self.data = world.bundle(version=8)
        self.others = [world.bundle(), world.delegation(), world.a_pass(), world.bundle(signer="thief")]
        self.roots = [world.public(root) for root in world.ROOTS]

    def make(self, chance: random.Random) -> bytes:
        kind = chance.randrange(4)
        if kind == 0:
            return mutate.octets(chance, self.data)
        if kind == 1:  # with the delegation of another, or a changed one, behind the signature of a thief
            bundle = trust.Bundle.unpack(cose.parse(self.data, codec).payload, codec)
            bundle.delegation = mutate.sign1(chance, bundle.delegation, self.others)[:256] or b"\x00"
            return world.signed(chance.choice(("thief", "root 3")), bundle.pack(codec), cose.AAD_BUNDLE)
        return mutate.sign1(chance, self.data, self.others)

    def check(self, data: bytes) -> str:
        before = self.world.terminal.trust.bundle
        told = both(lambda d, c: trust.open_bundle(d, self.roots, crypto.verify, c), data)
        try:
            self.world.terminal.install(data)
        except (WireError, Refused) as e:
            assert self.world.terminal.trust.bundle is before
            assert told == "read" or e.code == told
            return str(e.code)
        assert data in (self.data, self.others[0]), "a bundle that nobody signed is in force"
        return "installed"


def sold() -> ledgers.Terminal:
    """A terminal's chain with every way to pay."""
    who, terminal = ledgers.Passenger("anna"), ledgers.Terminal("A")
    terminal.open()
    for mode in (ledgers.QUICK, ledgers.BOUND, ledgers.CHALLENGED):
        terminal.sale(who, mode=mode)
    terminal.close()
    return terminal


def changed_item(chance: random.Random, items: list[Any]) -> tuple[int, bytes, bytes]:
    """A receipt with its evidence, one of them or both changed or exchanged."""
    number, raw, evidence = chance.choice(items)
    others = [item[1] for item in items]
    kind = chance.randrange(8)
    if kind < 3:
        raw = mutate.sign1(chance, raw, others)
    elif kind == 3:
        raw = mutate.octets(chance, raw)
    elif kind == 4:
        evidence = mutate.octets(chance, evidence)
    elif kind == 5 and evidence:
        evidence = mutate.encoded(chance, mutate.inside(chance, codec.decode(evidence)))
    elif kind == 6:
        evidence = chance.choice(items)[2]
    else:
        number = chance.choice((1, 2, 3, 4, 5, 6, 0xFFFFFFFF))
    return number, raw, evidence


class Receipts:
    """Mutated receipts and evidence before the ledger's judge."""

    def __init__(self, sodium: Any) -> None:
        self.terminal = sold()
        party = judge.Party(self.terminal.key.public, ledgers.AIRLINE)
        issuer = judge.Issuer(ledgers.ISSUER.public, 0, ledgers.NOW + 365 * ledgers.DAY)
        issuers = {ledgers.AIRLINE: {ledgers.ISSUER.kid: [issuer]}}
        self.world = judge.World({self.terminal.kid: party}, issuers)

    def make(self, chance: random.Random) -> tuple[int, bytes, bytes]:
        return changed_item(chance, self.terminal.items)

    def check(self, item: tuple[int, bytes, bytes]) -> str:
        number, raw, evidence = item
        both(lambda d, c: receipts.read_receipt(cose.parse(d, c).payload, c), raw)
        both(receipts.Evidence.unpack, evidence)
        finding = judge.check(judge.Case(1, 1, self.terminal.kid, number, raw, [evidence]), self.world)
        # openings and closings stand without evidence: what comes with them is not looked at
        genuine = any(number == n and raw == r and evidence == (e or evidence) for n, r, e in self.terminal.items)
        assert finding.sound() == genuine, finding.codes
        assert genuine or not self._sound_in_one_go(item)
        return "sound" if genuine else min(finding.codes)

    def _sound_in_one_go(self, item: tuple[int, bytes, bytes]) -> bool:
        """As a delivery is judged ahead."""
        kid = self.terminal.kid
        found = usual.sound(item, kid, self.world.terminals[kid], self.world.issuers[ledgers.AIRLINE])
        return found is not None and all(crypto.verify(*one) for one in found[2])


class Ledgers:
    """Batches of mutated receipts delivered to a real ledger: kept, judged, and nobody debited for them."""

    BATCH = 8
    RENEW = 40

    def __init__(self, sodium: Any) -> None:
        self.terminal = sold()
        self.genuine = self.terminal.items
        self.given = 0
        self.ledger: Any = None

    def make(self, chance: random.Random) -> list[tuple[int, bytes, bytes]]:
        made = [changed_item(chance, self.genuine) for _ in range(self.BATCH)]
        return [(n, r, e) for n, r, e in made if all((n, r) != (g[0], g[1]) for g in self.genuine)]

    def check(self, items: list[tuple[int, bytes, bytes]]) -> str:
        if self.given % self.RENEW == 0:
            self._renew()
        self.given += 1
        taken = self.ledger.take(self.terminal.kid, items, "sync")
        assert taken.pending == 0
        assert ledgers.money(self.ledger) == {}, "somebody was debited for a receipt that no terminal signed"
        return " ".join(sorted({code for _, code in taken.exceptions}))

    def _renew(self) -> None:
        self.close()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = ledgers.new_ledger(Path(self.folder.name), self.terminal)

    def close(self) -> None:
        """The books are in order, and what was lent is given back."""
        if self.ledger:
            faults = ledgers.faults(self.ledger)
            self.ledger.close()
            self.ledger = self.folder.cleanup()
            assert faults == []


class Readers:
    """Every other reader of the wire, with both codecs."""

    def __init__(self, sodium: Any) -> None:
        its = world.a_pass()
        terms = [world.AMOUNT, world.EUR]
        paid = world.payment(its, terms=terms, challenge=bytes(8))
        kid, nonce = bytes(8), bytes(16)
        self.plain = [
            (Pass.unpack, cose.parse(its, cbor).payload),
            (Payment.unpack, cose.parse(paid, cbor).payload),
            (trust.Delegation.unpack, cose.parse(world.delegation(), cbor).payload),
            (trust.Bundle.unpack, cose.parse(world.bundle(), cbor).payload),
            (messages.read_login, messages.login("host", kid, kid, nonce, nonce, b"", cbor)),
            (messages.read_ack, messages.ack(kid, 7, bytes(32), nonce, cbor)),
            (messages.read_time, messages.time(kid, nonce, world.NOW, cbor)),
            (messages.read_request, messages.request(7, "pull", [1, 32], cbor)),
            (messages.read_reply, messages.reply(7, "ok", [1, bytes(32)], cbor)),
            (cose.parse, its),
        ]
        self.bill = cbor.encode([kid, nonce, world.AMOUNT, world.EUR, bytes(8)])
        self.receipt = sold().items[1][1]

    def make(self, chance: random.Random) -> tuple[int, bytes]:
        place = chance.randrange(len(self.plain) + 2)
        data = self.bill if place == len(self.plain) else self.receipt
        if place < len(self.plain):
            data = self.plain[place][1]
        changed = mutate.octets(chance, data)
        if chance.random() < 0.6:
            changed = mutate.encoded(chance, mutate.inside(chance, codec.decode(data)))
        if place < len(self.plain):
            return place, changed
        text = mutate.shown(changed, "CP1B:" if place == len(self.plain) else "CP1R:")
        return place, mutate.characters(chance, text) if chance.random() < 0.3 else text

    def check(self, item: tuple[int, bytes]) -> str:
        place, data = item
        if place < len(self.plain):
            return both(self.plain[place][0], data)
        if place == len(self.plain):
            return both(qrtext.read_bill, data)
        return both(lambda d, _: qrtext.read_receipt_text(d), data)
