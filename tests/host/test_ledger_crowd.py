"""Several gateways, a laptop and phones write to one ledger at once, and one gateway is killed in the middle."""

import multiprocessing
import random
import time

from sqlalchemy import create_engine, text

from cabinpay_host.errors import HostError
from cabinpay_host.ledger import Ledger
from host import ledger_world as w

TERMINALS, SALES = 6, 12
SPAWN = multiprocessing.get_context("spawn")


def fleet():
    """Terminals whose receipts are the same in every process; every third payment is shown at two of them."""
    people = [w.Passenger(f"p{i}") for i in range(5)]
    terminals = [w.Terminal(f"T{i}", time=w.NOW + 7 * i) for i in range(TERMINALS)]
    for terminal in terminals:
        terminal.open()
    for i in range(SALES):
        for j, terminal in enumerate(terminals):
            who = people[(i + j) % len(people)]
            payment = who.pay(iat=terminal.time + 60)
            terminal.sale(who, payment=payment)
            if i % 3 == 0:
                terminals[(j + 1) % TERMINALS].sale(who, payment=payment)
    return terminals


def patiently(step):
    while True:
        try:
            return step()
        except HostError as e:
            if e.code != "ledger_locked":
                raise
            time.sleep(random.random() / 50)


def gateway(folder, first):
    """Pulls of every terminal, from another one on than the other gateways."""
    terminals = fleet()
    with Ledger.open(*w.places(folder), wait=30) as ledger:
        for terminal in terminals[first:] + terminals[:first]:
            patiently(lambda terminal=terminal: w.pull(ledger, terminal, batch=5))


def phones(folder):
    sales = [w.shown(item) for terminal in fleet() for item in terminal.items if item[2]]
    with Ledger.open(*w.places(folder), wait=30) as ledger:
        for receipt in reversed(sales[::3]):
            patiently(lambda receipt=receipt: ledger.hand_in(*receipt))


def started(target, *args):
    process = SPAWN.Process(target=target, args=args)
    process.start()
    return process


def kill_in_the_middle(folder, process):
    query = text("SELECT COUNT(*) FROM receipts")
    engine = create_engine(w.url_of(folder))
    deadline = time.monotonic() + 60
    count = 0
    while count < 10 and time.monotonic() < deadline:
        with engine.connect() as connection:
            count = connection.execute(query).scalar_one()
    engine.dispose()
    process.kill()
    process.join()
    assert process.exitcode == -9, "it was done before it could be killed"


# One row each: what must be the same on both sides
INDEPENDENT = {
    "receipts": "SELECT COUNT(*), COUNT(DISTINCT sha256) FROM receipts",
    "one debit a payment": "SELECT COUNT(*), COUNT(DISTINCT receipt_id) FROM settlements",
    "sums": "SELECT COALESCE(SUM(amount), 0), 0 FROM postings",
    "debited": "SELECT SUM(amount), 0 FROM postings WHERE account LIKE 'passenger:%'",
    "lost": "SELECT SUM(amount), 0 FROM postings WHERE account = 'loss:9C'",
    "waiting": "SELECT COUNT(*), 0 FROM receipts WHERE state <> 'sound'",
}


def test_everybody_at_once(tmp_path):
    terminals = fleet()
    w.new_ledger(tmp_path, *terminals).close()
    victim = started(gateway, tmp_path, 0)
    others = [started(gateway, tmp_path, 2), started(gateway, tmp_path, 4), started(phones, tmp_path)]
    kill_in_the_middle(tmp_path, victim)
    others.append(started(gateway, tmp_path, 0))
    for process in others:
        process.join(300)
    assert [process.exitcode for process in others] == [0] * 4
    receipts = sum(len(t.items) for t in terminals)
    payments = TERMINALS * SALES
    replays = receipts - TERMINALS - payments
    found = {name: tuple(map(int, w.fetched(tmp_path, query)[0])) for name, query in INDEPENDENT.items()}
    assert found == {
        "receipts": (receipts, receipts),
        "one debit a payment": (payments, payments),
        "sums": (0, 0),
        "debited": (650 * payments, 0),
        "lost": (650 * replays, 0),
        "waiting": (0, 0),
    }
    with Ledger.open(*w.places(tmp_path)) as ledger:
        for terminal in terminals:
            assert ledger.custody(terminal.kid) == (len(terminal.items), w.sha(terminal.items[-1][1]))
        assert w.faults(ledger) == []
        kinds = [record.kind for record, _ in ledger.archive.records()]
        assert kinds.count(w.RECEIPT) == receipts
