"""Judging in other processes: the same answers, also where one of them dies, and nobody is left behind."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from cabinpay_host.ledger import ahead, judges
from cabinpay_host.ledger.judges import Judges
from host import ledger_world as w
from host.ledger_world import faults, open_codes


@pytest.fixture
def two_cores(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def flight(label):
    terminal, ann = w.Terminal(label), w.Passenger(label)
    terminal.open()
    for mode in (w.QUICK, w.BOUND, w.CHALLENGED):
        terminal.sale(ann, mode=mode)
    terminal.close()
    return terminal


def one_for_each(folder):
    """A question for either of two judges: who has free choice goes by the last bit of a terminal's kid."""
    found = {}
    for label in "ABCDEFGH":
        found.setdefault(w.Terminal(label).kid[-1] % 2, label)
    assert len(found) == 2
    return [asked(folder / label, flight(label)) for label in found.values()]


def asked(folder, terminal):
    folder.mkdir(exist_ok=True)
    with w.new_ledger(folder, terminal) as ledger, ledger.reading() as session:
        basis, world = ahead.look(session, terminal.kid, terminal.items)
        return terminal.kid, terminal.items, basis.head, world


def told(found):
    return None if found is None else [(*one[:-1], one.shown and plain(one.shown)) for one in found]


def plain(shown):
    return *shown[:-1], vars(shown.claims)


def pids(here):
    return [process.pid for process in here._all if process]


def test_they_answer_as_is_answered_here(tmp_path, two_cores):
    question = asked(tmp_path, flight("A"))
    kid, items, head, world = question
    altered = [*items[:-1], (items[-1][0], items[-1][1][:-1] + b"\0", b"")]
    with Judges() as here:
        assert len(pids(here)) == 2
        for some in (items, items[:1], items[1:], altered):
            expected = ahead.judge(kid, some, head, world)
            assert (expected is None) == (some in (items[1:], altered))
            assert told(here.judge(kid, some, head, world)) == told(expected)
    assert not any(psutil.pid_exists(pid) for pid in pids(here))


def test_one_that_dies_is_replaced(tmp_path, two_cores):
    questions = one_for_each(tmp_path)
    expected = [told(ahead.judge(*question)) for question in questions]
    with Judges() as here:
        first = pids(here)
        for process in here._all:
            process.kill()
        for _ in range(2):
            assert [told(here.judge(*question)) for question in questions] == expected
        assert len(pids(here)) == 2 and not set(first) & set(pids(here))


@pytest.mark.engine("sqlite")
def test_threads_share_them(tmp_path, two_cores):
    terminals = [flight(f"T{i}") for i in range(6)]
    with w.new_ledger(tmp_path, *terminals, wait=60) as ledger, Judges() as here, ThreadPoolExecutor(6) as threads:
        ledger.judge_ahead = here.judge
        taken = list(threads.map(lambda t: ledger.take(t.kid, t.items, "sync"), terminals))
        assert [t.new for t in taken] == [5] * 6 and open_codes(ledger) == {} and faults(ledger) == []


def test_an_answer_that_was_not_read_is_nobody_elses(tmp_path, two_cores, monkeypatch):
    """Whoever is interrupted between question and answer leaves no judge behind that would answer it later."""
    question = asked(tmp_path, flight("A"))
    kid, items, head, world = question

    def interrupted(_pipe):
        raise KeyboardInterrupt

    with Judges() as here:
        first = set(pids(here))
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            patch.setattr(judges.pickle, "load", interrupted)
            here.judge(*question)
        assert len(set(pids(here)) & first) == 1
        for _ in range(2):
            assert told(here.judge(kid, items[:1], head, world)) == told(ahead.judge(kid, items[:1], head, world))


def test_an_answer_about_something_else_is_not_believed(tmp_path, two_cores, monkeypatch):
    question, other, folder = asked(tmp_path, flight("A")), flight("B"), tmp_path / "other"
    folder.mkdir()
    expected = told(ahead.judge(*question))
    with w.new_ledger(folder, other) as ledger, ledger.reading() as session:
        basis, world = ahead.look(session, other.kid, other.items)
        wrong = ahead.judge(other.kid, other.items, basis.head, world)
    assert len(wrong) == len(question[1])
    with Judges() as here:
        monkeypatch.setattr(judges, "_ask", lambda *_: wrong)
        assert told(here.judge(*question)) == expected


def test_where_none_can_be_begun_it_is_judged_here(tmp_path, two_cores, monkeypatch):
    questions = one_for_each(tmp_path)
    expected = [told(ahead.judge(*question)) for question in questions]

    def refused(*_args, **_kwargs):
        raise OSError("no process more")

    with Judges() as here:
        monkeypatch.setattr(subprocess, "Popen", refused)
        for process in here._all:
            process.kill()
        for _ in range(2):
            assert [told(here.judge(*question)) for question in questions] == expected
        assert pids(here) == []


@pytest.mark.skipif(os.name == "nt", reason="no such signals")
def test_signals_for_the_gateway_are_not_theirs(tmp_path, two_cores):
    questions = one_for_each(tmp_path)
    with Judges() as here:
        expected = [told(here.judge(*question)) for question in questions]
        first = set(pids(here))
        for number in (signal.SIGINT, signal.SIGTERM):
            for process in here._all:
                process.send_signal(number)
        assert [told(here.judge(*question)) for question in questions] == expected and set(pids(here)) == first


def test_one_that_is_busy_is_not_waited_for(tmp_path, two_cores):
    question = asked(tmp_path, flight("A"))
    with Judges() as here:
        mine = here._come(question[0])
        assert here._come(question[0]) != mine  # both are out now
        here._leave(mine, answered=True)
        assert told(here.judge(*question)) == told(ahead.judge(*question))


def test_a_machine_with_one_core_needs_none(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    question = asked(tmp_path, flight("A"))
    with Judges() as here:
        assert pids(here) == [] and told(here.judge(*question)) == told(ahead.judge(*question))


OWNER = """
import os, sys
from cabinpay_host.ledger.judges import Judges
os.cpu_count = lambda: 2
with Judges() as here:
    print(*(process.pid for process in here._all), flush=True)
    sys.stdin.read()
"""


def test_they_end_with_a_gateway_that_is_killed():
    owner = subprocess.Popen([sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with owner:
        children = [psutil.Process(int(pid)) for pid in owner.stdout.readline().split()]
        assert len(children) == 2
        owner.kill()
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert len(gone) == 2 and alive == []


def test_one_that_is_asked_no_more_ends():
    judge = subprocess.Popen([sys.executable, "-m", judges.__name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert judge.communicate(b"", timeout=60)[0] == b"" and judge.returncode == 0
