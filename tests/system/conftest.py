from collections.abc import Iterator
from pathlib import Path

import pytest

import gate as gates
import simulator


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[gates.Gate]:
    ground = gates.Gate(tmp_path)
    yield ground
    ground.ledger.close()


@pytest.fixture
def blank(tmp_path: Path) -> Iterator[simulator.Terminal]:
    """A terminal that was never provisioned; its flash is tmp_path/flash.img."""
    with simulator.Terminal(tmp_path / "flash.img") as terminal:
        terminal.wait("stopped", "")
        yield terminal


@pytest.fixture
def terminal(gate: gates.Gate, blank: simulator.Terminal) -> simulator.Terminal:
    """Provisioned, synced and signed on."""
    gate.provision(blank)
    gate.sync(blank)
    gates.sign_on(blank)
    return blank
