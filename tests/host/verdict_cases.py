"""One scan with everything around it, each part a knob: what test_verdict_matrix.py turns, alone and in pairs.

Says how a fault is made and nothing about what it must come to.
"""

import functools
from types import SimpleNamespace

import world
from cabinpay.agent.clock import Clock
from cabinpay.agent.sale import Sale
from cabinpay.agent.spend import SpendTable
from cabinpay.agent.trust import Trust
from cabinpay.agent.verdict import PassCache
from cabinpay.wire import base45, cbor, cose
from cabinpay.wire.claims import BOUND, CHALLENGED, QUICK, lines_hash
from cabinpay.wire.receipts import FLOOR, RTC, SYNCED
from cabinpay_host import crypto
from world import AIRLINE, AMOUNT, DAY, EUR, FLIGHT, LINES, NOW

WAYS = (CHALLENGED, BOUND, QUICK)
CLOCKS = (RTC, SYNCED, FLOOR)
SEQ = 5
ORDER = lines_hash(LINES, cbor)[:8]
# Every way is on over every clock, so that each can be switched off; by way, then by clock
CAPS = [[5000, 4000, 3000], [3000, 2500, 2000], [2000, 1500, 1300]]

KNOBS = {
    # the terminal
    "fault": "", "bundle": True, "shift": True, "room": 1 << 20, "lines": LINES, "bill": "open", "billed": ORDER,
    # what it has seen: payments of this pass as (seq, amount), is this one in the journal, other
    # passengers, sales since the last ground time
    "spent": (), "paid": False, "crowd": False, "sold": 0,
    # its bundle
    "issuer": "issuer", "issuer_from": NOW - 1000, "issuer_until": NOW + 1000, "issuer_currency": EUR,
    "issuer_per_sale": 4500, "issuer_total": 15000, "sold_in": EUR, "lifetime": 864000, "not_after": NOW + 604800,
    "delegated_until": NOW + 604800, "max_sales": 500, "max_sum": 500000, "cap": None, "floor_cap": None,
    "revoked": False,
    # the pass
    "aud": AIRLINE, "flight": (FLIGHT, DAY), "currency": EUR, "nbf": NOW - 86400, "exp": NOW + 86400, "total": 10000,
    "per_sale": 4000, "count": 5, "pass_signed": "issuer", "pass_bytes": None,
    # the payment
    "iat": NOW, "amount": AMOUNT, "agreed_in": EUR, "order": ORDER, "payment_signed": "device", "payment_bytes": None,
    # what the scanner makes of it all
    "text": None,
}  # fmt: skip


class Sodium:
    """The terminal's signatures by libsodium, for speed; the same bytes as ed25519's."""

    TABLE_SIZE = 0

    verify = staticmethod(crypto.verify)
    public_key = staticmethod(crypto.public_key)

    @staticmethod
    def sign(seed, message):
        return crypto.signer(seed)(message)

    def Verifier(self, key, _):
        return SimpleNamespace(verify=lambda message, signature: self.verify(key, message, signature))


class Counting(Sodium):
    """Counts what it is asked to verify."""

    def __init__(self):
        self.verified = 0

    def verify(self, *args):
        self.verified += 1
        return crypto.verify(*args)


class Bench:
    """A selling terminal whose parts are exchanged from case to case."""

    def __init__(self):
        self.crypto = Counting()
        self.fresh()

    def fresh(self):
        folder()  # before the terminal's own: fresh_files() closes what an earlier one left open
        self.world = world.selling(crypto=self.crypto)
        self.terminal = self.world.terminal
        self.shift = self.terminal.chain.shift
        self.room = self.terminal.journal.room
        # one sale really made, which already_paid finds again
        assert self.world.pay(world.quick("first")) == "approved"
        self.found = self.terminal.journal.find_payment(world.kid_of("issuer") + world.some("first", 8), 1)

    def scan(self, case, way, clock):
        """(code, signatures it took, did it change anything) of this case."""
        t = self.terminal
        if t.journal.number > 100:
            self.fresh()
            t = self.terminal
        self._trust(case, way, clock)
        self._state(case)
        sale = self._sale(case)
        text = self._text(case, way, sale)
        before = self._seen(sale)
        verified = self.crypto.verified
        code = t.scan(text, sale).code
        return code, self.crypto.verified - verified, self._seen(sale) != before

    def _trust(self, case, way, clock):
        t = self.terminal
        t.trust = trust_of(bundle_of(case, way, clock), case["bundle"])
        t.trust.revoked = lambda ident: case["revoked"]
        t.clock = Clock(lambda: 0, lambda: NOW if clock == RTC else None)
        t.clock.bound(NOW - 7200, case["not_after"], 60)
        if clock == SYNCED:
            t.clock.sync(NOW)
        elif clock == FLOOR:
            t.clock.raise_floor(NOW)

    def _state(self, case):
        t = self.terminal
        t.journal.fault = case["fault"]
        t.journal.room = lambda: case["room"]
        t.journal.find_payment = lambda ident, seq: self.found if case["paid"] else None
        t.chain.shift = self.shift if case["shift"] else None
        t.store.since_ground = [case["sold"], {}]
        t.passes = PassCache(self.crypto.verify, 32)
        t.spend = SpendTable(2)
        ident = world.kid_of(case["pass_signed"]) + world.some("passenger", 8)
        for seq, amount in case["spent"]:
            t.spend.add(ident, seq, amount, NOW + 86400)
        while case["crowd"] and t.spend.used < t.spend.capacity:
            t.spend.add(world.some(f"other {t.spend.used}", 16), 1, 1, NOW + 86400)

    def _sale(self, case):
        sale = Sale(EUR, cbor, lambda: 0)
        for line in case["lines"]:
            sale.add(*line)
        return sale

    def _text(self, case, way, sale):
        challenge = self._bill(case, sale) if way == CHALLENGED else None
        terms = [[case["amount"], case["agreed_in"]], [case["amount"], case["agreed_in"], case["order"]], None][way - 1]
        its = changed(a_pass(case), case["pass_bytes"])
        paid = changed(a_payment(its, case, terms, challenge), case["payment_bytes"])
        return case["text"](its, paid) if case["text"] else shown(its, paid)

    def _bill(self, case, sale):
        """The challenge that the passenger answers; afterwards the terminal's bill is as the case has it."""
        asked = Sale(EUR, cbor, lambda: 0)
        for line in LINES:
            asked.add(*line)
        bill = asked.make_bill(self.terminal.keys.kid, bytes(16))
        bill.order = case["billed"]
        if case["lines"] and case["bill"] != "none":
            sale.make_bill(self.terminal.keys.kid, bytes(15) + b"\x01" if case["bill"] == "another" else bytes(16))
            sale._deadline *= case["bill"] != "run out"
        return bill.challenge(cbor)

    def _seen(self, sale):
        t = self.terminal
        return t.journal.number, t.journal.head, bytes(t.spend._table), str(t.store.since_ground)


def bundle_of(case, way, clock):
    caps = [list(row) for row in CAPS]
    if case["floor_cap"] is not None:
        caps[CHALLENGED - 1][FLOOR - 1] = case["floor_cap"]
    if case["cap"] is not None:
        caps[way - 1][clock - 1] = case["cap"]
    return signed_bundle(
        case["not_after"], case["delegated_until"], (case["sold_in"], 2, tuple(map(tuple, caps)), case["max_sum"]),
        (case["issuer"], case["issuer_from"], case["issuer_until"]),
        (case["issuer_currency"], case["issuer_per_sale"], case["issuer_total"]),
        (60, case["lifetime"], case["max_sales"], 604800),
    )  # fmt: skip


@functools.lru_cache(2000)
def signed_bundle(not_after, delegated_until, currency, issuer, issuer_cap, limits):
    number, exponent, caps, most = currency
    return world.bundle(
        delegation=world.delegation(not_after=delegated_until), not_after=not_after,
        currencies=[[number, exponent, [list(row) for row in caps], most]],
        issuers=[world.issuer_entry(*issuer, (issuer_cap,))], limits=list(limits),
    )  # fmt: skip


@functools.lru_cache(1)
def folder():
    return world.fresh_files()


@functools.lru_cache(2000)
def trust_of(data, there):
    trust = Trust(folder(), cbor, crypto.verify)
    if there:
        trust.install(data, [world.public(root) for root in world.ROOTS], 0)
    return trust


def a_pass(case):
    return signed_pass(
        case["pass_signed"], case["aud"], case["flight"], case["nbf"], case["exp"],
        (case["currency"], case["total"], case["per_sale"], case["count"]),
    )  # fmt: skip


@functools.lru_cache(2000)
def signed_pass(issuer, aud, flight, nbf, exp, limits):
    return world.a_pass(issuer=issuer, aud=aud, flight=list(flight), nbf=nbf, exp=exp, limits=list(limits))


def a_payment(its, case, terms, challenge):
    return world.payment(its, SEQ, case["iat"], case["payment_signed"], terms, challenge)


def changed(data, change):
    return change(data) if change else data


def last_bit(data):
    """Another signature, which is none."""
    return data[:-1] + bytes([data[-1] ^ 1])


def shown(*items):
    """As the wallet would, but for objects that fit no scanner's code too."""
    return b"CP1:" + base45.encode(cbor.encode(list(items))).encode()


def header_of(data, protected):
    """The same COSE_Sign1 with another protected header."""
    sign1 = cose.parse(data, cbor)
    return cbor.encode([protected, {}, sign1.payload, sign1.signature])
