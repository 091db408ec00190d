"""The load simulator, small: the same code as `make load`."""

from pathlib import Path

import pytest

from load.fleet import flight
from load.run import land, on_postgresql


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_small_fleet_lands_through_two_gateways(tmp_path: Path, engine: str) -> None:
    fleet = [flight((i, 9)) for i in range(6)]
    if engine == "sqlite":
        land(f"sqlite:///{tmp_path}/ledger.db", tmp_path, fleet)
    else:
        on_postgresql(lambda url: land(url, tmp_path, fleet))
