"""A short version of make faults: one case in sixteen, and some hundred disconnects."""

import subprocess
import sys
from pathlib import Path


def test_the_same_ledger_after_every_fault() -> None:
    run = [sys.executable, str(Path(__file__).with_name("run.py")), "16", "150"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].endswith(" passed, 0 failed")
