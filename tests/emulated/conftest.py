"""Tests on real MicroPython for a Pico, in an emulated one. Without an image (make pico-image) they are skipped."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulated.repl import Repl
from pico_emulated import image
from pico_emulated.emulator import Pico
from pico_emulated.layout import CORE, NODE_LINK, PicoError

# Fixtures that boot a firmware
_NEED = {"pico", "formatted"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    try:
        image.check_cached()
        missing = "" if CORE.exists() and NODE_LINK.exists() else "the emulator is not set up; run: make pico-image"
    except PicoError as e:
        missing = e.line
    for item in items if missing else ():
        if Path(__file__).parent in item.path.parents and _NEED & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.skip(reason=missing))


@pytest.fixture(scope="session")
def formatted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flash file after the firmware's first boot, with an empty file system; tests copy it."""
    path = tmp_path_factory.mktemp("flash") / "formatted.img"
    with Pico(path) as pico:
        pico.wait_usb()
    return path


@pytest.fixture
def flash(formatted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(formatted, tmp_path / "flash.img"))


@pytest.fixture
def pico(flash: Path) -> Iterator[Pico]:
    with Pico(flash) as board:
        board.wait_usb()
        yield board


@pytest.fixture
def repl(pico: Pico) -> Iterator[Repl]:
    with Repl(pico) as prompt:
        yield prompt
