"""Terminals that freed what another ledger acked: nothing of it blocks, and what is missing is named."""

from types import SimpleNamespace

import pytest

from cabinpay_host.ledger.custody import BEGINNING
from cabinpay_host.ledger.rebuild import rebuild
from cabinpay_host.link import CREDIT
from cabinpay_host.pull import Pull
from host import ledger_world as w
from host.ledger_world import faults, money, open_codes, tables


class Line:
    """A terminal's answers to pulls; asked: from which numbers. What Link adds to it is tested with real terminals."""

    def __init__(self, terminal, credit=CREDIT):
        self.terminal = terminal
        self.credit = credit
        self.asked = []

    def pull(self, first, items):
        self.asked.append(first)
        for item in [item for item in self.terminal.items if item[0] >= first][: self.credit]:
            items.append(item)
        return head(self.terminal)


def head(terminal):
    return terminal.items[-1][0], w.sha(terminal.items[-1][1])


def hello(terminal):
    """What a terminal says of itself, as far as a pull asks."""
    return SimpleNamespace(kid=terminal.kid, public_key=terminal.key.public)


def sync(ledger, terminal, credit=CREDIT):
    """(what would be acked, from where it was pulled)"""
    line = Line(terminal, credit)
    Pull(line, ledger, hello(terminal), lambda *_: None).run()
    return ledger.custody(terminal.kid), line.asked


def chain(sales=8):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    for _ in range(sales):
        terminal.sale(ann)
    return terminal, ann


def without(terminal, upto):
    """As the terminal, with receipts up to a number freed."""
    return SimpleNamespace(items=[i for i in terminal.items if i[0] > upto], kid=terminal.kid, key=terminal.key)


def test_what_was_freed_is_not_asked_for(tmp_path):
    terminal, ann = chain()
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert sync(ledger, terminal) == (head(terminal), [1])
        terminal.sale(ann)
        assert sync(ledger, without(terminal, 7)) == (head(terminal), [10])
        assert open_codes(ledger) == {} and faults(ledger) == []


@pytest.mark.parametrize("credit", (1, 2, CREDIT))
@pytest.mark.parametrize("held", (0, 3, 6))
def test_a_ledger_restored_from_a_backup_says_what_it_never_got(tmp_path, held, credit):
    terminal, ann = chain()
    freed = without(terminal, 6)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[:held], "sync")
        acked, asked = sync(ledger, freed, credit)
        assert acked == head(terminal) and (1 in asked) == (held < 6)
        assert open_codes(ledger) == ({} if held == 6 else {("A", 7): ["gap"]})
        assert money(ledger)[ann.account, w.EUR] == (8 - max(0, 6 - max(held, 1))) * 650 and faults(ledger) == []
        # a second sync is as cheap as any
        assert sync(ledger, freed)[1] == [10]
        rebuilt, _ = rebuild(tmp_path / "ledger.archive", *w.places(tmp_path, "again"))
        with rebuilt:
            assert tables(rebuilt) == tables(ledger) and faults(rebuilt) == []
        # the backup's own archive brings the rest: the gap is closed
        ledger.take(terminal.kid, terminal.items, "archive")
        assert open_codes(ledger) == {} and faults(ledger) == []


def test_receipts_between_two_that_damage_took(tmp_path):
    terminal, ann = chain()
    terminal.damage(8, 40)
    terminal.sale(ann)
    terminal.items = [i for i in terminal.items if i[0] not in (4, 5)]
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert sync(ledger, terminal)[0] == head(terminal)
        assert open_codes(ledger, "no_shift") == {("A", 6): ["gap"], ("A", 41): ["break"]}
        assert faults(ledger) == []


def test_a_line_that_nobody_signed_for_passes_over_nothing(tmp_path):
    terminal, _ = chain()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[6:], "sync")
        assert ledger.custody(terminal.kid) is None


def test_a_copy_of_a_terminal_frees_nothing_unseen(tmp_path):
    """It sold 4' to 9' over a chain that the ledger holds up to 9, and lost 10': acking 11' would free 4' unseen."""
    ann = w.Passenger("ann")
    terminal, _ = chain(2)
    copy = terminal.twin()
    for _ in range(6):
        terminal.sale(ann)
    for _ in range(8):
        copy.sale(ann)
    copy.items = [i for i in copy.items if i[0] != 10]
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert sync(ledger, terminal)[0] == head(terminal)
        ledger.take(terminal.kid, [i for i in copy.items if i[0] > 10], "sync")
        assert ledger.custody(terminal.kid) == head(terminal)
        acked, asked = sync(ledger, copy)
        assert acked == head(copy) and 1 in asked
        assert len([where for where, codes in open_codes(ledger).items() if "fork" in codes]) == 6
        assert faults(ledger) == []


def test_the_word_of_a_pull_counts_from_its_beginning_only(tmp_path):
    terminal, _ = chain()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[:3], "sync")
        ledger.take(terminal.kid, terminal.items[6:], "sync", None)
        assert ledger.custody(terminal.kid)[0] == 3
        ledger.take(terminal.kid, terminal.items[6:], "sync", (5, b"unknown"))
        assert ledger.custody(terminal.kid)[0] == 3
        ledger.take(terminal.kid, terminal.items[6:], "sync", BEGINNING)
        assert ledger.custody(terminal.kid) == head(terminal)
