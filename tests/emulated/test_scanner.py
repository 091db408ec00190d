"""Scanner bytes come by the scanner's clock: what the chip does not fetch in time is lost, as on a chip."""

import pytest

from emulated.repl import Repl
from pico_emulated.emulator import Pico
from pico_emulated.layout import BOARD

SCANNER = BOARD["scanner"]
PINS = f"tx=Pin({SCANNER['tx']}), rx=Pin({SCANNER['rx']})"
OPEN = f"from machine import UART, Pin; u = UART({SCANNER['uart']}, {{}}, {PINS}, rxbuf=1024)"
CODE = bytes(33 + i % 90 for i in range(440)) + b"\r"
# a UART's FIFO, and what arrives while an interrupt is on its way
FIFO = 32


def opened(repl: Repl, baud: int = SCANNER["baud"]) -> None:
    repl.run(OPEN.format(baud))


def test_an_idle_board_gets_every_byte(repl: Repl, pico: Pico) -> None:
    opened(repl)
    begin = pico.stat().us
    pico.feed(CODE)
    assert pico.stat().us - begin == pytest.approx(len(CODE) * 10 / SCANNER["baud"] * 1e6, rel=0.05)
    assert repl.run("print(u.read())") == CODE
    assert (pico.stat().delivered, pico.stat().lost) == (len(CODE), 0)


def test_bytes_that_come_while_flash_is_erased_overflow_the_fifo(repl: Repl, pico: Pico) -> None:
    """45 ms with interrupts off are 43 bytes at 9600 baud: the first 32 stay in the FIFO, the others are lost."""
    opened(repl)
    pico.feed(CODE, delay_ms=50, wait=False)
    repl.run("import rp2, time\nwhile u.any() < 20: pass\nrp2.Flash().ioctl(6, 300); time.sleep_ms(600)", 1000)
    got, lost = repl.run("print(u.read())"), pico.stat().lost
    assert lost == pytest.approx(BOARD["flash"]["erase_us"] / 1e6 * SCANNER["baud"] / 10 - FIFO, abs=2)
    assert len(got) == len(CODE) - lost
    # one gap: before it every byte, after it every byte
    cut = next(i for i in range(len(got)) if got[i] != CODE[i])
    assert got == CODE[:cut] + CODE[cut + lost :]


def test_an_append_during_a_scan_damages_the_code(repl: Repl, pico: Pico) -> None:
    opened(repl)
    repl.run("f = open('journal', 'w')")
    pico.feed(CODE, wait=False)
    repl.run("import time\nfor _ in range(5): f.write('x' * 500); f.flush()\ntime.sleep_ms(500)", 1500)
    assert 0 < pico.stat().lost < len(CODE)
    assert repl.run("print(u.any())") == len(CODE) - pico.stat().lost


@pytest.mark.parametrize("setup", ["opened at another rate", "not opened", "on other pins"])
def test_nothing_is_heard_on_a_line_that_is_not_set_up(repl: Repl, pico: Pico, setup: str) -> None:
    if setup == "opened at another rate":
        opened(repl, 115200)
    elif setup == "on other pins":
        repl.run(f"from machine import UART, Pin; u = UART({SCANNER['uart']}, {SCANNER['baud']}, tx=Pin(4), rx=Pin(5))")
    pico.feed(CODE)
    assert (pico.stat().delivered, pico.stat().lost) == (0, len(CODE))


def test_the_scanner_sees_the_boards_commands(repl: Repl, pico: Pico) -> None:
    opened(repl)
    repl.run("u.write(bytes([2, 0, 255]))", 50)
    assert pico.sent_to_scanner() == bytes([2, 0, 255])
    assert pico.sent_to_scanner() == b""


def test_bytes_sent_into_a_reset_are_lost(repl: Repl, pico: Pico) -> None:
    opened(repl)
    pico.feed(CODE, wait=False)
    repl.leave("import machine; machine.reset()")
    pico.wait_event("reset")
    pico.run(1000)
    stat = pico.stat()
    assert stat.lost > 300
    assert stat.delivered + stat.lost == len(CODE)
