"""Crashes at every step, two writers at once, and storage that is locked, full, torn, missing or somebody else's."""

import errno
import multiprocessing
import os
import sqlite3
import threading

import pytest
from sqlalchemy import text

from cabinpay_host.errors import HostError
from cabinpay_host.ledger import Ledger, straight
from cabinpay_host.ledger import archive as arc
from cabinpay_host.ledger import store as store_module
from host import ledger_world as w
from host.ledger_world import dump, faults, money


class Crash(BaseException):
    pass


def flight():
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    for _ in range(4):
        terminal.sale(ann)
    return terminal, ann


@pytest.fixture
def taken(tmp_path_factory):
    """What the ledger must be like in the end."""
    terminal, _ = flight()
    with w.new_ledger(tmp_path_factory.mktemp("clean"), terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        return dump(ledger)


def crash_after(monkeypatch, owner, name):
    real = getattr(owner, name)

    def crashing(*args, **kwargs):
        real(*args, **kwargs)
        raise Crash

    monkeypatch.setattr(owner, name, crashing)


def go_the_general_way(patch):
    """Deliveries are stored first and judged after, as those are that no terminal usually gives."""
    patch.setattr(store_module.ahead, "look", lambda *_: None)


STEPS = [
    # (straight, where, name, kept)
    (True, store_module.ahead, "check", False),
    *((True, straight, name, False) for name in ("_write_receipts", "_write_money", "_flag")),
    (True, store_module.straight, "keep", False),  # all written, archive not
    (True, arc.Archive, "append", False),  # archive written, nothing committed
    (False, store_module.custody, "advance", False),  # rows written, archive not
    (False, arc.Archive, "append", False),
    (False, store_module, "load_cases", True),  # committed, not judged
    (False, store_module, "check_all", True),
    (False, store_module, "book", True),  # judged, judgement not committed
]


@pytest.mark.parametrize(("straight_on", "owner", "name", "kept"), STEPS)
def test_a_crash_at_any_step_and_then_the_same_again(tmp_path, monkeypatch, taken, straight_on, owner, name, kept):
    terminal, _ = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        with monkeypatch.context() as patch, pytest.raises(Crash):
            if not straight_on:
                go_the_general_way(patch)
            crash_after(patch, owner, name)
            ledger.take(terminal.kid, terminal.items, "sync")
        assert (ledger.custody(terminal.kid) is not None) == kept
        assert len(dump(ledger)["receipts"]) == (5 if kept else 0) and money(ledger) == {}
    with Ledger.open(*w.places(tmp_path)) as ledger:
        assert ledger.judge_pending() == (5 if kept else 0)
        assert kept == (dump(ledger) == taken)
        ledger.take(terminal.kid, terminal.items, "sync")
        assert dump(ledger) == taken and faults(ledger) == []
        kinds = [record.kind for record, _ in ledger.archive.records()]
        assert kinds.count(arc.RECEIPT) == 5  # not appended twice


_APPEND = arc.Archive, "append"
POINTS = {"straight": _APPEND, "archive": _APPEND, "judge": (store_module, "load_cases")}


def killed(folder, point):
    terminal, _ = flight()
    owner, name = POINTS[point]
    real = getattr(owner, name)
    if point != "straight":
        go_the_general_way(pytest.MonkeyPatch())

    def dying(*args):
        real(*args)
        os._exit(9)

    setattr(owner, name, dying)
    with Ledger.open(*w.places(folder)) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")


@pytest.mark.parametrize("point", POINTS)
def test_a_killed_process(tmp_path, taken, point):
    terminal, _ = flight()
    w.new_ledger(tmp_path, terminal).close()
    process = multiprocessing.get_context("spawn").Process(target=killed, args=(tmp_path, point))
    process.start()
    process.join(30)
    assert process.exitcode == 9
    with Ledger.open(*w.places(tmp_path)) as ledger:
        assert (ledger.custody(terminal.kid) is not None) == (point == "judge")
        ledger.take(terminal.kid, terminal.items, "sync")
        assert dump(ledger) == taken and faults(ledger) == []


def take_slowly(folder, terminal):
    with Ledger.open(*w.places(folder), wait=30) as ledger:
        for item in terminal.items:
            ledger.take(terminal.kid, [item], "sync")
        ledger.take(terminal.kid, terminal.items, "sync")


def test_two_threads_take_the_same_receipts(tmp_path, taken):
    terminal, _ = flight()
    w.new_ledger(tmp_path, terminal).close()
    threads = [threading.Thread(target=take_slowly, args=(tmp_path, terminal)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Ledger.open(*w.places(tmp_path)) as ledger:
        assert dump(ledger) == taken and faults(ledger) == []


def test_two_processes_take_one_payment_from_two_terminals(tmp_path):
    ann = w.Passenger("ann")
    payments = [ann.pay() for _ in range(6)]
    pair = w.Terminal("A"), w.Terminal("B", time=w.NOW + 30)
    for terminal in pair:
        for payment in payments:
            terminal.sale(ann, payment=payment)
    w.new_ledger(tmp_path, *pair).close()
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=take_slowly, args=(tmp_path, terminal)) for terminal in (*pair, *pair)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0] * 4
    with Ledger.open(*w.places(tmp_path)) as ledger:
        assert money(ledger)[ann.account, w.EUR] == money(ledger)["loss:9C", w.EUR] == 6 * 650
        assert faults(ledger) == []


def refusal(call, *args, **kwargs):
    with pytest.raises(HostError) as e:
        call(*args, **kwargs)
    assert "\n" not in e.value.line
    return e.value.code, e.value.exit_code


@pytest.mark.engine("sqlite")
def test_a_locked_ledger_says_so_and_takes_nothing(tmp_path, taken):
    terminal, _ = flight()
    with w.new_ledger(tmp_path, terminal, wait=0.1) as ledger:
        other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        size = ledger.archive.path.stat().st_size
        assert refusal(ledger.take, terminal.kid, terminal.items, "sync") == ("ledger_locked", 6)
        assert ledger.archive.path.stat().st_size == size
        other.execute("ROLLBACK")
        other.close()
        ledger.take(terminal.kid, terminal.items, "sync")
        assert dump(ledger) == taken


@pytest.mark.engine("sqlite")
def test_a_reader_that_holds_up_the_commit(tmp_path, taken):
    """Locked at the last moment: the archive has the records by then, and keeps them once."""
    terminal, _ = flight()
    with w.new_ledger(tmp_path, terminal, wait=0.1) as ledger:
        other = sqlite3.connect(tmp_path / "ledger.db", isolation_level=None)
        other.execute("BEGIN")
        other.execute("SELECT * FROM meta").fetchall()
        assert refusal(ledger.take, terminal.kid, terminal.items, "sync") == ("ledger_locked", 6)
        other.execute("ROLLBACK")
        other.close()
        assert dump(ledger)["receipts"] == [] and ledger.custody(terminal.kid) is None
        size = ledger.archive.path.stat().st_size
        ledger.take(terminal.kid, terminal.items, "sync")
        assert dump(ledger) == taken and ledger.archive.path.stat().st_size == size


def test_a_judgement_that_finds_the_ledger_locked_is_made_later(tmp_path, monkeypatch, taken):
    terminal, _ = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        with monkeypatch.context() as patch:
            go_the_general_way(patch)
            patch.setattr(store_module, "book", lambda *_: raise_locked())
            result = ledger.take(terminal.kid, terminal.items, "sync")
        assert (result.new, result.pending) == (5, 5)
        assert ledger.custody(terminal.kid)[0] == 5  # custody, not judgement
        assert ledger.judge_pending() == 5 and dump(ledger) == taken


def raise_locked():
    raise HostError("ledger_locked", "locked", 6)


@pytest.mark.engine("sqlite")
def test_a_full_disk_under_the_database(tmp_path, taken):
    terminal, _ = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        with ledger.reading() as session:
            session.execute(text("PRAGMA max_page_count = 1"))  # the pool hands the same connection out again
        big = [(n, r + bytes(30_000), e) for n, r, e in terminal.items]
        assert refusal(ledger.take, terminal.kid, big, "sync") == ("disk_full", 6)
        assert dump(ledger)["receipts"] == []
    with Ledger.open(*w.places(tmp_path)) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        assert dump(ledger) == taken and faults(ledger) == []


def test_a_full_disk_under_the_archive(tmp_path, monkeypatch, taken):
    terminal, _ = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        size = ledger.archive.path.stat().st_size

        def full(_):
            raise OSError(errno.ENOSPC, "No space left on device")

        with monkeypatch.context() as patch:
            patch.setattr(arc.os, "fsync", full)
            assert refusal(ledger.take, terminal.kid, terminal.items, "sync") == ("archive_failed", 6)
        assert ledger.archive.path.stat().st_size == size and dump(ledger)["receipts"] == []
        ledger.take(terminal.kid, terminal.items, "sync")
        assert dump(ledger) == taken and faults(ledger) == []


@pytest.mark.parametrize("torn", [1, 11, 12, 40, -1])
def test_a_torn_tail_of_the_archive_is_cut_off(tmp_path, taken, torn):
    terminal, _ = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[:3], "sync")
        whole = arc._pack(arc.receipt_record(arc.RECEIPT, terminal.kid, *terminal.items[3]))
        with open(ledger.archive.path, "ab") as f:
            f.write(whole[:torn])
        assert len(list(ledger.archive.records())) == 5 + 3  # root, policy, bundle, terminal and its commit
        ledger.take(terminal.kid, terminal.items[3:], "sync")
        assert dump(ledger) == taken and faults(ledger) == []


def test_the_archive_holds_what_a_rebuild_needs(tmp_path, taken):
    terminal, ann = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1")
        ledger.take(terminal.kid, terminal.items, "sync")
        records = [record for record, _ in ledger.archive.records()]
    by_kind = {kind: [r.fields for r in records if r.kind == kind] for kind in range(1, 6)}
    assert by_kind[arc.ENROLMENT] == [(w.ISSUER.kid, ann.cti, ann.sub.encode(), b"P-1")]
    elsewhere = tmp_path / "again"
    elsewhere.mkdir()
    roots = [fields[0] for fields in by_kind[arc.ROOT]]
    with Ledger.create(*w.places(elsewhere), roots, clock=lambda: w.NOW) as again:
        again.add_bundle(by_kind[arc.BUNDLE][0][0])
        public, label, airline = by_kind[arc.TERMINAL][0]
        again.add_terminal(public, label.decode(), airline.decode())
        items = [(int.from_bytes(number, "big"), raw, proof) for _, number, raw, proof in by_kind[arc.RECEIPT]]
        again.take(terminal.kid, items, "archive")
        assert dump(again) == taken


def test_lost_and_foreign_archives(tmp_path):
    terminal, _ = flight()
    url, archive = w.places(tmp_path)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[:3], "sync")
        whole = archive.read_bytes()
        archive.write_bytes(whole[:-5])
        assert refusal(ledger.take, terminal.kid, terminal.items, "sync") == ("archive_short", 6)
        assert "the archive can be read to byte" in faults(ledger)[0]
    archive.write_bytes(b"something else")
    assert refusal(Ledger.open, url, archive) == ("not_an_archive", 6)
    archive.write_bytes(whole[:8] + bytes(16) + whole[24:])
    assert refusal(Ledger.open, url, archive) == ("wrong_archive", 6)
    archive.unlink()
    assert refusal(Ledger.open, url, archive) == ("archive_missing", 6)
    archive.mkdir()
    with pytest.raises(HostError, match="cannot read") as e:
        Ledger.open(url, archive)
    assert e.value.code == "archive_unreadable" and "nothing was taken" not in e.value.line
    archive.rmdir()
    archive.write_bytes(whole)
    Ledger.open(url, archive).close()


@pytest.mark.engine("sqlite")
def test_what_is_no_ledger(tmp_path):
    url, archive = w.places(tmp_path)
    file = tmp_path / "ledger.db"
    assert refusal(Ledger.open, url, archive) == ("ledger_missing", 6)
    assert not file.exists()
    file.write_bytes(b"")
    assert refusal(Ledger.open, url, archive) == ("not_a_ledger", 6)
    file.write_bytes(b"this is a text file, and not a short one " * 100)
    assert refusal(Ledger.open, url, archive) == ("not_a_ledger", 6)
    file.unlink()
    other = sqlite3.connect(file)
    other.execute("CREATE TABLE meta (a)")
    other.close()
    assert refusal(Ledger.open, url, archive) == ("not_a_ledger", 6)
    assert refusal(Ledger.create, url, archive, [w.ROOT.public]) == ("ledger_exists", 4)
    assert refusal(Ledger.open, "no url", archive) == ("bad_ledger_url", 3)
    assert refusal(Ledger.open, "nosuch://x/y", archive) == ("bad_ledger_url", 3)
    assert refusal(Ledger.create, f"sqlite:///{tmp_path}/new.db", archive, []) == ("bad_roots", 3)


@pytest.mark.engine("sqlite")
def test_a_creation_that_fails_leaves_nothing(tmp_path, monkeypatch):
    url, archive = w.places(tmp_path)
    assert refusal(Ledger.create, url, tmp_path / "no" / "archive", [w.ROOT.public]) == ("archive_failed", 6)
    assert refusal(Ledger.create, f"sqlite:///{tmp_path}/no/l.db", archive, [w.ROOT.public]) == ("ledger_missing", 6)
    with monkeypatch.context() as patch, pytest.raises(Crash):
        crash_after(patch, arc.Archive, "append")
        Ledger.create(url, archive, [w.ROOT.public])
    assert list(tmp_path.iterdir()) == []
    Ledger.create(url, archive, [w.ROOT.public]).close()


@pytest.mark.engine("sqlite")
def test_another_version_and_a_read_only_ledger(tmp_path):
    terminal, _ = flight()
    url, archive = w.places(tmp_path)
    w.new_ledger(tmp_path, terminal).close()
    read_only = f"sqlite:///file:{tmp_path}/ledger.db?mode=ro&uri=true"
    with Ledger.open(read_only, archive) as ledger:
        size = archive.stat().st_size
        assert refusal(ledger.take, terminal.kid, terminal.items, "sync") == ("ledger_read_only", 6)
        assert archive.stat().st_size == size and ledger.next_number(terminal.kid) == 1
    with sqlite3.connect(tmp_path / "ledger.db") as other:
        other.execute("UPDATE meta SET schema_version = 99")
    other.close()
    assert refusal(Ledger.open, url, archive) == ("ledger_version", 6)
