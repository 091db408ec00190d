"""Collects every portable test a second time, to be run on real MicroPython: on the unix port or, with --board, alone
and on that board."""

import ast
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import micropython
import on_port
from emulated import portable
from pico_emulated.emulator import Pico

HERE = Path(__file__).parent
# A terminal's 480k, and what compiling the tests' own code takes on 64 bits
HEAP = "720k"
_BOARD = pytest.StashKey[portable.Board]()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    # device_test_*: needs what only MicroPython has
    names = ("test_", "device_test_")
    if file_path.parent == HERE and file_path.name.startswith(names) and file_path.suffix == ".py":
        # an id of its own: xdist drops one of two tests with the same id without a word
        ident = f"{file_path.relative_to(parent.config.rootpath).as_posix()}[micropython]"
        return MicroPythonFile.from_parent(parent, path=file_path, nodeid=ident)
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A board's run is about that board."""
    if config.getoption("board") != "unix":
        items[:] = [i for i in items if i.path.parent != HERE or isinstance(i, MicroPythonItem)]


def _on_unix(module: str) -> str:
    return micropython.run(str(HERE / "run.py"), module, path=(str(HERE),), timeout=300, heap=HEAP)


def _pico(config: pytest.Config, flash: Path) -> Any:
    port = config.getoption("port")
    if not port:
        return Pico(flash)
    on_port.wiped(port, config.getoption("board"))
    return on_port.pico(port)


def _on_pico(config: pytest.Config) -> Callable[[str], str]:
    """One board for the whole session, made when its first test is asked for."""
    if _BOARD not in config.stash:
        folder = tempfile.TemporaryDirectory()
        board = config.stash[_BOARD] = portable.Board(_pico(config, Path(folder.name) / "flash.img"))
        config.add_cleanup(folder.cleanup)
        config.add_cleanup(board.close)
    return config.stash[_BOARD].run


def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """A board that is plugged in has one port, and whoever comes next needs it."""
    stash = item.config.stash
    if item.config.getoption("port") and not isinstance(nextitem, MicroPythonItem) and _BOARD in stash:
        stash[_BOARD].close()
        del stash[_BOARD]


class MicroPythonFile(pytest.File):
    """One interpreter for the whole file, started when its first test is asked for."""

    output: str | None = None

    def collect(self):
        on_pico = self.config.getoption("board") != "unix"
        left_out = portable.LEFT_OUT.get(self.path.stem) if on_pico else None
        for node in ast.parse(self.path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                item = MicroPythonItem.from_parent(self, name=node.name)
                if left_out:
                    item.add_marker(pytest.mark.skip(reason=left_out))
                yield item

    def outcome(self, name: str) -> str:
        if self.output is None:
            on_pico = self.config.getoption("board") != "unix"
            self.output = (_on_pico(self.config) if on_pico else _on_unix)(self.path.stem)
        chunks = re.split(r"(?m)^(?=PASS |FAIL )", self.output)
        return next((c for c in chunks if c.split()[1:2] == [name]), "MISSING: " + self.output)


class MicroPythonItem(pytest.Item):
    def runtest(self) -> None:
        outcome = self.parent.outcome(self.name)
        if not outcome.startswith("PASS"):
            pytest.fail(f"on MicroPython:\n{outcome}", pytrace=False)

    def repr_failure(self, excinfo, style=None):
        return str(excinfo.value)

    def reportinfo(self):
        return self.path, 0, f"[micropython] {self.name}"
