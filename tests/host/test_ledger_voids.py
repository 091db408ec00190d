"""A void gives back what its sale took, once, whoever comes first, and never makes a payment good again."""

import itertools

import pytest

from cabinpay_host.ledger import cashup, views
from host import ledger_world as w
from host.ledger_world import dump, faults, money, open_codes

DEARER = [[300, 1, 990]]


def orders(items):
    return [list(order) for order in itertools.permutations(items)]


def take_each(folder, terminals, deliveries, **to):
    """A ledger's (dump, codes, money) after each of `deliveries` (terminal, items)."""
    folder.mkdir()
    with w.new_ledger(folder, *terminals, **to) as ledger:
        for terminal, items in deliveries:
            ledger.take(terminal.kid, items, "sync")
        assert faults(ledger) == []
        return dump(ledger), open_codes(ledger), money(ledger)


def test_a_void_reverses_its_sale_whoever_comes_first(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    sale = terminal.sale(ann)
    terminal.sale(ann, DEARER)
    terminal.void(sale)
    ends = []
    for n, order in enumerate(orders(terminal.items)):
        ends.append(take_each(tmp_path / str(n), [terminal], [(terminal, [item]) for item in order]))
    assert all(end == ends[0] for end in ends)
    assert ends[0][1:] == ({}, {(ann.account, w.EUR): 990, ("sales:9C", w.EUR): -990})


def two_with_one_payment(cancelled):
    """Two terminals that sold over one payment, the earlier first; each cancels if `cancelled` says so."""
    ann = w.Passenger("ann")
    pair, payment = (w.Terminal("A"), w.Terminal("B", time=w.NOW + 300)), ann.pay()
    for terminal, cancels in zip(pair, cancelled, strict=True):
        terminal.open()
        sale = terminal.sale(ann, payment=payment)
        if cancels:
            terminal.void(sale)
    return ann, pair


@pytest.mark.parametrize("cancelled", list(itertools.product((False, True), repeat=2)))
def test_a_voided_payment_stays_spent(tmp_path, cancelled):
    """A replay of it is the airline's loss, as it would be without the void."""
    ann, pair = two_with_one_payment(cancelled)
    debit, loss = 0 if cancelled[0] else 650, 0 if cancelled[1] else 650
    ends = []
    every = [(t, [item]) for t in pair for item in t.items]
    for n, order in enumerate([every, every[::-1], every[2:] + every[:2], every[1::2] + every[::2]]):
        ends.append(take_each(tmp_path / str(n), pair, order))
    assert all(end == ends[0] for end in ends)
    _, codes, balances = ends[0]
    assert codes == {("B", 2): ["replay", "stale"]}
    assert (balances.get((ann.account, w.EUR), 0), balances.get(("loss:9C", w.EUR), 0)) == (debit, loss)


def second(t, ann, sale):
    t.void(sale)
    t.void(sale)


def unknown(t, ann, sale):
    t.void(sale, sale=bytes(32))


def other_shift(t, ann, sale):
    t.close()
    t.open()
    t.void(sale)


def after_the_close(t, ann, sale):
    t.close()
    t.void(sale)


def after_the_next_open(t, ann, sale):
    t.close()
    t.open()
    t.void(sale, shift=1)


def later(t, ann, sale):
    later = t.twin()
    later.note()
    t.void(later.sale(ann))
    t.items += later.items[-1:]


def of_an_opening(t, ann, sale):
    t.void(t.items[0])


FAULTY = {
    "second": second, "unknown": unknown, "other shift": other_shift, "closed": after_the_close,
    "another is open": after_the_next_open, "later": later, "an opening": of_an_opening,
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTY)
def test_a_void_that_cancels_nothing_is_an_exception(tmp_path, case):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    FAULTY[case](terminal, ann, terminal.sale(ann))
    number = next(item[0] for item in terminal.items[::-1] if not item[2])
    ends = []
    for n, order in enumerate([terminal.items, terminal.items[::-1]]):
        ends.append(take_each(tmp_path / str(n), [terminal], [(terminal, [item]) for item in order]))
    assert ends[0] == ends[1]
    _, codes, balances = ends[0]
    assert codes == {("A", number): ["void"], **({("A", 4): ["chain"]} if case == "later" else {})}
    assert balances.get((ann.account, w.EUR), 0) == {"second": 0, "later": 1300}.get(case, 650)


def test_another_terminals_sale_is_not_cancelled(tmp_path):
    one, two, ann = w.Terminal("A"), w.Terminal("B"), w.Passenger("ann")
    for terminal in (one, two):
        terminal.open()
    sale = one.sale(ann)
    two.note()
    two.void(sale)
    _, codes, balances = take_each(tmp_path / "l", [one, two], [(one, one.items), (two, two.items)])
    assert codes == {("B", 3): ["void"]} and balances[ann.account, w.EUR] == 650


def test_a_forged_void_cancels_nothing_and_stands_in_no_ones_way(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    sale = terminal.sale(ann)
    terminal.void(sale, signer=w.Key("stranger"))
    _, codes, balances = take_each(tmp_path / "l", [terminal], [(terminal, terminal.items)])
    assert codes == {("A", 3): ["bad_signature"]} and balances[ann.account, w.EUR] == 650
    terminal.void(sale)
    _, codes, balances = take_each(tmp_path / "m", [terminal], [(terminal, terminal.items)])
    assert codes == {("A", 3): ["bad_signature"]} and balances == {}


def test_a_void_gives_back_sum_and_not_count(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann", limits=(w.EUR, 1300, 650, 3))
    terminal.open()
    terminal.void(terminal.sale(ann))
    for _ in range(3):
        terminal.sale(ann)
    _, codes, _ = take_each(tmp_path / "l", [terminal], [(terminal, terminal.items[::-1])])
    assert codes == {("A", 6): ["over_limit"]}  # the fourth of three, and 19.50 of 13.00
    _, codes, _ = take_each(tmp_path / "m", [terminal], [(terminal, terminal.items[:5])])
    assert codes == {}


def test_cash_up_counts_voids_by_currency(tmp_path):
    terminal, ann, eve = w.Terminal("A"), w.Passenger("ann"), w.Passenger("eve", limits=(w.USD, 9999, 9999, 9))
    terminal.open()
    first = terminal.sale(ann)
    second = terminal.sale(eve, DEARER, currency=w.USD)
    terminal.sale(ann)
    terminal.void(first)
    terminal.void(second)
    terminal.close()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        with ledger.reading() as session:
            (shift,) = cashup.cash_ups(session)
            assert views.statement_of_pass(session, w.ISSUER.kid, eve.cti) == []
        assert shift.sold == ((w.USD, 1, 1, 990), (w.USD, 2, 1, 990), (w.EUR, 1, 2, 1300), (w.EUR, 2, 1, 650))
        assert shift.closed == shift.sold and faults(ledger) == []


def test_a_void_of_a_refused_sale_is_still_the_crews(tmp_path):
    """The passenger was never debited, the goods went back all the same: the cash-up agrees."""
    terminal = w.Terminal("A")
    terminal.open()
    terminal.void(terminal.sale(w.Passenger("eve", issuer=w.Key("stranger"))))
    terminal.close()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        assert open_codes(ledger) == {("A", 2): ["unknown_issuer"]} and money(ledger) == {}
        with ledger.reading() as session:
            (shift,) = cashup.cash_ups(session)
        assert not shift.differs and shift.sold == ((w.EUR, 1, 1, 650), (w.EUR, 2, 1, 650))
        assert faults(ledger) == []
