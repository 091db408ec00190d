"""The portable suite on a Cortex-M33 and on RV32 under qemu, on a real littlefs."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from emulated.portable import FOLDER, LEFT_OUT
from qemu.portable import Board
from qemu.processor import Processor, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")
# test_ed25519.py has them, with more
ELSEWHERE = {"test_ed25519", "test_ed25519_engine"}
MODULES = sorted({path.stem for path in FOLDER.glob("test_*.py")} - ELSEWHERE)
# Signatures take ten times as long on RV32 as on an M33
CASES = [(name, module) for name in ("m33", "rv32") for module in MODULES if name == "m33" or module not in LEFT_OUT]


@pytest.fixture(scope="module")
def board() -> Iterator[Callable[[str], Board]]:
    """Each processor's, which takes a minute to fill."""
    with ExitStack() as running:
        yield cache(lambda name: Board(running.enter_context(Processor(name))))


@pytest.mark.parametrize(("name", "module"), CASES)
def test_module(board: Callable[[str], Board], name: str, module: str) -> None:
    source = ast.parse((FOLDER / f"{module}.py").read_text())
    tests = {node.name for node in source.body if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")}
    output = board(name).run(module)
    lines = output.splitlines()
    assert {line.split()[1] for line in lines if line.startswith("PASS ")} == tests, output
    assert lines[-1] == "END"
