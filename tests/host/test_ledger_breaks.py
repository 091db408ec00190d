"""Breaks explain what will never come, and let custody pass over it; notes are kept and move no money."""

import pytest

from cabinpay.wire import receipts
from host import ledger_world as w
from host.ledger_world import dump, faults, money, open_codes


def flight(sales=4):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    for _ in range(sales):
        terminal.sale(ann)
    return terminal, ann


def head(terminal):
    return terminal.items[-1][0], w.sha(terminal.items[-1][1])


def test_custody_passes_over_what_was_lost(tmp_path):
    terminal, ann = flight()
    terminal.damage(3, 20)
    terminal.sale(ann)
    assert [number for number, *_ in terminal.items] == [1, 2, 3, 21, 22]
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert w.pull(ledger, terminal, batch=2) == head(terminal)
        assert ledger.next_number(terminal.kid) == 23
        assert open_codes(ledger, "no_shift") == {("A", 21): ["break"]}
        assert money(ledger)[ann.account, w.EUR] == 3 * 650 and faults(ledger) == []


def test_a_break_whose_good_head_is_not_held_is_a_gap_until_it_is(tmp_path):
    terminal, _ = flight()
    terminal.damage(3, 20)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[3:], "sync")
        assert ledger.custody(terminal.kid) is None and ledger.next_number(terminal.kid) == 1
        assert open_codes(ledger, "no_shift") == {("A", 21): ["break", "gap"]}
        ledger.take(terminal.kid, terminal.items[:3], "sync")
        assert ledger.custody(terminal.kid) == head(terminal)
        assert open_codes(ledger, "no_shift") == {("A", 21): ["break"]} and faults(ledger) == []


def test_what_was_lost_on_the_terminal_but_synced_before_stays(tmp_path):
    terminal, ann = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        w.pull(ledger, terminal)
        terminal.damage(2, 9)
        terminal.sale(ann)
        assert w.pull(ledger, terminal) == head(terminal)
        assert open_codes(ledger, "no_shift") == {("A", 10): ["break"]}
        assert money(ledger)[ann.account, w.EUR] == 5 * 650 and faults(ledger) == []


def test_nothing_left_at_all(tmp_path):
    terminal, ann = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        w.pull(ledger, terminal)
        terminal.damage(0, 99)
        terminal.sale(ann)
        assert w.pull(ledger, terminal) == head(terminal)
        assert open_codes(ledger, "no_shift") == {("A", 100): ["break"]} and faults(ledger) == []


def test_a_second_break_over_the_first(tmp_path):
    terminal, ann = flight()
    terminal.damage(3, 20)
    with w.new_ledger(tmp_path, terminal) as ledger:
        w.pull(ledger, terminal)
        terminal.damage(2, 30)
        terminal.sale(ann)
        assert w.pull(ledger, terminal) == head(terminal)
        assert open_codes(ledger, "no_shift") == {("A", 21): ["break"], ("A", 31): ["break"]} and faults(ledger) == []


def test_a_break_upon_a_branch_that_is_not_held_is_not_acked_before_it_is(tmp_path):
    """A terminal restored from a dump sold 4' unseen, and was damaged after it."""
    terminal, ann = flight(2)
    restored = terminal.twin()
    for _ in range(2):
        terminal.sale(ann)
        restored.sale(ann)
    restored.damage(4, 20)
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert w.pull(ledger, terminal) == head(terminal)
        ledger.take(terminal.kid, restored.items[4:], "sync")
        assert ledger.custody(terminal.kid) == head(terminal) and ledger.next_number(terminal.kid) == 1
        assert open_codes(ledger)["A", 21] == ["break", "chain"]
        assert w.pull(ledger, restored) == head(restored)
        assert open_codes(ledger) == {("A", 4): ["fork", "fork"], ("A", 21): ["break"]}
        assert faults(ledger) == []


@pytest.mark.parametrize("lost", [[4, 19], [5, 20], [1, 20]])
def test_a_break_that_does_not_say_what_it_lost_explains_nothing(tmp_path, lost):
    terminal, _ = flight()
    terminal.damage(3, 20)
    terminal.items.pop()
    terminal._add(receipts.Break, good=3, lost=lost)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        assert open_codes(ledger) == {("A", 21): ["gap"]}
        assert ledger.custody(terminal.kid)[0] == 3 and faults(ledger) == []


def test_a_forged_break_explains_nothing_to_people(tmp_path):
    terminal, _ = flight()
    terminal.damage(3, 20, signer=w.Key("stranger"))
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        assert open_codes(ledger) == {("A", 21): ["bad_signature", "gap"]}
        assert faults(ledger) == []


def test_notes_and_breaks_have_no_postings(tmp_path):
    terminal, ann = flight(1)
    terminal.note()
    terminal.note(shift=0)
    terminal.damage(4, 5)
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert ledger.take(terminal.kid, terminal.items, "sync").exceptions == ((6, "break"),)
        assert money(ledger)[ann.account, w.EUR] == 650
        assert {row[0] for row in dump(ledger)["postings"]} == {w.sha(terminal.items[1][1])}
        assert faults(ledger) == []
