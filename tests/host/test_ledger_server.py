"""What only a database server can do to a ledger: be away, end a connection, hold a lock, refuse a user."""

import os
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

import postgres
from cabinpay_host.errors import HostError
from cabinpay_host.ledger import Ledger, straight
from cabinpay_host.ledger.rebuild import rebuild
from host import ledger_world as w

pytestmark = pytest.mark.engine("postgresql")


def refusal(call, *args, **kwargs):
    with pytest.raises(HostError) as e:
        call(*args, **kwargs)
    assert "\n" not in e.value.line and "Error" not in e.value.line
    return e.value.code, int(e.value.exit_code)


def one_sale():
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    terminal.sale(ann)
    return terminal


def test_another_writer_that_keeps_the_lock(tmp_path):
    terminal = one_sale()
    with w.new_ledger(tmp_path, terminal, wait=0.2) as ledger:
        size = ledger.archive.path.stat().st_size
        engine = create_engine(w.url_of(tmp_path))
        with engine.begin() as other:
            other.execute(text("SELECT * FROM meta FOR UPDATE"))
            started = time.monotonic()
            assert refusal(ledger.take, terminal.kid, terminal.items, "sync") == ("ledger_locked", 6)
            assert time.monotonic() - started < 5
            assert ledger.next_number(terminal.kid) == 1  # readers do not wait
        engine.dispose()
        assert ledger.archive.path.stat().st_size == size
        assert ledger.take(terminal.kid, terminal.items, "sync").new == 2 and w.faults(ledger) == []


def test_a_server_that_ends_the_connection(tmp_path):
    terminal = one_sale()
    with w.new_ledger(tmp_path, terminal) as ledger:
        with pytest.raises(HostError) as e, ledger.reading() as session:
            ident = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
            postgres.execute(Path(os.environ["CABINPAY_TEST_SERVER"]), f"SELECT pg_terminate_backend({ident})")
            session.execute(text("SELECT 1"))
        assert e.value.code == "ledger_io"
        assert ledger.take(terminal.kid, terminal.items, "sync").new == 2 and w.faults(ledger) == []


@pytest.mark.parametrize("at", ["_write_receipts", "_write_money"])
def test_a_server_that_ends_the_connection_while_rows_go_to_it(tmp_path, monkeypatch, at):
    terminal = one_sale()
    server = Path(os.environ["CABINPAY_TEST_SERVER"])
    real = getattr(straight, at)

    def cut(session, *args):
        ident = session.execute(text("SELECT pg_backend_pid()")).scalar_one()
        postgres.execute(server, f"SELECT pg_terminate_backend({ident})")
        real(session, *args)

    with w.new_ledger(tmp_path, terminal) as ledger:
        size = ledger.archive.path.stat().st_size
        with monkeypatch.context() as patch:
            patch.setattr(straight, at, cut)
            assert refusal(ledger.take, terminal.kid, terminal.items, "sync") == ("ledger_io", 6)
        assert ledger.archive.path.stat().st_size == size
        assert ledger.take(terminal.kid, terminal.items, "sync").new == 2 and w.faults(ledger) == []


def test_rows_that_a_server_refuses(tmp_path):
    terminal = one_sale()
    engine = create_engine(w.url_of(tmp_path))
    with w.new_ledger(tmp_path, terminal) as ledger:
        with engine.begin() as other:
            other.execute(text("ALTER TABLE postings ADD CONSTRAINT none CHECK (amount = 0)"))
        assert refusal(ledger.take, terminal.kid, terminal.items, "sync") == ("ledger_failed", 6)
        with engine.begin() as other:
            other.execute(text("ALTER TABLE postings DROP CONSTRAINT none"))
        engine.dispose()
        assert ledger.take(terminal.kid, terminal.items, "sync").new == 2 and w.faults(ledger) == []


def test_no_server_no_database_and_no_ledger(tmp_path):
    url, archive = w.places(tmp_path)
    assert refusal(Ledger.open, url, archive) == ("not_a_ledger", 6)
    away = make_url(url).update_query_dict({"host": str(tmp_path)})
    assert refusal(Ledger.open, away, archive) == ("ledger_missing", 6)
    assert refusal(Ledger.open, make_url(url).set(database="nosuch"), archive) == ("ledger_missing", 6)


def test_a_database_that_holds_a_ledger(tmp_path):
    url, archive = w.places(tmp_path)
    w.new_ledger(tmp_path).close()
    other = tmp_path / "other.archive"
    assert refusal(Ledger.create, url, other, [w.ROOT.public]) == ("ledger_exists", 4)
    assert refusal(rebuild, archive, url, other) == ("ledger_exists", 4)
    assert not other.exists()
    Ledger.open(url, archive).close()


def test_a_user_who_may_only_read(tmp_path):
    terminal = one_sale()
    url, archive = w.places(tmp_path)
    w.new_ledger(tmp_path, terminal).close()
    server = Path(os.environ["CABINPAY_TEST_SERVER"])
    postgres.execute(server, f"ALTER DATABASE {make_url(url).database} SET default_transaction_read_only = on")
    with Ledger.open(url, archive) as ledger:
        size = archive.stat().st_size
        assert refusal(ledger.take, terminal.kid, terminal.items, "sync") == ("ledger_read_only", 6)
        assert archive.stat().st_size == size and ledger.next_number(terminal.kid) == 1


def test_both_servers_that_the_tests_may_find():
    """Where none is on the machine, the one from PyPI is used: it must work too."""
    server = postgres.Server(bin_folder=postgres.packaged())
    try:
        assert postgres.execute(server.folder, "SELECT 1") == [(1,)]
    finally:
        server.stop()
    assert not server.folder.exists()
