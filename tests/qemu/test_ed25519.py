"""ed25519 on MicroPython under qemu: a Cortex-M33 as in an RP2350, and RV32IMC as in an ESP32-C3."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import ed25519_instructions
from ed25519_checks import Board
from qemu.processor import ENGINES, Processor, missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "nothing is missing")
# One in so many of the corpus and of the authors' vectors; signatures to make
SHARE = {"m33": ((4, 8), 40), "rv32": ((64, 64), 5)}


@pytest.fixture(scope="module", params=["m33", "rv32"])
def processor(request: pytest.FixtureRequest) -> Iterator[Processor]:
    with Processor(request.param) as started:
        yield started


@pytest.fixture(scope="module")
def board(processor: Processor, tmp_path_factory: pytest.TempPathFactory) -> Board:
    found = Board(processor.prompt, processor.put, *SHARE[processor.name])
    found.install(ENGINES[processor.name], processor.arch, tmp_path_factory.mktemp(processor.name))
    return found


def test_every_operation(board: Board) -> None:
    board.portable("test_ed25519_engine")


def test_every_rule(board: Board) -> None:
    board.portable("test_ed25519")


def test_libsodium_judges_alike(board: Board) -> None:
    board.libsodium_judges_alike(True)


def test_verifier_answers_as_libsodium(board: Board) -> None:
    board.verifier_answers_as_libsodium()


def test_authors_vectors(board: Board) -> None:
    board.authors_vectors()


def test_signatures_are_libsodiums(board: Board) -> None:
    board.signatures_are_libsodiums()


@pytest.mark.parametrize("name", ["m33", "rv32"])
def test_limits(name: str, tmp_path: Path) -> None:
    """Of instructions; make bench-ed25519 prints more."""
    values, _ = ed25519_instructions.measured(name, tmp_path)
    limits = ed25519_instructions.LIMITS[name]
    assert {work: values[work] for work, limit in limits.items() if not 0 < values[work] <= limit} == {}
