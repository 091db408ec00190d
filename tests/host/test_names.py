"""Short names for a board: the program stays the same, and what a traceback shows keeps its name."""

import subprocess
import sys

import pytest

from cabinpay_host.flash import agent, boards, names

BASE = """
MYPY = False
if MYPY:
    from typing import Any
_LIMIT = 3
_RATE = _LIMIT * 2
class Base:
    def __init__(self, first, second=_RATE):
        self._kept = first
        self.shown = second
    def _step(self, delta):
        self._kept += delta
        return [delta * n for n in range(_LIMIT)]
"""
HEIR = """
from base import Base
_count = 0
class Heir(Base):
    def go(self, delta, *, scale=1):
        global _count
        _count += 1
        def inner(a):
            return a + delta + self._kept
        return self._step(delta), inner(scale), _count, (lambda delta: delta)(7)
"""
OTHER = """
class Other:
    def __init__(self):
        self._much_longer = 5
    def read(self, d):
        return self._much_longer
"""
USE = """
from base import Base
from heir import Heir
from other import Other
print(Heir(1, second=2).go(5, scale=3), Base(4).shown, Other().read(0))
"""


@pytest.fixture
def short():
    return names.shortened({"base.py": BASE, "heir.py": HEIR, "other.py": OTHER, "use.py": USE})


def ran(sources, folder):
    for path, source in sources.items():
        (folder / path).write_text(source)
    return subprocess.run([sys.executable, "use.py"], cwd=folder, capture_output=True, text=True, check=True).stdout


def test_the_program_is_the_same(short, tmp_path):
    (tmp_path / "short").mkdir()
    source = {path: text.replace("const(", "int(") for path, text in short.items()}  # CPython has no const
    whole = ran({"base.py": BASE, "heir.py": HEIR, "other.py": OTHER, "use.py": USE}, tmp_path)
    assert ran(source, tmp_path / "short") == whole == "([0, 5, 10], 14, 1, 7) 6 5\n"


def test_what_is_short_and_what_is_not(short):
    assert (
        "_kept" not in "".join(short.values()) and "_count" not in short["heir.py"] and "MYPY" not in short["base.py"]
    )
    assert "_LIMIT" not in short["base.py"] and "range(3)" in short["base.py"], "numbers are where they are used"
    assert "self._a" in short["other.py"] and "_much_longer" not in short["other.py"], "another family's name, again"
    for name in ("_step", "def go(self", "scale=", "second=2", "class Heir", ".shown"):
        assert name in "".join(short.values()), name


def test_classes_that_share_self_share_names(short):
    kept = short["base.py"].split("self.")[1].split(" ")[0]
    assert f"self.{kept})" in short["heir.py"] or f"self.{kept}\n" in short["heir.py"]


def number(data, at):
    value = 0
    while True:
        value = value << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def mpy_names(data):
    """Of a .mpy file (MicroPython: docs/reference/mpyfiles.rst), those that firmware does not have anyway."""
    count, at = number(data, 4)
    _, at = number(data, at)
    for _ in range(count):
        size, at = number(data, at)
        if not size & 1:
            yield data[at : at + (size >> 1)]
            at += (size >> 1) + 1


# Loaded where nothing else runs; all others' names are read at boot, those of what is forgotten again too
ALONE = ("agent/rescue",)


def test_a_board_has_few_names():
    """1,260 is where the table grows by 7.7 KB."""
    left_out = tuple(f"cabinpay/{name}.mpy" for name in ALONE)
    files = agent.modules(boards.load("pico"))
    assert set(left_out) <= set(files)
    found = [data for path, data in files.items() if path.endswith(".mpy") and path not in left_out]
    assert len(found) > 60 and 900 < len({name for data in found for name in mpy_names(data)}) < 1230


def test_no_modules_table_ends_where_another_modules_memory_may_begin():
    """Six names, the file's and the module's fill a block, and there is no constant behind them."""
    full = "".join(f"{name} = 1\n" for name in "bcdefg")
    assert agent.ends_at_block(agent.compiled(full, "m", "armv6m"))
    assert not agent.ends_at_block(agent.compiled(full + "h = 1\n", "m", "armv6m"))
    assert not agent.ends_at_block(agent.compiled(full + "g = b'constant'\n", "m", "armv6m"))
    for name in ("pico", "esp32", "esp32_c3", "pico2"):
        found = agent.modules(boards.load(name))
        assert [path for path in found if path.endswith(".mpy") and agent.ends_at_block(found[path])] == []
