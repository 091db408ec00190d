"""Options of every suite: which board the system and portable tests run on."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--board", default="unix", choices=["unix", "pico_emulated", "pico"], help="board under test")
    parser.addoption("--port", default="", help="serial port of a real board")
