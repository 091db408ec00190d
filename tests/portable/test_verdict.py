"""Every verdict, each on really signed input, and the order in which they are looked at."""

import ed25519
from cabinpay.agent import verdict
from cabinpay.agent.texts import LINES as TEXTS
from cabinpay.wire import base45, cbor, cose
from cabinpay.wire.claims import Bill, lines_hash
from world import (
    AMOUNT,
    CAPS,
    DAY,
    EUR,
    FLIGHT,
    JPY,
    LINES,
    NOW,
    World,
    a_pass,
    bundle,
    delegation,
    issuer_entry,
    kid_of,
    payment,
    quick,
    ready,
    reboot,
    receipts,
    selling,
    shown,
    signed,
    some,
)


class Counting:
    """Ed25519 that counts what it is asked to verify."""

    def __init__(self):
        self.verified = 0
        self.public_key, self.sign = ed25519.public_key, ed25519.sign

    def verify(self, *args):
        self.verified += 1
        return ed25519.verify(*args)


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
    since = terminal.since_ground
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
    never = {"signature", "frame"}  # of the wire, but no scan can come to them
    assert covered | elsewhere | never == set(verdict.REASONS)
    for code in verdict.REASONS:
        assert code in never or all(0 < len(line) <= 28 for line in TEXTS[code]), code


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


def test_count_and_total_add_up_over_sales():
    world = selling()
    limited = {"limits": [EUR, 10000, 4000, 2]}
    assert [world.pay(quick(seq=n, **limited)) for n in (1, 2, 3)] == ["approved", "approved", "count"]
    limited = {"limits": [EUR, 2 * AMOUNT, 4000, 9]}
    assert [world.pay(quick("b", n, **limited)) for n in (1, 2, 3)] == ["approved", "approved", "total"]
    reboot(world)
    assert world.pay(quick(seq=4, limits=[EUR, 10000, 4000, 2])) == "count"
    assert world.pay(quick("b", 4, **limited)) == "total"


def test_a_full_table_takes_no_new_pass():
    world = selling(max_passes=2)
    codes = [world.pay(quick(name, seq)) for name, seq in (("a", 1), ("b", 1), ("c", 1), ("a", 2), ("c", 2))]
    assert codes == ["approved", "approved", "passes_full", "approved", "passes_full"]


def test_a_bill_is_paid_once_and_only_by_its_own_answer():
    world = selling(rtc=None, crypto=Counting())
    sale = world.sale()
    text = challenged(world, sale)
    assert costs(world, lambda: world.terminal.scan(text, world.sale()).code) == ("no_bill", 0)
    outcome = world.terminal.scan(text, sale)
    assert (outcome.code, outcome.number, outcome.amount, outcome.currency) == ("approved", 2, AMOUNT, EUR)
    assert sale.bill is None
    again = world.terminal.scan(text, sale)
    assert (again.code, again.number, again.amount, again.time) == ("already_paid", 2, AMOUNT, outcome.time)
    assert len(receipts(world)) == 2


def test_answers_to_other_bills():
    world = selling(crypto=Counting())
    sale = world.sale()
    first = challenged(world, sale)
    second = challenged(world, sale, seq=2)
    assert costs(world, lambda: world.terminal.scan(first, sale).code) == ("other_bill", 0)
    assert world.terminal.scan(second, sale).code == "approved"
    # what another terminal asks, or this one for another order, hashes to another challenge
    sale = world.sale()
    bill = world.terminal.bill(sale)
    for field, value in (("terminal_kid", bytes(8)), ("order", bytes(8)), ("amount", 1), ("currency", JPY)):
        fields = {
            "terminal_kid": bill.terminal_kid,
            "nonce": bill.nonce,
            "amount": bill.amount,
            "currency": bill.currency,
            "order": bill.order,
        }
        fields[field] = value
        other = Bill(**fields).challenge(cbor)
        its = a_pass()
        text = shown(its, payment(its, 9, terms=[AMOUNT, EUR], challenge=other))
        assert world.terminal.scan(text, sale).code == "other_bill", field


def test_a_bill_answered_with_another_amount():
    world = selling(crypto=Counting())
    sale = world.sale()
    text = challenged(world, sale, amount=AMOUNT - 1)
    assert costs(world, lambda: world.terminal.scan(text, sale).code) == ("amount", 0)


def test_a_bill_dies():
    for how in ("time", "reboot", "line", "approval"):
        world = selling()
        sale = world.sale()
        text = challenged(world, sale)
        if how == "time":
            world.seconds = 120
        elif how == "reboot":
            reboot(world)
            sale = world.sale()
        elif how == "line":
            sale.add(301, 1, 1)
        else:
            assert world.terminal.scan(quick("other"), sale).code == "approved"
        assert world.terminal.scan(text, sale).code == "no_bill", how


def test_a_bill_over_the_limit_of_a_floor_clock():
    for lines, code in (([[1, 1, 3000]], "approved"), ([[1, 1, 3001]], "terminal_limit")):
        world = selling(rtc=None)
        sale = world.sale(lines)
        assert world.terminal.scan(challenged(world, sale), sale).code == code


def test_a_bundle_that_has_run_out_leaves_bills_under_the_floor_limit():
    for lines, code in (([[1, 1, 3000]], "approved"), ([[1, 1, 3001]], "terminal_limit")):
        world = selling(bundle(not_after=NOW - 1))
        sale = world.sale(lines)
        assert world.terminal.scan(challenged(world, sale), sale).code == code
        assert world.pay(quick("other")) == "bundle_expired"


def test_too_many_sales_since_the_ground_leave_bills_under_the_floor_limit():
    for changes in ({"limits": [60, 864000, 2, 1]}, {"currencies": [[EUR, 2, CAPS, 2 * AMOUNT]]}):
        world = selling(bundle(**changes))
        codes = [world.pay(quick(name)) for name in ("a", "b", "c")]
        assert codes == ["approved", "approved", "ground_overdue"]
        reboot(world)
        assert world.pay(quick("c")) == "ground_overdue"
        for lines, code in (([[1, 1, 3001]], "terminal_limit"), ([[1, 1, 3000]], "approved")):
            sale = world.sale(lines)
            assert world.terminal.scan(challenged(world, sale, name="d"), sale).code == code


def test_a_sale_that_would_overshoot_the_sum_since_the_ground_is_overdue():
    for max_sum, found in ((2 * AMOUNT, "approved"), (2 * AMOUNT - 1, "ground_overdue")):
        world = selling(bundle(currencies=[[EUR, 2, CAPS, max_sum], [JPY, 0, CAPS, 1]]))
        assert world.pay(quick("a")) == "approved"
        assert world.pay(quick("b")) == found
    # what still fits is sold, and a bill under the floor limit always
    assert world.pay(quick("b"), [[1, 1, AMOUNT - 1]]) == "approved"
    sale = world.sale([[1, 1, 3000]])
    assert world.terminal.scan(challenged(world, sale, name="d"), sale).code == "approved"


def test_a_rescan_says_already_paid_whatever_has_changed_around_it():
    def later(world):
        world.seconds = 61

    def much_later(world):
        world.seconds = 3 * 86400

    def closed(world):
        world.terminal.close_shift()

    def other_flight(world):
        world.terminal.open_shift("1", FLIGHT + 1, DAY)

    def floor(world):
        world.rtc = None

    def bundle_without_quick(world):
        world.terminal.install(bundle(version=8, currencies=[QUICK_OFF]))

    for change in (later, much_later, closed, other_flight, floor, bundle_without_quick):
        world = selling()
        text = quick(flight=[FLIGHT, DAY])
        first = world.terminal.scan(text, world.sale())
        assert first.code == "approved"
        change(world)
        for lines in (LINES, [], [[1, 1, 1]]):
            again = world.terminal.scan(text, world.sale(lines))
            assert (again.code, again.number, again.amount) == ("already_paid", first.number, AMOUNT), change
            assert again.time == first.time
        reboot(world)
        assert world.terminal.scan(text, world.sale()).code == "already_paid"


def test_a_rescan_of_a_removed_issuers_pass_is_refused():
    world = selling()
    assert world.pay(quick()) == "approved"
    world.terminal.install(bundle(version=8, issuers=[]))
    assert world.pay(quick()) == "issuer"


def test_a_currency_that_a_new_bundle_has_dropped():
    world = selling()
    sale = world.sale()
    world.terminal.install(bundle(version=8, currencies=[[JPY, 0, CAPS, 500000]]))
    assert world.terminal.scan(quick(), sale).code == "currency"
    sale_text = challenged(world, sale)
    assert world.terminal.scan(sale_text, sale).code == "currency"


def test_who_forges_a_known_pass_id_learns_nothing():
    # the same forgeries before and after the sale get the same answers, whatever seq they guess
    answers = []
    world = selling()
    for _ in range(2):
        found = []
        for seq in (1, 2, 9):
            found.append(world.pay(shown(forged_pass(), payment(forged_pass(), seq))))
            found.append(world.pay(shown(PASS, payment(PASS, seq, device="thief"))))
            found.append(world.pay(shown(PASS, payment(PASS, seq, NOW - 100, "thief"))))
            found.append(world.pay(shown(PASS, payment(PASS, seq, device="thief")), []))
        answers.append(found)
        world.pay(quick(seq=5))
    assert answers[0] == answers[1] == ["pass_signature", "payment_signature", "stale", "no_sale"] * 3


def test_limits_are_not_shown_to_forgers_either():
    world = selling()
    for seq in range(1, 6):
        assert world.pay(quick(seq=seq), [[1, 1, 100]]) == "approved"
    assert world.pay(quick(seq=6)) == "count"
    assert world.pay(shown(PASS, payment(PASS, 6, device="thief"))) == "payment_signature"


def test_a_pass_verified_once_is_not_verified_again_but_everything_else_is():
    world = selling(crypto=Counting())
    world.pay(quick(seq=1))
    code, cost = costs(world, lambda: world.pay(quick(seq=2)))
    # the payment, and the terminal's own receipt
    assert (code, cost) == ("approved", 2)
    assert world.pay(shown(PASS, payment(PASS, 3, device="thief"))) == "payment_signature"
    longer = a_pass(exp=NOW + 3 * 86400)
    code, cost = costs(world, lambda: world.pay(shown(longer, payment(longer, 4))))
    assert (code, cost) == ("approved", 3)


def test_a_failed_signature_is_not_remembered():
    world = selling(crypto=Counting())
    text = shown(forged_pass(), payment(forged_pass()))
    for _ in range(3):
        assert costs(world, lambda: world.pay(text)) == ("pass_signature", 1)


def test_the_cache_of_passes_is_bounded():
    asked = []
    cache = verdict.PassCache(lambda *args: asked.append(args) or True, 3)
    scans = [verdict.Scan(quick(name), cbor) for name in "abcd"]
    for scan in scans:
        assert cache.holds(scan, bytes(32))
    assert len(cache._known) == 3 and len(asked) == 4
    assert cache.holds(scans[3], bytes(32)) and len(asked) == 4
    assert cache.holds(scans[3], b"another key") and len(asked) == 5


def test_one_payment_in_other_bytes_pays_once():
    # the same claims signed again over a pass of the same id are the same payment
    world = selling()
    assert world.pay(quick(seq=1)) == "approved"
    assert world.pay(quick(seq=1, iat=NOW + 1)) == "already_paid"
    assert world.pay(quick(seq=1, exp=NOW + 86400)) == "already_paid"
    assert len(receipts(world)) == 2


def test_states_that_do_not_sell():
    blank = World(rtc=NOW)
    assert blank.terminal.scan(quick(), None).code == "blank"
    blank.carved = True
    blank.boot()
    assert blank.terminal.scan(quick(), None).code == "needs_recovery"


def test_the_ids_that_state_is_kept_by():
    scan = verdict.Scan(quick(seq=4), cbor)
    assert scan.ident == kid_of("issuer") + some("passenger", 8)
    assert scan.mode == 3 and scan.payment.seq == 4
