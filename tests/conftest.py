"""Options of every suite: which board the system and portable tests run on."""

from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--board", default="unix", choices=["unix", "pico_emulated"], help="board under test")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Which board it is, and which firmware on it; -q leaves out what pytest_report_header would say."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    if session.config.getoption("board") == "unix" or not reporter:
        return
    from pico_emulated import image
    from pico_emulated.layout import PicoError

    try:
        record = image.check_cached()
    except PicoError as e:
        raise pytest.UsageError(f"cabinpay: {e}") from None
    firmware = f"{record['board']}, MicroPython {record['version']}"
    reporter.write_line(f"board: pico_emulated, {firmware}, image SHA-256 {record['sha256']}")
