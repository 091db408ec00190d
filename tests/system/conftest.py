import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import gate as gates
import rig


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "needs(*capabilities): what the board must be able to do (tests/system/rig.py)")


@pytest.fixture(scope="session", autouse=True)
def _board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    rig.use(request.config.getoption("board"), tmp_path_factory.mktemp("board"), request.config.getoption("port"))
    yield
    if hasattr(rig.Terminal, "leave"):
        rig.Terminal.leave()


@pytest.fixture(autouse=True)
def _needs(request: pytest.FixtureRequest, _board: None) -> Iterator[None]:
    for mark in request.node.iter_markers("needs"):
        rig.need(*mark.args)
    yield
    rig.forget_time()


@pytest.fixture(scope="session")
def _provisioned(_board: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys, ledger and the flash of a terminal that was provisioned with them; tests copy it."""
    folder = tmp_path_factory.mktemp("provisioned")
    ground = gates.Gate(folder)
    with rig.Terminal(folder / "flash.img") as terminal:
        terminal.wait("stopped")
        ground.provision(terminal)
    ground.ledger.close()
    return folder


@pytest.fixture
def gate(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[gates.Gate]:
    """A ground of the test's own; where the test has a terminal that was provisioned, a copy of the one that did it."""
    if "provisioned" in request.fixturenames:
        request.getfixturevalue("provisioned")
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
def provisioned(_needs: None, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Flash of a provisioned terminal."""
    rig.need("flash", "crew")
    shutil.copytree(request.getfixturevalue("_provisioned"), tmp_path, dirs_exist_ok=True)
    return tmp_path / "flash.img"


@pytest.fixture
def terminal(provisioned: Path, gate: gates.Gate) -> Iterator[rig.Terminal]:
    """Synced and signed on."""
    with rig.Terminal(provisioned) as terminal:
        terminal.wait("sign_on")
        gate.sync(terminal)
        gates.sign_on(terminal)
        yield terminal
