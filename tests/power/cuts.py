"""Runs a script that cuts the power at every flash operation, on real MicroPython with real littlefs."""

import re
from pathlib import Path

import micropython

HERE = Path(__file__).parent


def check(script: str, age: int, least: int, *more: str) -> str:
    """Whatever operation the power failed in, nothing was wrong; and it was cut `least` times. What was printed."""
    path = (str(HERE.parent / "portable"),)
    output = micropython.run(str(HERE / script), str(age), *more, path=path, heap="8m", timeout=900)
    failures = re.findall(r"^FAIL (.*):$", output, re.MULTILINE)
    assert not failures, f"micropython tests/power/{script} {failures[0]}\n{output[-2000:]}"
    total = re.search(r"^(\d+) cut points, 0 failures$", output, re.MULTILINE)
    assert total, output[-2000:]
    assert int(total[1]) >= least
    print(f"{script}, age {age}: {total[0]}")
    return output
