"""Every kind of exception of the design's section 7 is a row of its own, and leads to receipt and evidence."""

import pytest

from cabinpay_host.ledger import views
from host import ledger_world as w
from host.ledger_world import faults, open_codes


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """A flight on which everything went wrong; C was stolen after it."""
    ann, bob, eve = w.Passenger("ann", limits=(w.EUR, 700, 700, 9)), w.Passenger("bob"), w.Passenger("eve")
    one, two, three = w.Terminal("A"), w.Terminal("B", time=w.NOW + 20), w.Terminal("C", time=w.NOW + 40)
    photo = bob.pay()
    for terminal in (one, two, three):
        terminal.open()
        terminal.sale(bob, payment=photo)
        terminal.sale(ann)
    clone = one.twin()
    clone.sale(bob)
    one.sale(eve)
    one.sale(bob, signer=w.Key("stranger"))
    one.damage(5, 9)
    three.sale(bob)
    file = w.revoked(eve)
    with w.new_ledger(tmp_path_factory.mktemp("flight"), one, two, three) as ledger:
        ledger.add_bundle(w.bundle(version=2, issued=w.NOW, file=file), {"revoked": file})
        for terminal, first in ((one, 0), (clone, 3), (two, 1), (three, 0)):
            ledger.take(terminal.kid, terminal.items[first:], "sync")
        ledger.report_lost(three.kid, 3)
        ledger.name_auditor("kim", "boss")
        assert faults(ledger) == []
        yield ledger


def test_each_kind_has_its_rows(ledger):
    assert open_codes(ledger) == {
        ("A", 4): ["fork", "fork", "revoked"],
        ("A", 5): ["bad_signature"],
        ("A", 10): ["break"],
        ("B", 2): ["gap", "replay"],
        ("B", 3): ["over_limit"],
        ("C", 2): ["replay"],
        ("C", 3): ["over_limit"],
        ("C", 4): ["lost_terminal"],
    }  # fmt: skip
    kinds = {code for codes in open_codes(ledger).values() for code in codes}
    assert kinds == {"fork", "replay", "over_limit", "revoked", "bad_signature", "gap", "break", "lost_terminal"}


def test_each_row_leads_to_receipt_and_evidence(ledger):
    with ledger.reading() as session:
        kids = {holding.label: holding.kid for holding in views.holdings(session)}
        for row in views.exceptions(session):
            assert row.detail and row.raised and row.cleared is None
            seen = views.evidence(session, kids[row.terminal], row.number, "kim")
            assert bool(seen) == (row.code != "break")  # which has none: its receipt says what was lost
            assert all(e.signed_pass and e.payment and e.lines for e in seen)


def test_both_branches_of_a_fork_are_kept_and_debited(ledger):
    with ledger.reading() as session:
        forked = [row for row in views.exceptions(session) if row.code == "fork"]
        seen = views.evidence(session, next(h.kid for h in views.holdings(session) if h.label == "A"), 4, "kim")
    assert len({row.sha256 for row in forked}) == 2 and len(seen) == 2
