from collections.abc import Iterator
from pathlib import Path

import pytest

import gate as gates
import rig


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*capabilities): what the board must be able to do (tests/system/rig.py)")


@pytest.fixture(scope="session", autouse=True)
def _board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> None:
    rig.use(request.config.getoption("board"), request.config.getoption("port"), tmp_path_factory.mktemp("board"))


@pytest.fixture(autouse=True)
def _needs(request: pytest.FixtureRequest, _board: None) -> None:
    for mark in request.node.iter_markers("needs"):
        rig.need(*mark.args)


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[gates.Gate]:
    ground = gates.Gate(tmp_path)
    yield ground
    ground.ledger.close()


@pytest.fixture
def blank(_needs: None, tmp_path: Path) -> Iterator[rig.Terminal]:
    """A terminal that was never provisioned; its flash is tmp_path/flash.img."""
    with rig.Terminal(tmp_path / "flash.img") as terminal:
        terminal.wait("stopped", "")
        yield terminal


@pytest.fixture
def terminal(gate: gates.Gate, blank: rig.Terminal) -> rig.Terminal:
    """Provisioned, synced and signed on."""
    gate.provision(blank)
    gate.sync(blank)
    gates.sign_on(blank)
    return blank
