"""Voids, breaks, hand-ins and a lost terminal, in any order and any parts: one ledger in the end, and one archive
that makes it again."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cabinpay_host.ledger.rebuild import rebuild
from host import ledger_world as w
from host.ledger_world import dump, faults, open_codes

DEARER = [[300, 1, 990]]


def damaged_terminal(ann, bob, photo):
    """A: a sale cancelled twice, one cancelled in another shift, two lost from its flash; and its items before that."""
    one = w.Terminal("A")
    one.open()
    first = one.sale(ann, mode=w.CHALLENGED)
    one.sale(bob, payment=photo)
    one.void(first)
    one.void(first)
    other = one.sale(ann, DEARER, mode=w.BOUND)
    one.close()
    one.open()
    one.void(other)
    one.note()
    one.sale(ann)
    one.sale(bob, mode=w.CHALLENGED)
    before = list(one.items)
    one.damage(10, 20)
    one.sale(bob)
    return one, before


def fleet():
    """(terminals, what each of them streams, what phones hand in)"""
    ann, bob = w.Passenger("ann", limits=(w.EUR, 3000, 900, 4)), w.Passenger("bob")
    photo, shared = bob.pay(), ann.pay()
    one, before = damaged_terminal(ann, bob, photo)
    two, three = w.Terminal("B", time=w.NOW + 30), w.Terminal("C", time=w.NOW + 7)
    for terminal in (two, three):
        terminal.open()
        terminal.void(terminal.sale(bob, DEARER, payment=photo))
        terminal.sale(ann, payment=shared)
        terminal.sale(bob, mode=w.CHALLENGED, evidence=b"")
    two.void((0, three.items[3][1], b""))
    phones = [w.shown(item) for item in (*before, *two.items, *three.items) if item[2]] + [(two.items[2][1],)]
    return (one, two, three), [before, one.items, two.items, three.items], phones


TERMINALS, STREAMS, PHONES = fleet()
KIDS = [TERMINALS[0].kid, *(t.kid for t in TERMINALS)]
TAKES = [(kid, item) for kid, items in zip(KIDS, STREAMS, strict=True) for item in items]


def settle_all(ledger):
    for receipt in PHONES:
        ledger.hand_in(*receipt)
    for kid, items in zip(KIDS, STREAMS, strict=True):
        ledger.take(kid, items, "sync")
    ledger.report_lost(TERMINALS[2].kid, 3)
    return dump(ledger)


def again(folder, ledger):
    copy, unread = rebuild(ledger.archive.path, f"sqlite:///{folder}/again.db", folder / "again.archive")
    with copy:
        assert unread == 0 and faults(copy) == []
        return dump(copy)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    with w.new_ledger(tmp_path_factory.mktemp("reference"), *TERMINALS) as ledger:
        reference = settle_all(ledger)
        assert faults(ledger) == []
        codes = {code for codes in open_codes(ledger).values() for code in codes}
        assert codes == {"void", "break", "replay", "lost_terminal", "bad_evidence", "over_limit", "stale"}
    return reference


STEPS = st.lists(st.integers(-1 - len(PHONES), len(TAKES) - 1), min_size=1, max_size=25)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, batch=st.integers(1, 4))
def test_any_order_ends_in_the_same_ledger(reference, tmp_path_factory, steps, batch):
    folder = tmp_path_factory.mktemp("ledger")
    with w.new_ledger(folder, *TERMINALS) as ledger:
        for step in steps:
            if step >= 0:
                kid = TAKES[step][0]
                ledger.take(kid, [item for k, item in TAKES[step : step + batch] if k == kid], "sync")
            elif step == -1:
                ledger.report_lost(TERMINALS[2].kid, 3)
            else:
                ledger.hand_in(*PHONES[-step - 2])
        assert faults(ledger) == []
        assert settle_all(ledger) == reference
        assert faults(ledger) == [] and again(folder, ledger) == reference


def test_one_by_one_and_backwards(reference, tmp_path):
    with w.new_ledger(tmp_path, *TERMINALS) as ledger:
        for kid, item in TAKES[::-1]:
            ledger.take(kid, [item], "sync")
        assert settle_all(ledger) == reference and again(tmp_path, ledger) == reference
