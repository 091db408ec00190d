"""The demo is a promise in the README: it is run as a test, to its end and into Ctrl-C."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


def demo(folder: Path) -> subprocess.Popen[str]:
    search = os.pathsep.join(str(ROOT / name) for name in ("boards/unix", "firmware", "host_tools"))
    return subprocess.Popen(
        [sys.executable, str(HERE / "flight.py"), str(folder)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
        env={**os.environ, "PYTHONPATH": search},
    )  # fmt: skip


def test_it_lands(tmp_path: Path) -> None:
    with demo(tmp_path / "flight") as process:
        output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    assert "33 claims checked" in output and "✗" not in output and "Traceback" not in output


def test_control_c_leaves_nothing_behind(tmp_path: Path) -> None:
    with demo(tmp_path / "flight") as process:
        for line in process.stdout or ():
            if "hello --port" in line:
                break
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    deadline = time.monotonic() + 10
    while alive(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not alive(process.pid)


def alive(group: int) -> bool:
    """Does any process of the demo's group still run?"""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
