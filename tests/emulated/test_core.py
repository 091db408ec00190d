"""The emulated chip's core: core/thumb.c against rp2040js's own, which stays for what is rare."""

import hashlib
import json
import subprocess
from pathlib import Path

import pytest

from pico_emulated.layout import CORE, HERE, NODE_LINK

READY = CORE.exists() and NODE_LINK.exists()


@pytest.mark.skipif(not READY, reason="the emulator is not set up; run: make pico-image")
def test_every_opcode_does_what_it_does_in_rp2040js():
    """Registers, flags, cycles and memory, twice each; rerun one: node core_check.mjs SEED OPCODE."""
    command = [NODE_LINK, Path(__file__).with_name("core_check.mjs"), "1"]
    *differences, last = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert differences == []
    counts = json.loads(last)
    assert counts["count"] == 2 * 65536
    # those of two halves, hints and system instructions, and shifts by too much
    assert counts["rest"] < counts["count"] / 7


def test_the_binary_is_what_this_source_makes():
    """boards/pico_emulated/core/build.sh writes down both hashes."""
    for line in (HERE / "core/thumb.sha256").read_text().splitlines():
        sha256, name = line.split()
        assert hashlib.sha256((HERE / "core" / name).read_bytes()).hexdigest() == sha256, f"{name}: run build.sh"
