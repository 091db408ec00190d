"""What may be acked: what is held, whatever it is worth, and never what is not."""

from cabinpay_host.ledger.rebuild import rebuild
from host import ledger_world as w
from host.ledger_world import faults, money, open_codes


def chain(label, sales, ann):
    terminal = w.Terminal(label)
    terminal.open()
    for _ in range(sales):
        terminal.sale(ann)
    return terminal


def head(terminal, number=None):
    number = number or terminal.number
    return number, w.sha(terminal.items[number - 1][1])


def test_custody_stops_at_a_gap_and_goes_on_when_it_is_filled(tmp_path):
    terminal = chain("A", 5, w.Passenger("ann"))
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[4:], "sync")
        assert ledger.custody(terminal.kid) is None and ledger.next_number(terminal.kid) == 1
        ledger.take(terminal.kid, terminal.items[:2], "sync")
        assert ledger.custody(terminal.kid) == head(terminal, 2) and ledger.next_number(terminal.kid) == 3
        ledger.take(terminal.kid, terminal.items[2:4], "sync")
        assert ledger.custody(terminal.kid) == head(terminal)
        assert faults(ledger) == []


def test_content_blocks_no_ack(tmp_path):
    terminal = w.Terminal("A")
    terminal.spoil()
    terminal.spoil(b"\xa0")
    terminal.sale(w.Passenger("ann"), previous=bytes(32), signer=w.Key("stranger"))
    terminal.spoil(b"")
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert w.pull(ledger, terminal, batch=4) == head(terminal)


def test_a_chain_that_is_broken_at_the_edge_of_a_delivery_is_asked_for_once_more(tmp_path):
    ann = w.Passenger("ann")
    terminal = chain("A", 3, ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        w.pull(ledger, terminal)
        terminal.sale(ann, previous=bytes(32))
        terminal.sale(ann)
        ledger.take(terminal.kid, terminal.items[4:], "sync")
        assert ledger.custody(terminal.kid) == head(terminal, 4)  # it may be another branch: not acked yet
        assert ledger.next_number(terminal.kid) == 4
        assert w.pull(ledger, terminal) == head(terminal)  # it is what the terminal has: content blocks nothing
        assert open_codes(ledger) == {("A", 5): ["chain"]}


def test_a_terminal_restored_from_a_dump_loses_nothing(tmp_path):
    """It sold 4', 5', 6' over a chain whose 4, 5 the ledger holds: acking 6' alone would free 4' and 5' unseen."""
    ann = w.Passenger("ann")
    terminal = chain("A", 2, ann)
    restored = terminal.twin()
    for _ in range(2):
        terminal.sale(ann)
    for _ in range(4):
        restored.sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert w.pull(ledger, terminal) == head(terminal)
        ledger.take(terminal.kid, restored.items[5:], "sync")
        assert ledger.custody(terminal.kid) == head(terminal)
        assert w.pull(ledger, restored, batch=2) == head(restored)
        assert open_codes(ledger) == {("A", 4): ["fork", "fork"], ("A", 5): ["fork", "fork"]}
        assert money(ledger)[ann.account, w.EUR] == 8 * 650
        assert faults(ledger) == []


def test_a_rolled_back_terminal_is_acked_beyond_its_head(tmp_path):
    """So it learns that its flash was rolled back (design, section 6)."""
    ann = w.Passenger("ann")
    terminal = chain("A", 2, ann)
    restored = terminal.twin()
    for _ in range(3):
        terminal.sale(ann)
    restored.sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        w.pull(ledger, terminal)
        ledger.take(terminal.kid, restored.items, "sync")
        assert ledger.custody(terminal.kid) == head(terminal)


def test_of_two_branches_as_long_the_one_given_last_is_acked(tmp_path):
    ann = w.Passenger("ann")
    terminal = chain("A", 2, ann)
    twin = terminal.twin()
    terminal.sale(ann)
    twin.sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        for given in (terminal, twin, terminal):
            ledger.take(terminal.kid, given.items, "sync")
            assert ledger.custody(terminal.kid) == head(given)


def test_a_receipt_handed_in_from_a_phone_before_the_sync(tmp_path):
    ann = w.Passenger("ann")
    terminal = chain("A", 4, ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[3:4], "phone")
        assert open_codes(ledger) == {("A", 4): ["gap"]} and money(ledger)[ann.account, w.EUR] == 650
        assert w.pull(ledger, terminal) == head(terminal)
        assert open_codes(ledger) == {} and money(ledger)[ann.account, w.EUR] == 4 * 650


def test_what_a_receipt_is_joined_by_stays_when_it_is_given_again_after_another(tmp_path):
    """Found by make fuzz: the order of a second delivery took the place of the first one's, and a rebuilt ledger would
    not have joined the receipt any more."""
    terminal = w.Terminal("A")
    for _ in range(3):
        terminal.note()
    strange = terminal.note(previous=w.sha(b"nobody's"))
    other = 3, terminal.twin().note(number=3, previous=w.sha(b"not held"))[1], b""
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        held = ledger.custody(terminal.kid)
        assert held == (4, w.sha(strange[1]))
        ledger.take(terminal.kid, [other, strange], "sync")
        assert ledger.custody(terminal.kid) == held and w.faults(ledger) == []
        again, missing = rebuild(ledger.archive.path, *w.places(tmp_path, "again"))
        with again:
            assert missing == [] and again.custody(terminal.kid) == held and w.faults(again) == []
