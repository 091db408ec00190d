"""The emulator's process never outlives who started it, and what it is asked wrongly costs nothing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pico_emulated.emulator import Pico
from pico_emulated.layout import PicoError

HOLD = "import sys, time; from pathlib import Path; from pico_emulated.emulator import Pico\n"
HOLD += "p = Pico(Path(sys.argv[1])); print(p.pid, flush=True); time.sleep(60)"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_closed_it_is_gone_and_so_is_its_port(pico: Pico) -> None:
    port, pid = Path(pico.port), pico.pid
    assert port.exists()
    pico.close()
    assert not alive(pid)
    assert not port.is_symlink()
    pico.close()
    with pytest.raises(PicoError, match="emulator_gone"):
        pico.stat()


def test_it_ends_when_its_owner_is_killed(pico: Pico, formatted: Path, tmp_path: Path) -> None:
    copy = shutil.copy(formatted, tmp_path / "other.img")
    owner = subprocess.Popen([sys.executable, "-c", HOLD, copy], stdout=subprocess.PIPE, text=True)
    assert owner.stdout
    pid = int(owner.stdout.readline())
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    owner.stdout.close()
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(pid)


def test_what_it_does_not_know_is_refused_and_it_goes_on(pico: Pico) -> None:
    with pytest.raises(PicoError, match="emulator_refused"):
        pico._process.ask("dance")
    assert pico.stat().on


def test_waiting_for_what_does_not_come_ends(pico: Pico) -> None:
    with pytest.raises(PicoError, match="no_event"):
        pico.wait_event("screen", ms=100)
    pico.power_off()
    with pytest.raises(PicoError, match="no_event"):
        pico.wait_event("screen")


def test_a_file_that_is_no_flash_is_refused(pico: Pico, tmp_path: Path) -> None:
    (tmp_path / "short.img").write_bytes(b"x")
    with pytest.raises(PicoError, match="flash_size"):
        Pico(tmp_path / "short.img")


def test_cabinpay_emulate_is_a_terminal_to_play_with(pico: Pico, tmp_path: Path) -> None:
    pico.close()
    command = [sys.executable, "-m", "cabinpay_host.cli", "emulate", "--flash", str(pico.flash), "--seed", "7"]
    process = subprocess.Popen(command, stdin=-1, stdout=-1, stderr=-1, text=True)
    assert process.stdin and process.stdout and process.stderr
    said = [process.stdout.readline() for _ in range(4)]
    assert "MicroPython 1.25.0, SHA-256" in said[0] and "seed 7" in said[1] and "port" in said[3]
    mpremote = [sys.executable, "-m", "mpremote", "connect", said[3].split()[-1], "exec", "print(6 * 7)"]
    assert subprocess.run(mpremote, capture_output=True, text=True, timeout=60).stdout.strip() == "42"
    out, error = process.communicate("keys 1E\nkeys 1\nscan CP1:A\nscreen\npower off\n", timeout=30)
    assert "no key" in error and "Traceback" not in error
    assert str(pico.flash) + ".png" in out and Path(f"{pico.flash}.png").exists()
    assert process.returncode == 0


def test_cabinpay_emulate_says_in_a_line_what_is_wrong(pico: Pico, tmp_path: Path) -> None:
    (tmp_path / "short.img").write_bytes(b"x")
    command = [sys.executable, "-m", "cabinpay_host.cli", "emulate", "--flash", str(tmp_path / "short.img")]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)
    assert done.returncode == 5
    assert done.stderr.startswith("cabinpay: flash_size: ") and done.stderr.count("\n") == 1
