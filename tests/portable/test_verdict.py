"""Every verdict, each on really signed input, and the order in which they are looked at."""

import ed25519
from cabinpay.wire import base45, cbor, cose
from cabinpay.wire.claims import lines_hash
from reasons import REASONS
from texts import TEXTS
from world import (
    AMOUNT,
    CAPS,
    DAY,
    EUR,
    FLIGHT,
    JPY,
    LINES,
    NOW,
    a_pass,
    bundle,
    delegation,
    issuer_entry,
    payment,
    quick,
    ready,
    receipts,
    selling,
    shown,
    signed,
)


class Counting:
    """Ed25519 that counts what it is asked to verify."""

    TABLE_SIZE = 0

    def __init__(self):
        self.verified = 0
        self.public_key, self.sign = ed25519.public_key, ed25519.sign

    def verify(self, *args):
        self.verified += 1
        return ed25519.verify(*args)

    def Verifier(self, key, _):
        return Table(self, key)


class Table:
    def __init__(self, crypto, key):
        self._crypto, self._key = crypto, key

    def verify(self, message, signature):
        return self._crypto.verify(self._key, message, signature)


def costs(world, function):
    """(what `function` returns, signatures it took)."""
    before = world.crypto.verified
    result = function()
    return result, world.crypto.verified - before


def text_of(*items):
    return b"CP1:" + base45.encode(cbor.encode(list(items))).encode()


def challenged(world, sale, seq=1, name="passenger", amount=None, challenge=None, iat=NOW):
    """The code that pays the open bill of `sale`, or another amount or challenge."""
    bill = world.terminal.bill(sale)
    its = a_pass(name)
    terms = [sale.amount if amount is None else amount, sale.currency]
    return shown(its, payment(its, seq, iat, terms=terms, challenge=challenge or bill.challenge(cbor)))


def bound(amount=AMOUNT, currency=EUR, order=None, seq=1, iat=NOW):
    its = a_pass()
    return shown(its, payment(its, seq, iat, terms=[amount, currency, order or lines_hash(LINES, cbor)[:8]]))


def forged_pass(**changes):
    its = a_pass(**changes)
    return its[:-1] + bytes([its[-1] ^ 1])


def unsigned(payment_bytes):
    return payment_bytes[:-1] + bytes([payment_bytes[-1] ^ 1])


def own_pass(claims):
    return signed("issuer", cbor.encode(claims), cose.AAD_PASS)


PASS, PAYMENT = a_pass(), payment(a_pass())
KIDLESS = cose.sign(cose.parse(PASS, cbor).payload, None, lambda m: bytes(64), b"", cbor)
NAMED = signed("device", cose.parse(PAYMENT, cbor).payload, PASS)
QUICK_OFF = [EUR, 2, [CAPS[0], CAPS[1], [0, 0, 0]], 500000]
ORDER = lines_hash(LINES, cbor)[:8]

# (code, bundle's changes, RTC, scanned text): all with an open shift and a sale of 12.00 keyed in
REFUSED = (
    ("length", {}, NOW, b"CP1:" + b"A" * 480),
    ("prefix", {}, NOW, b"CP1B:" + quick()[4:]),
    ("prefix", {}, NOW, b""),
    ("prefix", {}, NOW, b"\xff\x00\xfe"),
    ("base45", {}, NOW, quick()[:-1] + b"a"),
    ("base45", {}, NOW, b"CP1:" + b"A"),
    ("base45", {}, NOW, b"CP1::::"),
    ("cbor", {}, NOW, b"CP1:"),
    ("cbor", {}, NOW, b"CP1:" + base45.encode(cbor.encode([PASS, PAYMENT]) + b"\x00").encode()),
    ("cbor", {}, NOW, text_of(PASS[:-1], PAYMENT)),
    ("cbor", {}, NOW, text_of(PASS, PAYMENT + b"\x00")),
    ("cose", {}, NOW, text_of(b"\xa0", PAYMENT)),
    ("cose", {}, NOW, text_of(KIDLESS, PAYMENT)),
    ("cose", {}, NOW, text_of(PASS, NAMED)),
    ("schema", {}, NOW, text_of(PASS)),
    ("schema", {}, NOW, text_of(PASS, 7)),
    ("schema", {}, NOW, text_of(own_pass({1: 1}), PAYMENT)),
    ("schema", {}, NOW, text_of(own_pass([]), PAYMENT)),
    ("schema", {}, NOW, text_of(PASS, payment(PASS, terms=[AMOUNT, EUR, ORDER], challenge=bytes(8)))),
    ("schema", {}, NOW, text_of(PASS, payment(PASS, challenge=bytes(8)))),
    ("schema", {}, NOW, text_of(PASS, payment(PASS, terms=[AMOUNT, EUR]))),
    ("issuer", {"issuers": []}, NOW, quick()),
    ("issuer", {}, NOW, quick(issuer="issuer 2")),
    ("issuer", {"issuers": [issuer_entry(start=NOW + 1)]}, NOW, quick()),
    ("issuer", {"issuers": [issuer_entry(end=NOW)]}, NOW, quick()),
    ("airline", {"airline": "QQ"}, NOW, quick()),
    ("flight", {}, NOW, quick(flight=[FLIGHT + 1, DAY])),
    ("flight", {}, NOW, quick(flight=[FLIGHT, DAY + 1])),
    ("currency", {}, NOW, quick(limits=[JPY, 10000, 4000, 5])),
    ("currency", {"issuers": [issuer_entry(caps=((JPY, 4500, 15000),))]}, NOW, quick()),
    ("pass_early", {}, NOW, quick(nbf=NOW + 1)),
    ("pass_expired", {}, NOW, quick(exp=NOW)),
    ("pass_expired", {}, None, quick(exp=NOW - 7200)),
    ("pass_lifetime", {}, NOW, quick(exp=NOW + 1, nbf=NOW - 10 * 86400)),
    ("mode", {"currencies": [QUICK_OFF]}, NOW, quick()),
    ("mode", {}, None, quick()),
    ("mode", {}, None, bound()),
    ("bundle_expired", {"not_after": NOW - 1}, NOW, quick()),
    ("bundle_expired", {"delegation": delegation(not_after=NOW - 1)}, NOW, bound()),
    ("ground_overdue", {"currencies": [[EUR, 2, CAPS, 0]]}, NOW, quick()),
    ("stale", {}, NOW, quick(iat=NOW - 61)),
    ("stale", {"limits": [30, 10 * 86400, 500, 1]}, NOW, bound(iat=NOW - 31)),
    ("stale", {"currencies": [[EUR, 2, [[9999] * 3] * 3, 9999]]}, None, quick(iat=NOW - 7200 - 61)),
    ("ahead", {}, NOW, quick(iat=NOW + 61)),
    ("ahead", {}, NOW, bound(iat=NOW + 61)),
    ("no_bill", {}, NOW, text_of(PASS, payment(PASS, terms=[AMOUNT, EUR], challenge=bytes(8)))),
    ("amount", {}, NOW, bound(amount=AMOUNT - 1)),
    ("amount", {}, NOW, bound(currency=JPY)),
    ("order", {}, NOW, bound(order=bytes(8))),
    ("pass_signature", {}, NOW, text_of(forged_pass(), payment(forged_pass()))),
    ("pass_signature", {}, NOW, text_of(forged_pass(exp=NOW + 5), PAYMENT)),
    ("payment_signature", {}, NOW, text_of(PASS, unsigned(PAYMENT))),
    ("payment_signature", {}, NOW, text_of(PASS, payment(PASS, device="device 2"))),
    ("payment_signature", {}, NOW, text_of(a_pass("another"), PAYMENT)),
    ("per_sale", {}, NOW, quick(limits=[EUR, 10000, AMOUNT - 1, 5])),
    ("per_sale", {"issuers": [issuer_entry(caps=((EUR, AMOUNT - 1, 15000),))]}, NOW, quick()),
    ("total", {}, NOW, quick(limits=[EUR, AMOUNT - 1, 4000, 5])),
    ("total", {"issuers": [issuer_entry(caps=((EUR, 4500, AMOUNT - 1),))]}, NOW, quick()),
    ("terminal_limit", {"currencies": [[EUR, 2, [[AMOUNT - 1] * 3] * 3, 9999]]}, NOW, quick()),
    ("terminal_limit", {"currencies": [[EUR, 2, [[AMOUNT - 1] * 3] * 3, 9999]]}, NOW, bound()),
)

# accepted at the very edge of what the rows above refuse
APPROVED = (
    ({}, NOW, quick()),
    ({}, NOW, bound()),
    ({"airline": "XC"}, NOW, quick(flight=[FLIGHT, DAY])),
    ({"issuers": [issuer_entry(start=NOW, end=NOW + 1)]}, NOW, quick()),
    ({}, NOW, quick(nbf=NOW)),
    ({}, NOW, quick(exp=NOW + 1)),
    ({}, NOW, quick(exp=NOW + 1, nbf=NOW + 1 - 10 * 86400)),
    ({"not_after": NOW, "delegation": delegation(not_after=NOW)}, NOW, quick()),
    ({}, NOW, quick(iat=NOW - 60)),
    ({}, NOW, quick(iat=NOW + 60)),
    ({}, NOW, quick(limits=[EUR, AMOUNT, AMOUNT, 1])),
    ({"issuers": [issuer_entry(caps=((EUR, AMOUNT, AMOUNT),))]}, NOW, quick()),
    ({"currencies": [[EUR, 2, [[AMOUNT] * 3] * 3, 9999]]}, NOW, bound()),
    # a floor over which quick is on: the phone's clock may be ahead of it, and a window before it
    ({"currencies": [[EUR, 2, [[9999] * 3] * 3, 9999]]}, None, quick(iat=NOW + 5000, nbf=NOW + 4000)),
    ({"currencies": [[EUR, 2, [[9999] * 3] * 3, 9999]]}, None, quick(iat=NOW - 7260)),
)


def table_world(changes, rtc):
    # an RTC that is no longer within the bundle is a test of the bundle, not of installing it
    return selling(bundle(**changes), rtc=rtc, crypto=Counting())


def state_of(world):
    terminal = world.terminal
    since = terminal.store.since_ground
    return (
        terminal.journal.number,
        terminal.journal.head,
        bytes(terminal.spend._table),
        since[0],
        sorted(since[1].items()),
        terminal.chain.last_sale,
    )


def test_refusals_change_nothing_and_cost_signatures_only_at_the_end():
    for i, (code, changes, rtc, text) in enumerate(REFUSED):
        world = table_world(changes, rtc)
        before = state_of(world)
        found, cost = costs(world, lambda w=world, t=text: w.pay(t))
        assert found == code, (i, code, found)
        assert state_of(world) == before, (i, code)
        late = ("payment_signature", "per_sale", "total", "terminal_limit")
        assert cost == (2 if code in late else 1 if code == "pass_signature" else 0), (i, code, cost)


def test_what_is_just_within_is_approved():
    for i, (changes, rtc, text) in enumerate(APPROVED):
        world = table_world(changes, rtc)
        assert world.pay(text) == "approved", i
        assert len(receipts(world)) == 2


def test_every_reason_is_tested_and_has_a_text_for_the_crew():
    covered = {row[0] for row in REFUSED}
    elsewhere = {"no_shift", "no_bundle", "no_sale", "other_bill", "already_paid", "seq", "count", "passes_full"}
    elsewhere.add("revoked")  # test_trust_files.py
    elsewhere.update(("full", "storage", "damaged", "rolled_back", "blank", "needs_recovery"))
    never = {"signature"}  # of the wire, but no scan can come to it
    assert covered | elsewhere | never == set(REASONS)
    for code in REASONS:
        assert code in never or all(0 < len(line) <= 28 for line in TEXTS.get(code)), code


def test_outside_a_shift():
    world = ready(crypto=Counting())
    assert costs(world, lambda: world.pay(quick())) == ("no_shift", 0)
    world.terminal.open_shift("1", FLIGHT, DAY)
    assert world.pay(quick()) == "approved"
    world.terminal.close_shift()
    assert world.pay(quick(seq=2)) == "no_shift"


def test_nothing_keyed_in():
    world = selling(crypto=Counting())
    assert costs(world, lambda: world.pay(quick(), [])) == ("no_sale", 0)


def test_seq_must_rise():
    world = selling()
    assert [world.pay(quick(seq=seq)) for seq in (5, 9, 7, 1, 9, 5, 10)] == [
        "approved",
        "approved",
        "seq",
        "seq",
        "already_paid",
        "already_paid",
        "approved",
    ]
    assert len(receipts(world)) == 4
