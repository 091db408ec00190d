"""Options of every suite: which board the system and portable tests run on."""

from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    boards = ["unix", "pico_emulated", "pico", "pico_w"]
    parser.addoption("--board", default="unix", choices=boards, help="board under test")
    parser.addoption("--port", help="where it is plugged in; what is on it is wiped")


@pytest.hookimpl(trylast=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Which board it is, and which firmware on it; -q leaves out what pytest_report_header would say."""
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    board, port = session.config.getoption("board"), session.config.getoption("port")
    if bool(port) != (board not in ("unix", "pico_emulated")):
        raise pytest.UsageError("cabinpay: a board that is plugged in is named with --port, and no other")
    if board == "unix" or not reporter:
        return
    if port:
        from on_port import wiped

        facts = wiped(port, board)
        reporter.write_line(f"board: {board} on {port}: {facts.machine}, MicroPython {facts.version}; image not read")
        return
    from pico_emulated import image
    from pico_emulated.layout import PicoError

    try:
        record = image.check_cached()
    except PicoError as e:
        raise pytest.UsageError(f"cabinpay: {e}") from None
    firmware = f"{record['board']}, MicroPython {record['version']}"
    reporter.write_line(f"board: pico_emulated, {firmware}, image SHA-256 {record['sha256']}")
