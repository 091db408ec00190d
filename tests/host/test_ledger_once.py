"""A payment is debited once, whatever carries it, whoever comes first."""

import itertools

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cabinpay_host.ledger import Ledger, views
from host import ledger_world as w
from host.ledger_world import dump, faults, money, open_codes

DEARER = [[300, 1, 990]]


def two_terminals(ann, payment, second=w.SANDWICH, later=300):
    one, two = w.Terminal("A"), w.Terminal("B", time=w.NOW + later)
    for terminal, lines in ((one, w.SANDWICH), (two, second)):
        terminal.open()
        terminal.sale(ann, lines, payment=payment)
    return one, two


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize("lines", [w.SANDWICH, DEARER])
def test_a_replay_on_two_terminals_is_one_debit_and_one_loss(tmp_path, swapped, lines):
    ann = w.Passenger("ann")
    one, two = two_terminals(ann, ann.pay(), lines)
    loss = lines[0][2]
    with w.new_ledger(tmp_path, one, two) as ledger:
        for terminal in (two, one) if swapped else (one, two):
            ledger.take(terminal.kid, terminal.items, "sync")
        assert open_codes(ledger) == {("B", 2): ["replay", "stale"]}
        assert money(ledger) == {
            (ann.account, w.EUR): 650, ("loss:9C", w.EUR): loss, ("sales:9C", w.EUR): -650 - loss,
        }  # fmt: skip
        with ledger.reading() as session:
            assert [s.terminal for s in views.statement_of_pass(session, w.ISSUER.kid, ann.cti)] == ["A"]
        assert faults(ledger) == []


def test_what_was_over_the_limit_is_not_when_an_earlier_receipt_takes_its_place(tmp_path):
    ann = w.Passenger("ann", limits=(w.EUR, 5000, 700, 9))
    one, two = two_terminals(ann, ann.pay(), DEARER)
    with w.new_ledger(tmp_path, one, two) as ledger:
        ledger.take(two.kid, two.items, "sync")
        assert open_codes(ledger) == {("B", 2): ["over_limit", "stale"]}
        ledger.take(one.kid, one.items, "sync")
        assert open_codes(ledger) == {("B", 2): ["replay", "stale"]} and faults(ledger) == []


def test_another_signature_of_the_same_payment_is_the_same_payment(tmp_path):
    ann = w.Passenger("ann")
    payment = ann.pay()
    again = w.forged_again(ann, payment)
    one, two = w.Terminal("A"), w.Terminal("B", time=w.NOW + 300)
    one.sale(ann, payment=payment)
    two.sale(ann, payment=again)
    two.sale(ann, payment=ann.pay(seq=ann.seq, iat=w.NOW + 5))  # same seq, signed over other claims
    assert payment != again
    with w.new_ledger(tmp_path, one, two) as ledger:
        for terminal in (one, two):
            ledger.take(terminal.kid, terminal.items, "sync")
        assert open_codes(ledger, "no_shift") == {("B", 1): ["replay", "stale"], ("B", 2): ["replay", "stale"]}
        assert money(ledger)[ann.account, w.EUR] == 650 and money(ledger)["loss:9C", w.EUR] == 1300


def test_the_same_seq_of_another_pass_or_issuer_is_another_payment(tmp_path):
    other = w.Key("second issuer")
    people = [w.Passenger("ann"), w.Passenger("bob"), w.Passenger("ann", issuer=other)]
    terminal = w.Terminal("A")
    terminal.open()
    for who in people:
        terminal.sale(who, payment=who.pay(seq=7, iat=terminal.time))
    with w.new_ledger(tmp_path, terminal, bundles=[w.bundle(w.ISSUER, other)]) as ledger:
        assert ledger.take(terminal.kid, terminal.items, "sync").exceptions == ()
        assert [money(ledger)[who.account, w.EUR] for who in people] == [650] * 3


def test_a_payment_kept_twice_in_one_chain(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    payment = ann.pay()
    terminal.open()
    terminal.sale(ann, payment=payment)
    terminal.sale(ann, payment=payment)
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert ledger.take(terminal.kid, terminal.items, "sync").exceptions == ((3, "replay"),)
        assert money(ledger)[ann.account, w.EUR] == 650 and faults(ledger) == []


def fleet():
    """Three terminals and a clone, with about everything that can be wrong."""
    ann, bob = w.Passenger("ann", limits=(w.EUR, 3000, 900, 9)), w.Passenger("bob")
    one, two, three = w.Terminal("A"), w.Terminal("B", time=w.NOW + 30), w.Terminal("C", time=w.NOW + 7)
    photo = bob.pay()
    for terminal in (one, two, three):
        terminal.open()
        terminal.sale(ann, mode=w.CHALLENGED)
        terminal.sale(bob, DEARER if terminal is two else w.SANDWICH, payment=photo)
    clone = one.twin()
    clone.sale(ann)
    clone.sale(bob, DEARER, mode=w.BOUND)
    one.sale(bob, signer=w.Key("stranger"))
    one.spoil()
    one.sale(ann, mode=w.BOUND)
    one.close()
    two.sale(w.Passenger("eve", issuer=w.Key("stranger")))
    two.sale(ann, DEARER, previous=bytes(32))
    two.close()
    three.sale(ann, evidence=b"")
    return one, two, three, clone


FLEET = fleet()
PARTS = [(t.kid, item) for t in FLEET[:3] for item in t.items] + [(FLEET[3].kid, i) for i in FLEET[3].items[3:]]


def settle_all(ledger):
    """Ends as life does: every terminal syncs until nothing is left, the clone before its original."""
    for terminal in (FLEET[3], *FLEET[:3]):
        ledger.take(terminal.kid, terminal.items, "sync")
        w.pull(ledger, terminal)
    return dump(ledger)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    with w.new_ledger(tmp_path_factory.mktemp("reference"), *FLEET[:3]) as ledger:
        reference = settle_all(ledger)
        assert faults(ledger) == []
        codes = {code for codes in open_codes(ledger).values() for code in codes}
        assert codes == {
            "bad_receipt", "bad_signature", "bad_evidence", "unknown_issuer", "chain", "fork", "over_limit", "replay",
            "stale",
        }  # fmt: skip
    return reference


@st.composite
def deliveries(draw):
    """Batches of one terminal each: any order, any partition, anything twice, anything left for later."""
    order = draw(st.lists(st.sampled_from(range(len(PARTS))), min_size=1, max_size=30))
    cuts = draw(st.lists(st.booleans(), min_size=len(order), max_size=len(order)))
    batches = []
    for index, cut in zip(order, cuts, strict=True):
        kid, item = PARTS[index]
        if cut or not batches or batches[-1][0] != kid:
            batches.append((kid, []))
        batches[-1][1].append(item)
    return batches


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(batches=deliveries())
def test_any_order_of_any_batches_ends_in_the_same_ledger(reference, tmp_path_factory, batches):
    folder = tmp_path_factory.mktemp("ledger")
    with w.new_ledger(folder, *FLEET[:3]) as ledger:
        for kid, items in batches:
            ledger.take(kid, items, "sync")
        assert settle_all(ledger) == reference
        assert faults(ledger) == []


def test_orders_of_terminals_end_in_the_same_ledger(reference, tmp_path):
    for n, order in enumerate(list(itertools.permutations(FLEET))[::5]):
        folder = tmp_path / str(n)
        folder.mkdir()
        with w.new_ledger(folder, *FLEET[:3]) as ledger:
            for terminal in order:
                w.pull(ledger, terminal, batch=n % 4 + 2)
                ledger.take(terminal.kid, terminal.items, "sync")
            assert settle_all(ledger) == reference


def test_reopening_between_batches_changes_nothing(reference, tmp_path):
    w.new_ledger(tmp_path, *FLEET[:3]).close()
    for kid, item in PARTS[::-3]:
        with Ledger.open(*w.places(tmp_path)) as ledger:
            ledger.take(kid, [item], "sync")
    with Ledger.open(*w.places(tmp_path)) as ledger:
        assert settle_all(ledger) == reference
