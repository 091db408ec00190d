"""Runs sale_cuts.py, which cuts the power at every flash operation, on real MicroPython with real littlefs."""

import re
from pathlib import Path

import pytest

import micropython

HERE = Path(__file__).parent


@pytest.mark.parametrize("age", (0, 1, 2, 4))
def test_nothing_shown_is_lost_whatever_operation_the_power_fails_in(age: int) -> None:
    output = micropython.run(
        str(HERE / "sale_cuts.py"), str(age), path=(str(HERE.parent / "portable"),), heap="8m", timeout=300
    )
    failures = re.findall(r"^FAIL (.*):$", output, re.MULTILINE)
    assert not failures, f"micropython tests/power/sale_cuts.py {failures[0]}\n{output[-2000:]}"
    total = re.search(r"^(\d+) cut points, 0 failures$", output, re.MULTILINE)
    assert total, output[-2000:]
    assert int(total[1]) >= 4 * 40
    print(f"age {age}: {total[0]}")
