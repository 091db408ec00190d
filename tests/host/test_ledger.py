"""The ledger's happy path, to the cent, and what a second delivery does: nothing."""

import json
import subprocess
import sys

import pytest

from cabinpay_host.errors import HostError
from cabinpay_host.ledger import Ledger, cashup, views
from host import ledger_world as w
from host.ledger_world import dump, faults, money, open_codes
from host.test_cli import call

LINES = [[101, 2, 650], [205, 1, 399], [2, 1, -100]]  # 15.99


@pytest.fixture
def flight(tmp_path):
    """A terminal after one flight: three sales, one in each mode, by two passengers."""
    terminal, ann, bob = w.Terminal("A"), w.Passenger("ann"), w.Passenger("bob")
    terminal.open()
    terminal.sale(ann, LINES, w.CHALLENGED)
    terminal.sale(bob, w.SANDWICH, w.BOUND)
    terminal.sale(ann, w.SANDWICH, w.QUICK)
    terminal.close()
    with w.new_ledger(tmp_path, terminal) as ledger:
        yield ledger, terminal, ann, bob


def test_a_flight_is_debited_to_the_cent(flight):
    ledger, terminal, ann, bob = flight
    taken = ledger.take(terminal.kid, terminal.items, "sync")
    assert (taken.new, taken.known, taken.pending, taken.exceptions) == (5, 0, 0, ())
    assert money(ledger) == {(ann.account, w.EUR): 2249, (bob.account, w.EUR): 650, ("sales:9C", w.EUR): -2899}
    assert ledger.custody(terminal.kid) == (5, w.sha(terminal.items[-1][1]))
    assert ledger.next_number(terminal.kid) == 6
    assert faults(ledger) == []


@pytest.mark.parametrize(
    "again", [lambda i: i, lambda i: i[2:], lambda i: i[::-1], lambda i: [*i, *i], lambda i: i[:1]]
)
def test_the_same_receipts_again_do_nothing(flight, again):
    ledger, terminal, *_ = flight
    ledger.take(terminal.kid, terminal.items[:4], "sync")
    ledger.take(terminal.kid, terminal.items, "sync")
    before, size = dump(ledger), ledger.archive.path.stat().st_size
    taken = ledger.take(terminal.kid, again(terminal.items), "cable")
    assert taken.new == 0 and dump(ledger) == before
    assert ledger.archive.path.stat().st_size == size


def test_items_within_a_batch_may_come_in_any_order_and_twice(flight):
    ledger, terminal, ann, _ = flight
    taken = ledger.take(terminal.kid, [*terminal.items[::-1], *terminal.items], "sync")
    assert taken.new == 5 and taken.exceptions == ()
    assert money(ledger)[ann.account, w.EUR] == 2249
    assert ledger.custody(terminal.kid)[0] == 5


def test_statement_and_cash_up(flight):
    ledger, terminal, ann, _ = flight
    ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1001")
    ledger.take(terminal.kid, terminal.items, "sync")
    ledger.name_auditor("kim", "boss")
    with ledger.reading() as session:
        lines = views.statement_of_passenger(session, "P-1001", reader="kim")
        assert lines == views.statement_of_pass(session, w.ISSUER.kid, ann.cti, reader="kim")
        assert [(s.terminal, s.number, s.flight, s.amount, s.currency) for s in lines] == [
            ("A", 2, ("9C", 8801, 20254), 1599, w.EUR),
            ("A", 4, ("9C", 8801, 20254), 650, w.EUR),
        ]
        assert lines[0].lines == tuple(map(tuple, LINES)) and lines[0].time == w.NOW + 120
        (shift,) = cashup.cash_ups(session, terminal.kid)
        assert shift.sold == shift.closed == ((w.EUR, 1, 3, 2899),)
        assert (shift.shift, shift.crew, shift.flight, shift.differs) == (1, "c17", ("9C", 8801, 20254), False)
        assert views.statement_of_passenger(session, "nobody") == []
        assert views.holdings(session) == [views.Holding(terminal.kid, "A", "9C", 5, 5)]


def test_a_close_that_does_not_add_up_is_flagged(tmp_path):
    terminal = w.Terminal("A")
    terminal.open()
    terminal.sale(w.Passenger("ann"))
    terminal.close(sums=[[w.EUR, 1, 1, 600]])
    terminal.open()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        with ledger.reading() as session:
            first, second = cashup.cash_ups(session)
        assert first.differs and first.sold == ((w.EUR, 1, 1, 650),)
        assert second.closed is None and not second.differs and second.sold == ()


@pytest.mark.parametrize("covers", [[1, 3], [1, 1], [2, 2]])
def test_the_numbers_that_a_close_covers_are_counted_again(tmp_path, capsys, covers):
    terminal = w.Terminal("A")
    terminal.open()
    terminal.sale(w.Passenger("ann"))
    terminal.close(covers=covers)
    assert shifts_told(tmp_path, terminal, capsys) == [
        f"DIFFERS: says it covers receipts {covers[0]} to {covers[1]}, which are 1 to 2"
    ]


def test_a_shift_that_ended_without_a_close_is_not_open(tmp_path, capsys):
    terminal = w.Terminal("A")
    for _ in range(2):
        terminal.open()
        terminal.sale(w.Passenger("ann"))
    terminal.damage(4, 6)
    terminal.open()
    assert shifts_told(tmp_path, terminal, capsys) == ["never closed", "never closed", "open"]


def shifts_told(folder, terminal, capsys):
    """What the command says of each cash-up."""
    with w.new_ledger(folder, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        assert faults(ledger) == []
    (folder / "ledger.archive").rename(folder / "ledger.db.archive")
    capsys.readouterr()
    assert call(folder, f"ledger shifts --ledger {w.location(folder, 'ledger')} --json") == 0
    return [shift["cash-up"] for shift in json.loads(capsys.readouterr().out)["shifts"]]


def test_it_is_the_same_ledger_when_opened_again(flight, tmp_path):
    ledger, terminal, *_ = flight
    ledger.take(terminal.kid, terminal.items, "sync")
    before = dump(ledger)
    with Ledger.open(*w.places(tmp_path)) as again:
        assert again.id == ledger.id and len(again.id) == 16
        assert dump(again) == before and faults(again) == []


def test_empty_delivery(flight):
    ledger, terminal, *_ = flight
    assert ledger.take(terminal.kid, [], "sync").new == 0
    assert ledger.custody(terminal.kid) is None and ledger.next_number(terminal.kid) == 1


@pytest.mark.parametrize(
    "item", [(0, b"x", b""), (1 << 32, b"x", b""), (True, b"x", b""), (1, "x", b""), (1, b"x", None)]
)
def test_what_no_terminal_streams_is_refused_whole(flight, item):
    ledger, terminal, *_ = flight
    with pytest.raises(HostError) as e:
        ledger.take(terminal.kid, [*terminal.items, item], "sync")
    assert e.value.code == "bad_items" and e.value.exit_code == 3
    assert dump(ledger)["receipts"] == []


def test_registrations(flight, monkeypatch):
    ledger, terminal, ann, _ = flight
    public = terminal.key.public
    assert ledger.add_terminal(public, "A", w.AIRLINE) == terminal.kid
    assert ledger.knows_terminal(public) and not ledger.knows_terminal(ann.device.public)
    refused = [lambda: ledger.add_terminal(public, "A", "MU"), lambda: ledger.add_terminal(b"short", "B", w.AIRLINE)]
    ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1")
    ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1")
    refused.append(lambda: ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-2"))
    refused.append(lambda: ledger.add_enrolment(w.ISSUER.kid, b"short", ann.sub, "P-2"))
    refused.append(lambda: ledger.take(b"stranger", terminal.items, "sync"))
    refused.append(lambda: ledger.custody(b"stranger"))
    monkeypatch.setattr("cabinpay_host.ledger.registry.kid", lambda _: terminal.kid)
    refused.append(lambda: ledger.add_terminal(ann.device.public, "A", w.AIRLINE))
    codes = []
    for refusing in refused:
        with pytest.raises(HostError) as e:
            refusing()
        codes.append(e.value.code)
    assert codes == [
        "terminal_differs", "bad_terminal", "enrolment_differs", "bad_enrolment",
        "unknown_terminal", "unknown_terminal", "terminal_differs",
    ]  # fmt: skip


def test_bundles_must_hang_on_a_pinned_root(flight):
    ledger, *_ = flight
    assert ledger.add_bundle(w.bundle(version=7)) == 7
    assert ledger.add_bundle(w.bundle(version=3)) == 3  # the airline's older word: receipts were made under it
    wrong = [w.bundle(root=w.Key("mallory")), w.bundle()[:-1] + b"\0", b"", w.bundle(not_after=w.NOW - 2 * w.DAY)]
    for data in wrong:
        with pytest.raises(HostError) as e:
            ledger.add_bundle(data)
        assert e.value.code == "bad_bundle"


def test_a_bundle_that_comes_late_has_the_refused_judged_again(tmp_path):
    terminal, other = w.Terminal("A"), w.Key("second issuer")
    ann = w.Passenger("ann", issuer=other)
    terminal.open()
    terminal.sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert ledger.take(terminal.kid, terminal.items, "sync").exceptions == ((2, "unknown_issuer"),)
        ledger.add_bundle(w.bundle(w.ISSUER, other, version=2))
        assert open_codes(ledger) == {} and money(ledger)[ann.account, w.EUR] == 650
        with ledger.reading() as session:
            (was,) = views.exceptions(session, cleared=True)
        assert was.code == "unknown_issuer" and was.cleared
        assert faults(ledger) == []


KILLED = """
import os, sys
from cabinpay_host.ledger import Ledger, registry
registry.start_database = lambda *_: os._exit(9)
Ledger.create(sys.argv[1], sys.argv[2], [bytes(32)])
"""


@pytest.mark.parametrize("torn", [0, 1, 30, 70])
def test_one_that_was_killed_while_it_was_made_is_made_again(tmp_path, torn):
    url, archive = w.places(tmp_path)
    assert subprocess.run([sys.executable, "-c", KILLED, url, str(archive)]).returncode == 9
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) - torn])
    with w.new_ledger(tmp_path) as ledger:
        assert faults(ledger) == []


@pytest.mark.parametrize("content", [b"something else", b"CPARCH1\n" + bytes(300)])
def test_an_archive_that_may_hold_something_is_not_taken_for_an_attempt(tmp_path, content):
    _, archive = w.places(tmp_path)
    with w.new_ledger(tmp_path):
        held = archive.read_bytes()
    for data in (content, held):
        archive.write_bytes(data)
        with pytest.raises(HostError) as e:
            Ledger.create(w.url_of(tmp_path, "other"), archive, [w.ROOT.public])
        assert e.value.code == "ledger_exists" and archive.read_bytes() == data
