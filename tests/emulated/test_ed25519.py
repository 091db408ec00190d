"""ed25519 on a Pico's own MicroPython: both engines it can run, by every portable test, libsodium and the figures."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import ed25519_cycles
from ed25519_checks import Board
from emulated.repl import Repl
from pico_emulated.emulator import Pico

# One in so many of the corpus and of the authors' vectors; signatures to make: viper takes three times as long
SHARE = {"thumb": ((8, 32), 20), "viper": ((80, 512), 2)}


@pytest.fixture(scope="module", params=["thumb", "viper"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def board(engine: str, formatted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Board]:
    """One board for the whole file, with one engine and what the portable tests need."""
    folder = tmp_path_factory.mktemp(engine)
    flash = Path(shutil.copy(formatted, folder / "flash.img"))
    with Pico(flash) as pico:
        pico.wait_usb()
        with Repl(pico) as prompt:
            prompt.run("import os\nfor name in ('ed25519', 'portable', 'vectors'):\n    os.mkdir(name)")
            found = Board(prompt, prompt.transport.fs_writefile, *SHARE[engine])
            found.install(engine, "armv6m", folder)
            yield found


def test_every_operation(board: Board) -> None:
    board.portable("test_ed25519_engine")


@pytest.mark.parametrize("engine", ["thumb"], indirect=True)
def test_every_rule(board: Board) -> None:
    board.portable("test_ed25519")


def test_libsodium_judges_alike(board: Board, engine: str) -> None:
    board.libsodium_judges_alike(engine == "thumb")


def test_verifier_answers_as_libsodium(board: Board) -> None:
    board.verifier_answers_as_libsodium()


def test_authors_vectors(board: Board) -> None:
    board.authors_vectors()


def test_signatures_are_libsodiums(board: Board) -> None:
    board.signatures_are_libsodiums()


def test_what_sees_a_secret_takes_the_same_cycles(board: Board) -> None:
    """Reduction, S, recoding, writing the program and running it, for scalars of every shape."""
    rows = ast.literal_eval(board.run((Path(__file__).parent / "fixed_time.py").read_text()))
    assert len(rows) == 8 and all(row == rows[0] for row in rows), rows
    assert min(rows[0]) > 5000


@pytest.mark.parametrize("engine", ["thumb"], indirect=True)
def test_limits(pico: Pico, engine: str, tmp_path: Path) -> None:
    """Of cycles and of memory; make bench-ed25519 prints more."""
    values, ram, _ = ed25519_cycles.measured(engine, tmp_path)
    assert {name: values[name] for name, limit in ed25519_cycles.LIMITS.items() if not 0 < values[name] <= limit} == {}
    assert 0 < ram <= ed25519_cycles.RAM_LIMIT
