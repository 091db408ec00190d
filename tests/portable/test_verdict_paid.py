"""The verdict, continued: codes that have paid, forged ones, limits and states."""

from cabinpay.agent import verdict
from cabinpay.wire import cbor
from cabinpay.wire.claims import Bill
from test_verdict import PASS, QUICK_OFF, Counting, challenged, costs, forged_pass
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
    kid_of,
    payment,
    quick,
    reboot,
    receipts,
    selling,
    shown,
    some,
)


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
    assert len(cache._known) == 48 and len(asked) == 4, "16 bytes a pass"
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
    blank.carved = 1
    blank.boot()
    assert blank.terminal.scan(quick(), None).code == "needs_recovery"


def test_the_ids_that_state_is_kept_by():
    scan = verdict.Scan(quick(seq=4), cbor)
    assert scan.ident == kid_of("issuer") + some("passenger", 8)
    assert scan.mode == 3 and scan.payment.seq == 4
