"""Syncs, hand-ins and what the back office does, in any order and any parts: one ledger in the end, and one archive
that makes it again."""

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cabinpay_host.errors import HostError
from cabinpay_host.ledger.rebuild import rebuild
from host import ledger_world as w
from host.ledger_world import dump, faults, open_codes, tables

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


# A list of revoked passes, and more room for a sale than the first bundle gave
LISTED = w.revoked(w.Passenger("bob"))
LATER = w.bundle(version=2, issued=w.NOW + 200, per_sale=900, file=LISTED)
LAST_SALE = TERMINALS[0].items[-1]


def refund(ledger):
    """Once, as soon as there is a debit to give back."""
    if not dump(ledger)["refunds"]:
        with contextlib.suppress(HostError):
            ledger.refund(TERMINALS[0].kid, LAST_SALE[0], 50, "cold", "kim", w.sha(LAST_SALE[1]))


ACTS = [
    lambda ledger: ledger.report_lost(TERMINALS[2].kid, 3),
    lambda ledger: ledger.add_bundle(LATER, {"revoked": LISTED}),
    lambda ledger: ledger.name_auditor("kim", "boss"),
    lambda ledger: ledger.add_enrolment(w.ISSUER.kid, b"enrolled", "subject1", "P-1"),
    refund,
]


def new(folder):
    return w.new_ledger(folder, *TERMINALS, bundles=[w.bundle(per_sale=650)], overspend="airline")


def settle_all(ledger):
    for receipt in PHONES:
        ledger.hand_in(*receipt)
    for kid, items in zip(KIDS, STREAMS, strict=True):
        ledger.take(kid, items, "sync")
    for act in ACTS:
        act(ledger)
    return dump(ledger)


def again(folder, ledger):
    copy, missing = rebuild(ledger.archive.path, *w.places(folder, "again"))
    with copy:
        assert missing == [] and faults(copy) == []
        assert tables(copy, forked=True) == tables(ledger, forked=True)
        return dump(copy)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    with new(tmp_path_factory.mktemp("reference")) as ledger:
        reference = settle_all(ledger)
        assert faults(ledger) == []
        codes = {code for codes in open_codes(ledger).values() for code in codes}
        assert codes == {
            "void", "break", "replay", "lost_terminal", "bad_evidence", "over_limit", "stale", "revoked", "no_shift",
        }  # fmt: skip
        assert reference["refunds"] and any(borne for *_, borne in reference["borne"])
    return reference


STEPS = st.lists(
    st.one_of(
        st.integers(0, len(TAKES) - 1), st.integers(-len(PHONES), -1), st.sampled_from(ACTS)
    ), min_size=1, max_size=25,
)  # fmt: skip


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(steps=STEPS, batch=st.integers(1, 4))
def test_any_order_ends_in_the_same_ledger(reference, tmp_path_factory, steps, batch):
    folder = tmp_path_factory.mktemp("ledger")
    with new(folder) as ledger:
        for step in steps:
            if callable(step):
                step(ledger)
            elif step >= 0:
                kid = TAKES[step][0]
                ledger.take(kid, [item for k, item in TAKES[step : step + batch] if k == kid], "sync")
            else:
                ledger.hand_in(*PHONES[step])
        assert faults(ledger) == []
        assert settle_all(ledger) == reference
        assert faults(ledger) == [] and again(folder, ledger) == reference


def test_one_by_one_and_backwards(reference, tmp_path):
    with new(tmp_path) as ledger:
        for kid, item in TAKES[::-1]:
            ledger.take(kid, [item], "sync")
        assert settle_all(ledger) == reference and again(tmp_path, ledger) == reference
