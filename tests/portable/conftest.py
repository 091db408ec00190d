"""Collects every portable test a second time, to be run on real MicroPython."""

import ast
import re
from pathlib import Path

import pytest

import micropython

HERE = Path(__file__).parent
# A terminal's 480k, and what compiling the tests' own code takes on 64 bits
HEAP = "720k"


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    # device_test_*: needs what only MicroPython has
    names = ("test_", "device_test_")
    if file_path.parent == HERE and file_path.name.startswith(names) and file_path.suffix == ".py":
        # an id of its own: xdist drops one of two tests with the same id without a word
        ident = f"{file_path.relative_to(parent.config.rootpath).as_posix()}[micropython]"
        return MicroPythonFile.from_parent(parent, path=file_path, nodeid=ident)
    return None


class MicroPythonFile(pytest.File):
    """One interpreter for the whole file, started when its first test is asked for."""

    output: str | None = None

    def collect(self):
        for node in ast.parse(self.path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield MicroPythonItem.from_parent(self, name=node.name)

    def outcome(self, name: str) -> str:
        if self.output is None:
            self.output = micropython.run(
                str(HERE / "run.py"), self.path.stem, path=(str(HERE),), timeout=300, heap=HEAP
            )
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
