"""A short version of make faults: one case in forty, and some hundred disconnects."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.skip(reason="hangs where the host is killed, since the ledger numbers its own rows: to be mended first")
def test_the_same_ledger_after_every_fault() -> None:
    run = [sys.executable, str(Path(__file__).with_name("run.py")), "40", "100"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" passed, 0 failed")
