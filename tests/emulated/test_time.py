"""The board's time: it agrees with itself, does not outrun a host, and an idle board is fast."""

import time

import pytest

from emulated.repl import Repl
from pico_emulated.emulator import Pico


def test_ticks_agree_with_the_cycle_counter(repl: Repl) -> None:
    code = (
        "import machine, time\ndef both(): return time.ticks_us(), machine.mem32[0x40068010]\n"
        "a = both()\nfor i in range(20000): pass\nb = both()\nprint((b[0] - a[0], b[1] - a[1]))"
    )
    micros, cycles = repl.run(code)
    assert cycles / micros == pytest.approx(125, rel=0.01)


def test_ten_idle_minutes_take_seconds(repl: Repl, pico: Pico) -> None:
    repl.start("import time; t = time.ticks_ms()\nfor _ in range(60000): time.sleep_ms(10)\nprint(time.ticks_ms() - t)")
    begin = time.monotonic()
    pico.run(600_000 + 60_000)
    assert 600_000 <= int(repl.transport.follow(timeout=60)[0]) < 660_000
    assert time.monotonic() - begin < 60


def test_asked_for_time_passes_exactly(repl: Repl, pico: Pico) -> None:
    begin = pico.stat().us
    pico.run(12_345)
    assert 0 <= pico.stat().us - begin - 12_345_000 < 50_000


def test_sleep_does_not_outrun_a_host(repl: Repl, pico: Pico) -> None:
    """The firmware waits 300 ms for a host that thinks for 200 ms, and must not give up before."""
    repl.run("import select, sys, time; p = select.poll(); p.register(sys.stdin, 1)")
    repl.start("t = time.ticks_ms(); print('?'); r = p.poll(300); print(time.ticks_ms() - t, len(r))")
    port = repl.transport.serial
    assert port.read(3) == b"?\r\n"
    time.sleep(0.2)
    port.write(b"x")
    waited, came = port.read_until(b"\n").split()
    assert int(came) == 1
    assert 100 <= int(waited) < 300


def test_busy_board_earns_no_time_to_oversleep_with(repl: Repl, pico: Pico) -> None:
    """Computing makes the board's time fall behind; it must not catch up at the cost of a host that just spoke."""
    repl.run("import select, sys, time; p = select.poll(); p.register(sys.stdin, 1)")
    repl.start("for i in range(200000): pass\nprint('?'); r = p.poll(300); print(0, len(r))")
    port = repl.transport.serial
    port.timeout = 30
    assert port.read(3) == b"?\r\n"
    time.sleep(0.2)
    port.write(b"x")
    assert port.read_until(b"\n").split()[1] == b"1"


def test_a_board_without_a_clock_wakes_in_2021(repl: Repl) -> None:
    """Whatever this machine's clock and zone say."""
    assert repl.run("import time; print(time.gmtime()[:4])") == (2021, 1, 1, 0)
