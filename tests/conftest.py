"""Options of every suite: which board the system and portable tests run on."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--board", default="unix", choices=["unix", "pico_emulated"], help="board under test")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Which board it was, and which firmware on it."""
    board = config.getoption("board")
    if board == "pico_emulated":
        from pico_emulated import image

        record = image.check_cached()
        board += f", MicroPython {record['version']}, image SHA-256 {record['sha256']}"
    if board != "unix":
        terminalreporter.write_line(f"board: {board}")
