"""Ledgers of every earlier version, as that version wrote them (ledgers/), are brought up to this one with all data."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import BigInteger, Integer, MetaData, create_engine, event, func, make_url, select, text

from cabinpay_host.errors import HostError
from cabinpay_host.ledger import Ledger
from cabinpay_host.ledger.models import SCHEMA, Base
from cabinpay_host.ledger.rebuild import rebuild
from cabinpay_host.ledger.upgrade import OLDEST, upgrade
from host import ledger_world as w

OLD = Path(__file__).parent / "ledgers"
VERSIONS = range(OLDEST, SCHEMA)


def restored(folder, version):
    """(URL, archive) of the ledger that version `version` left."""
    folder.mkdir(exist_ok=True)
    url, archive = w.places(folder)
    shutil.copy(OLD / f"{version}.archive", archive)
    dumped = folder / "dumped.db" if w.on_server() else folder / "ledger.db"
    with sqlite3.connect(dumped) as old:
        old.executescript((OLD / f"{version}.sql").read_text())
    old.close()
    if w.on_server():
        moved(f"sqlite:///{dumped}", url, version)
    return make_url(url), archive


# From this version on a server counts rows in 64 bits, for which SQLite has no other word
WIDENED = 4


def moved(source, target, version):
    old, new = create_engine(source), create_engine(target)
    tables = MetaData()

    def typed(_inspector, table, column):
        wide = version >= WIDENED and isinstance(Base.metadata.tables[table.name].c[column["name"]].type, BigInteger)
        column["type"] = BigInteger() if wide else column["type"].as_generic()

    event.listen(tables, "column_reflect", typed)
    tables.reflect(old)
    with old.connect() as rows, new.begin() as connection:
        tables.create_all(connection)
        connection.execute(text("SET session_replication_role = replica"))
        for table in tables.sorted_tables:
            found = [dict(row) for row in rows.execute(select(table)).mappings()]
            if found:
                connection.execute(table.insert(), found)
            ident = table.columns.get("id")
            if ident is not None and isinstance(ident.type, Integer):
                last = select(func.setval(f"{table.name}_id_seq", select(func.max(ident)).scalar_subquery()))
                connection.execute(last)
    old.dispose()
    new.dispose()


def test_every_version_since_the_oldest_is_kept():
    assert {p.stem for p in OLD.glob("*.sql")} == {p.stem for p in OLD.glob("*.archive")} == {str(v) for v in VERSIONS}


@pytest.mark.parametrize("version", VERSIONS)
def test_an_earlier_ledger_goes_on(tmp_path, version):
    url, archive = restored(tmp_path, version)
    with pytest.raises(HostError, match="cabinpay ledger upgrade") as e:
        Ledger.open(url, archive)
    assert e.value.code == "ledger_version"
    assert upgrade(url, archive, 5) == (version, SCHEMA) and upgrade(url, archive, 5) == (SCHEMA, SCHEMA)
    with Ledger.open(url, archive) as ledger:
        assert w.faults(ledger) == [] and len(w.dump(ledger)["receipts"]) > 20
        copy, _ = rebuild(archive, *w.places(tmp_path, "again"))
        with copy:
            assert w.tables(copy, forked=True) == w.tables(ledger, forked=True)
        more = w.Terminal("D")
        more.open()
        more.sale(w.Passenger("cy"))
        ledger.add_terminal(more.key.public, "D", w.AIRLINE)
        assert ledger.take(more.kid, more.items, "sync").new == 2 and w.faults(ledger) == []


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_upgraded_is_what_is_made_new(tmp_path, version):
    url, archive = restored(tmp_path, version)
    upgrade(url, archive, 5)
    new = tmp_path / "new"
    new.mkdir()
    w.new_ledger(new).close()
    for place in (url, make_url(w.url_of(new))):
        engine = create_engine(place)
        with engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, Base.metadata) == []
        engine.dispose()


def test_an_upgrade_that_fails_leaves_the_old_one(tmp_path, monkeypatch):
    url, archive = restored(tmp_path, OLDEST)
    from alembic import op

    with monkeypatch.context() as patch, pytest.raises(ZeroDivisionError):
        patch.setattr(op, "execute", lambda _: 1 / 0)
        upgrade(url, archive, 5)
    assert upgrade(url, archive, 5) == (OLDEST, SCHEMA)
    Ledger.open(url, archive).close()


@pytest.mark.parametrize(("version", "code"), [(0, "not_a_ledger"), (1, "ledger_version"), (99, "ledger_version")])
def test_versions_that_cannot_be_brought_up(tmp_path, version, code):
    w.new_ledger(tmp_path).close()
    w.alter(tmp_path, f"UPDATE meta SET schema_version = {version}")
    with pytest.raises(HostError) as e:
        upgrade(make_url(w.url_of(tmp_path)), w.places(tmp_path)[1], 5)
    assert e.value.code == code
