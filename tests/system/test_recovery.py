"""Firmware that formats the flash over receipts: the image is saved, every receipt is in it, and nothing is sold."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import rig
from cabinpay_host import flash_image
from cabinpay_host.errors import HostError
from cabinpay_host.link import Link
from cabinpay_host.transport import SerialStream
from gate import Gate
from texts import TEXTS
from world import NOW, quick, selling

pytestmark = pytest.mark.needs("prompt", "flash")
SALES = 40


def cabinpay(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "cabinpay_host.cli", *arguments], capture_output=True, text=True)


def shift_of_sales() -> dict[str, bytes]:
    """Files of a terminal that has sold."""
    world = selling(max_passes=SALES)
    for n in range(SALES):
        assert world.pay(quick(f"passenger {n}", iat=NOW)) == "approved"
    world.files.close()
    root = Path(world.files._root)
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def switched_off(blank: rig.Terminal, tmp_path: Path) -> Path:
    """Flash of a blank terminal."""
    blank.cut_power()
    return tmp_path / "flash.img"


def numbers(image: bytes) -> set[int]:
    """Of the receipts that lie in it."""
    return {record.number for record in flash_image.carve(image) if record.type == flash_image.RECEIPT}


def test_formatted_over_receipts(switched_off: Path, tmp_path: Path) -> None:
    """One bit of each superblock flips: the firmware formats. The image has every receipt, and no agent goes there."""
    for name, data in shift_of_sales().items():
        rig.put_file(switched_off, name, data)
    rig.flip_superblocks(switched_off)
    saved = tmp_path / "saved.img"
    with rig.bare(switched_off) as board:
        done = cabinpay("dump", "--port", board.port, "--out", str(saved))
    assert done.returncode == 0 and saved.stat().st_mode & 0o077 == 0, done.stderr
    assert flash_image.read(saved.read_bytes()).files == {}, "the firmware has formatted it"
    assert numbers(saved.read_bytes()) == set(range(1, SALES + 2))
    told = cabinpay("inspect", str(saved))
    assert "records lie in the raw flash (needs recovery)" in told.stdout and told.returncode == 7
    with pytest.raises(HostError, match="needs_recovery"):
        rig.install_emulated(switched_off)
    assert numbers(switched_off.read_bytes()) == set(range(1, SALES + 2))


def test_an_agent_over_formatted_receipts_sells_nothing(gate: Gate, switched_off: Path, tmp_path: Path) -> None:
    """Another tool has put it there, and some of the old journal is left where its files do not lie."""
    segment = shift_of_sales()["journal/00000001"]
    rig.write_unused(switched_off, segment)
    with rig.Terminal(switched_off) as terminal:
        assert terminal.wait("stopped")["lines"] == TEXTS["needs_recovery"]
        assert terminal.pay(gate.passenger("anna").quick())["code"] == "needs_recovery"
        refused(gate, terminal)
        no_prompt = cabinpay("dump", "--port", terminal.port, "--out", str(tmp_path / "no.img"))
        assert no_prompt.returncode == 5 and no_prompt.stderr.startswith("cabinpay: no_prompt: ")


def refused(gate: Gate, terminal: rig.Terminal) -> None:
    """It says why, and takes neither keys nor a way to its prompt."""
    with SerialStream(terminal.port) as stream:
        link = Link(stream, wait=rig.WAIT)
        assert link.hello().state == "needs-recovery"
        with pytest.raises(HostError, match="not_blank"):
            link.open_blank()
        with pytest.raises(HostError, match="not_blank"):
            link.provision(bytes(32), gate.roots, "9C-001", "B-1234")
