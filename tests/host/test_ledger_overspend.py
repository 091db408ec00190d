"""What goes over a pass's limits is debited and flagged; the ledger's policy names who bears it."""

import itertools
import json

import pytest

from cabinpay_host.errors import HostError
from cabinpay_host.ledger import Ledger, views
from host import ledger_world as w
from host.ledger_world import dump, faults, money, open_codes
from host.test_cli import call

DEARER = [[300, 1, 990]]
LIMITS = (w.EUR, 1300, 900, 9)
BEARERS = {"passenger": None, "airline": "loss:9C", "issuer": f"issuer:{w.ISSUER.kid.hex()}"}


def spent():
    """Two terminals that do not know of each other; together they sold for 19.50 of 13.00."""
    ann = w.Passenger("ann", limits=LIMITS)
    one, two = w.Terminal("A"), w.Terminal("B")
    for terminal in (one, one, two):
        terminal.sale(ann)
    return ann, one, two


@pytest.mark.parametrize("bearer", BEARERS)
@pytest.mark.parametrize("swapped", [False, True])
def test_policy_names_the_bearer(tmp_path, bearer, swapped):
    ann, one, two = spent()
    with w.new_ledger(tmp_path, one, two, overspend=bearer) as ledger:
        for terminal in (two, one) if swapped else (one, two):
            ledger.take(terminal.kid, terminal.items, "sync")
            assert faults(ledger) == []
        assert open_codes(ledger, "no_shift") == {("B", 1): ["over_limit"]}
        account = BEARERS[bearer] or ann.account
        assert money(ledger)[account, w.EUR] == (1950 if bearer == "passenger" else 650)
        assert sum(money(ledger).values()) == 0 and money(ledger)["sales:9C", w.EUR] == -1950
        with ledger.reading() as session:
            lines = views.statement_of_pass(session, w.ISSUER.kid, ann.cti)
        assert sum(line.amount for line in lines) == money(ledger)[ann.account, w.EUR]


def test_a_refund_of_an_overspend_is_the_bearers(tmp_path):
    ann, one, two = spent()
    with w.new_ledger(tmp_path, one, two, overspend="airline") as ledger:
        for terminal in (one, two):
            ledger.take(terminal.kid, terminal.items, "sync")
        ledger.refund(two.kid, 1, 250, "cold", "kim")
        assert money(ledger) == {
            (ann.account, w.EUR): 1300, ("loss:9C", w.EUR): 400, ("sales:9C", w.EUR): -1700,
        }  # fmt: skip
        ledger.refund(two.kid, 1, 400, "cold", "kim")
        assert money(ledger) == {(ann.account, w.EUR): 1300, ("sales:9C", w.EUR): -1300} and faults(ledger) == []


def steps(ann, one, two, three):
    """What moves an overspend about: an earlier receipt of its payment, a void, more room, a terminal that is lost."""
    return {
        "one": lambda ledger: ledger.take(one.kid, one.items, "sync"),
        "two": lambda ledger: ledger.take(two.kid, two.items, "sync"),
        "three": lambda ledger: ledger.take(three.kid, three.items, "sync"),
        "bundle": lambda ledger: ledger.add_bundle(w.bundle(version=2, per_sale=800, total=5000)),
        "lost": lambda ledger: ledger.report_lost(three.kid, 1),
    }


def fleet():
    """ann's issuer allows 8.00 a sale once its second bundle is there. B and C carry one payment, C first."""
    ann, photo = w.Passenger("ann", limits=(w.EUR, 2000, 1000, 9)), None
    one, two, three = w.Terminal("A"), w.Terminal("B", time=w.NOW + 30), w.Terminal("C")
    photo = ann.pay()
    one.open()
    one.void(one.sale(ann))
    one.sale(ann, DEARER)
    two.sale(ann, DEARER, payment=photo)
    three.sale(ann, payment=photo)
    three.sale(ann)
    return ann, one, two, three


@pytest.mark.parametrize("bearer", BEARERS)
def test_whatever_comes_first_the_same_is_borne(tmp_path, bearer):
    world = fleet()
    acts = steps(*world)
    ends = []
    for n, order in enumerate(list(itertools.permutations(acts))[::17]):
        folder = tmp_path / str(n)
        folder.mkdir()
        bundles = [w.bundle(per_sale=600, total=1500)]
        with w.new_ledger(folder, *world[1:], bundles=bundles, overspend=bearer) as ledger:
            for name in order:
                acts[name](ledger)
                assert faults(ledger) == [], order
            ends.append((dump(ledger), money(ledger)))
    assert len(ends) == 8 and all(end == ends[0] for end in ends)
    balances = ends[0][1]
    assert balances["sales:9C", w.EUR] == -990 - 650 - 990  # A's, C's, and B's replay
    assert balances.get((BEARERS[bearer], w.EUR), 0) == {"passenger": 0, "airline": 990 + 990, "issuer": 990}[bearer]


def test_a_policy_is_one_of_three(tmp_path, capsys):
    with pytest.raises(HostError) as e:
        Ledger.create(*w.places(tmp_path), [w.ROOT.public], overspend="nobody")
    assert e.value.code == "bad_policy" and list(tmp_path.iterdir()) == []
    assert call(tmp_path, "keys new root root") == 0
    assert call(tmp_path, "ledger new --ledger l.db --root root.pub --overspend nobody") == 3
    assert "bad_policy" in capsys.readouterr().err
    assert call(tmp_path, "ledger new --ledger l.db --root root.pub --overspend issuer") == 0


def test_a_statement_tells_what_somebody_else_bears_from_a_refund(tmp_path, capsys):
    ann, one, two = spent()
    with w.new_ledger(tmp_path, one, two, overspend="airline") as ledger:
        ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1")
        for terminal in (one, two):
            ledger.take(terminal.kid, terminal.items, "sync")
        ledger.refund(two.kid, 1, 250, "cold", "kim")
    (tmp_path / "ledger.archive").rename(tmp_path / "ledger.db.archive")
    capsys.readouterr()
    assert call(tmp_path, f"ledger statement P-1 --ledger {w.location(tmp_path, 'ledger')} --json") == 0
    items = [line["items"] for line in json.loads(capsys.readouterr().out)["debits"]]
    assert items[-2:] == ["overspend that the passenger does not bear", "refund: cold"]
