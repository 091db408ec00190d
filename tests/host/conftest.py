"""Every ledger test runs on SQLite and on PostgreSQL, unless it is marked for one of them."""

import os
from collections.abc import Iterator

import pytest

from postgres import Server

ENGINES = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if metafunc.module.__name__.rpartition(".")[2].startswith("test_ledger"):
        only = metafunc.definition.get_closest_marker("engine")
        metafunc.parametrize("ledger_engine", only.args if only else ENGINES, indirect=True, scope="module")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture(scope="module", autouse=True)
def ledger_engine(request: pytest.FixtureRequest) -> Iterator[str]:
    """Where ledger_world makes its ledgers; said in the environment, for processes that tests start."""
    if getattr(request, "param", "sqlite") == "sqlite":
        yield "sqlite"
        return
    os.environ["CABINPAY_TEST_SERVER"] = str(request.getfixturevalue("postgresql").folder)
    yield "postgresql"
    del os.environ["CABINPAY_TEST_SERVER"]
