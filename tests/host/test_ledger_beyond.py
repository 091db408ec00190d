"""The ledger looks again at what a terminal should have refused: debited, and flagged; whoever comes first."""

import itertools

import pytest

from cabinpay.wire import receipts
from cabinpay_host.errors import HostError
from cabinpay_host.ledger import archive as arc
from cabinpay_host.ledger.rebuild import rebuild
from host import ledger_world as w
from host.ledger_world import dump, faults, money, open_codes, tables

FLIGHT = [8801, 20254]  # what w.Terminal.open says
BILLS = [[700, 700, 600], [700] * 3, [700] * 3]
LOW = [[600] * 3, [700] * 3, [700, 700, 0]]


def sold(who, mode=w.QUICK, **to):
    terminal = w.Terminal("A")
    terminal.open()
    terminal.sale(who, mode=mode, **to)
    return terminal


def codes_of(folder, terminal, *bundles):
    """What is flagged on the one sale, which is debited all the same."""
    with w.new_ledger(folder, terminal, bundles=bundles) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        assert list(money(ledger).values()) == [650, -650] and faults(ledger) == []
        return open_codes(ledger).get(("A", 2), [])


def stale(age, mode=w.QUICK, **to):
    ann = w.Passenger("ann")
    return sold(ann, mode, payment=ann.pay(iat=w.NOW + 120 - age), **to)


def late(days, mode=w.QUICK, seconds=0):
    """A sale `days` later, on a new pass."""
    time = w.NOW + days * w.DAY + seconds
    who = w.Passenger("p", nbf=time - w.DAY, exp=time + w.DAY)
    return sold(who, mode, time=time, payment=who.pay(iat=time) if mode == w.QUICK else None)


BEYOND = {
    "a bundle's last second": (lambda: late(30), [], []),
    "after every bundle": (lambda: late(30, seconds=1), [], ["bundle_expired"]),
    "long after every bundle": (lambda: late(40), [], ["bundle_expired"]),
    "a bill after every bundle": (lambda: late(40, w.CHALLENGED), [], []),
    "a bill above a floor clock's cap": (lambda: late(30, w.CHALLENGED), [w.bundle(caps=BILLS)], []),
    "the same after every bundle": (lambda: late(40, w.CHALLENGED), [w.bundle(caps=BILLS)], ["over_cap"]),
    "after a delegation": (lambda: late(20), [w.bundle(not_after=w.NOW + 19 * w.DAY)], ["bundle_expired"]),
    "one of two ran out": (lambda: late(20), [w.bundle(not_after=w.NOW + 19 * w.DAY), w.bundle(version=2)], []),
    "its flight": (lambda: sold(w.Passenger("p", flight=FLIGHT)), [], []),
    "another flight": (lambda: sold(w.Passenger("p", flight=[8802, 20254])), [], ["flight"]),
    "another day": (lambda: sold(w.Passenger("p", flight=[8801, 20255])), [], ["flight"]),
    "life": (lambda: sold(w.Passenger("p")), [w.bundle(lifetime=2 * w.DAY)], []),
    "long life": (lambda: sold(w.Passenger("p")), [w.bundle(lifetime=2 * w.DAY - 1)], ["lifetime"]),
    "one bundle allows it": (
        lambda: sold(w.Passenger("p")), [w.bundle(lifetime=1), w.bundle(version=2, lifetime=2 * w.DAY)], []
    ),
    "fresh": (lambda: stale(60), [], []),
    "not fresh": (lambda: stale(61), [], ["stale"]),
    "signed after": (lambda: stale(-61), [], ["stale"]),
    "signed after, floor clock": (lambda: stale(-61, quality=[receipts.FLOOR, 0]), [], []),
    "not fresh, floor clock": (lambda: stale(61, quality=[receipts.FLOOR, 0]), [], ["stale"]),
    "a longer window": (lambda: stale(61), [w.bundle(freshness=61)], []),
    "a bill may be old": (lambda: sold(w.Passenger("p"), w.CHALLENGED, time=w.NOW + 7200), [], []),
    "cap of its mode": (lambda: sold(w.Passenger("p"), w.CHALLENGED), [w.bundle(caps=LOW)], ["over_cap"]),
    "cap of another mode": (lambda: sold(w.Passenger("p"), w.BOUND), [w.bundle(caps=LOW)], []),
    "mode off for its clock": (
        lambda: sold(w.Passenger("p"), quality=[receipts.FLOOR, 0]), [w.bundle(caps=LOW)], ["over_cap"]
    ),
    "mode on": (lambda: sold(w.Passenger("p")), [w.bundle(caps=LOW)], []),
    "issuer's cap of a sale": (lambda: sold(w.Passenger("p")), [w.bundle(per_sale=649)], ["over_limit"]),
    "issuer's cap in all": (lambda: sold(w.Passenger("p")), [w.bundle(total=649)], ["over_limit"]),
    "within its issuer's": (lambda: sold(w.Passenger("p")), [w.bundle(per_sale=650, total=650)], []),
}  # fmt: skip


@pytest.mark.parametrize("case", BEYOND)
def test_what_a_terminal_should_have_refused(tmp_path, case):
    make, bundles, codes = BEYOND[case]
    assert codes_of(tmp_path, make(), *bundles) == codes


def after_the_close(t, ann):
    t.close()
    return t.sale(ann)


def of_the_shift_before(t, ann):
    t.open()
    return t.sale(ann, shift=1)


def of_what_is_to_come(t, ann):
    return t.sale(ann, shift=55)


def of_a_sale(t, ann):
    t.sale(ann)
    return t.sale(ann, shift=2)


def after_a_break(t, ann):
    t.damage(1, 3)
    return t.sale(ann)


OUTSIDE = [after_the_close, of_the_shift_before, of_what_is_to_come, of_a_sale, after_a_break]


@pytest.mark.parametrize("make", OUTSIDE)
def test_a_sale_outside_any_shift(tmp_path, make):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    number = make(terminal, ann)[0]
    sales = sum(bool(item[2]) for item in terminal.items)
    ends = []
    for n, order in enumerate((terminal.items, terminal.items[::-1])):
        (tmp_path / str(n)).mkdir()
        with w.new_ledger(tmp_path / str(n), terminal) as ledger:
            for item in order:
                ledger.take(terminal.kid, [item], "sync")
                assert faults(ledger) == []
            assert open_codes(ledger)["A", number] == ["no_shift"]
            assert money(ledger)[ann.account, w.EUR] == sales * 650
            ends.append(dump(ledger))
    assert ends[0] == ends[1]


def test_an_opening_that_is_not_held_says_nothing(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    terminal.sale(ann)
    terminal.sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[1:], "sync")
        assert open_codes(ledger) == {("A", 2): ["gap"]} and faults(ledger) == []


def test_a_flight_is_known_when_its_opening_is(tmp_path):
    terminal = sold(w.Passenger("p", flight=[8802, 20254]))
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.hand_in(*w.shown(terminal.items[1]))
        assert open_codes(ledger) == {("A", 2): ["gap"]}
        ledger.take(terminal.kid, terminal.items[:1], "sync")
        assert open_codes(ledger) == {("A", 2): ["flight"]} and faults(ledger) == []


@pytest.mark.parametrize("bundles", list(itertools.permutations(range(3))))
def test_a_later_bundle_says_more_about_what_is_held(tmp_path, bundles):
    """Whatever comes first: caps, and lists of revoked passes."""
    ann, bob = w.Passenger("ann"), w.Passenger("bob")
    terminal = sold(ann)
    terminal.sale(bob)
    first, second = w.revoked(ann), w.revoked(ann, bob)
    made = [
        (w.bundle(version=1, per_sale=10, caps=LOW, freshness=30, file=first), {"revoked": first}),
        (w.bundle(version=2, issued=w.NOW + 150, file=second), {"revoked": second}),  # between the two sales
        (w.bundle(version=3, issued=w.NOW + w.DAY), {}),  # too late for either
    ]
    with w.new_ledger(tmp_path, terminal, bundles=[w.bundle(w.Key("nobody"), issued=0)]) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        for n in bundles:
            ledger.add_bundle(*made[n])
            assert faults(ledger) == []
        assert open_codes(ledger) == {("A", 2): ["revoked"], ("A", 3): ["revoked"]}
        assert money(ledger)[bob.account, w.EUR] == 650


def test_a_pass_may_be_taken_off_the_list_again(tmp_path):
    ann = w.Passenger("ann")
    terminal, file = sold(ann), w.revoked(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        ledger.add_bundle(w.bundle(version=2, issued=w.NOW + 60, file=file), {"revoked": file})
        assert open_codes(ledger) == {("A", 2): ["revoked"]}
        ledger.add_bundle(w.bundle(version=3, issued=w.NOW + 90))
        assert open_codes(ledger) == {} and faults(ledger) == []


def test_a_bundle_comes_with_its_list_or_not_at_all(tmp_path):
    ann = w.Passenger("ann")
    file, terminal = w.revoked(ann), sold(ann)
    data = w.bundle(version=2, file=file)
    with w.new_ledger(tmp_path, terminal) as ledger:
        size = ledger.archive.path.stat().st_size
        for files in ({}, {"crew": file}, {"revoked": file[:-1]}, {"revoked": w.revoked(w.Passenger("bob"))}):
            with pytest.raises(HostError) as e:
                ledger.add_bundle(data, files)
            assert (e.value.code, e.value.exit_code) == ("bundle_files", 3)
        assert ledger.archive.path.stat().st_size == size and faults(ledger) == []
        assert ledger.add_bundle(data, {"revoked": file, "crew": b"not the ledger's"}) == 2
        assert ledger.add_bundle(data) == 2  # it is held
        assert ledger.add_bundle(w.bundle(version=3, file=file)) == 3  # and so is its list
        before = dump(ledger)
        ledger.take(terminal.kid, terminal.items, "sync")
        assert open_codes(ledger) == {("A", 2): ["revoked"]} and before["receipts"] == [] and faults(ledger) == []


def test_a_list_whose_commit_never_came_is_no_hindrance(tmp_path, monkeypatch):
    """It is in the archive twice then, and a rebuild takes it once."""
    ann = w.Passenger("ann")
    file, terminal = w.revoked(ann), sold(ann)
    data = w.bundle(version=2, file=file)
    with w.new_ledger(tmp_path, terminal) as ledger:
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(arc.Archive, "append", stopped_after(arc.Archive.append))
            ledger.add_bundle(data, {"revoked": file})
        ledger.take(terminal.kid, terminal.items, "sync")
        ledger.add_bundle(data, {"revoked": file})
        assert open_codes(ledger) == {("A", 2): ["revoked"]} and faults(ledger) == []
        again, _ = rebuild(ledger.archive.path, *w.places(tmp_path, "again"))
        with again:
            assert tables(again) == tables(ledger) and faults(again) == []


def stopped_after(call):
    def stopped(*args):
        call(*args)
        raise KeyboardInterrupt

    return stopped
