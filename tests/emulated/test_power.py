"""Power that fails, at any moment and inside any flash operation, with real littlefs in the firmware."""

import json
import os
import signal
from pathlib import Path

import pytest

from emulated.repl import Repl
from pico_emulated.emulator import Pico
from pico_emulated.layout import BOARD

OLD, NEW = "a" * 700, "b" * 700
# a pause, so that the prompt's answer is out before the power fails
PAUSE = "import time; time.sleep_ms(30)\n"
REPLACE = f"{PAUSE}import os; f = open('new', 'w'); f.write('b' * {len(NEW)}); f.close(); os.rename('new', 'kept')"


@pytest.fixture
def prepared(repl: Repl, pico: Pico) -> Pico:
    repl.run(f"f = open('kept', 'w'); f.write('a' * {len(OLD)}); f.close()")
    return pico


def operations_of_a_replacement(pico: Pico, flash: Path) -> int:
    """How many flash operations REPLACE takes, on the board of a copy."""
    copy = flash.with_name("counted.img")
    copy.write_bytes(flash.read_bytes())
    with Pico(copy) as other:
        other.wait_usb()
        before = other.stat().operations
        with Repl(other) as repl:
            repl.run(REPLACE)
        return other.stat().operations - before


def test_every_cut_of_a_replacement_leaves_the_old_file_or_the_new_one(prepared: Pico, flash: Path) -> None:
    total = operations_of_a_replacement(prepared, flash)
    before = flash.read_bytes()
    prepared.power_off()
    seen = set()
    for at in range(1, total + 1):
        for size in (0, 100):
            flash.write_bytes(before)
            with Pico(flash) as pico:
                seen.add(cut_and_reboot(pico, at, size))
    assert seen == {OLD, NEW}


def cut_and_reboot(pico: Pico, at: int, size: int) -> str:
    pico.wait_usb()
    with Repl(pico) as repl:
        pico.cut(at, size)
        repl.leave(REPLACE)
        why = pico.wait_event("power", since=1)
    assert (why["on"], why["why"].split()[:2]) == (False, ["power", "failed"])
    assert not Path(pico.port).exists()
    pico.power_on()
    pico.wait_usb()
    with Repl(pico) as repl:
        return str(repl.run("print(repr(open('kept').read()))"))


def test_a_cut_inside_a_program_leaves_that_many_bytes(repl: Repl, pico: Pico, flash: Path) -> None:
    block, layout = 300, BOARD["flash"]
    at = layout["storage_offset"] + block * layout["block"]
    repl.run(f"import rp2; f = rp2.Flash(); f.ioctl(6, {block})")
    first = len(pico.events)
    pico.cut(2, 100)
    repl.leave(f"{PAUSE}f.writeblocks({block}, b'\\x00' * 512, 0)")
    pico.wait_event("power", since=first)
    written = flash.read_bytes()[at : at + 512]
    assert written == b"\0" * 356 + b"\xff" * 156


def test_programming_only_clears_bits(repl: Repl) -> None:
    repl.run("import rp2; f = rp2.Flash(); f.ioctl(6, 300)")
    code = "for v in (0x0f, 0x3c): f.writeblocks(300, bytes([v]) * 256, 0)\n"
    assert repl.run(code + "b = bytearray(2); f.readblocks(300, b, 0); print(bytes(b))") == b"\x0c\x0c"


def test_flash_takes_its_data_sheet_time(repl: Repl) -> None:
    code = (
        "import rp2, time; f = rp2.Flash(); t = time.ticks_us(); f.ioctl(6, 300); e = time.ticks_us()\n"
        "f.writeblocks(300, b'x' * 2560, 0); print((e - t, (time.ticks_us() - e) / 10))"
    )
    erase, page = repl.run(code)
    assert BOARD["flash"]["erase_us"] <= erase < BOARD["flash"]["erase_us"] + 2000
    assert BOARD["flash"]["page_us"] <= page < BOARD["flash"]["page_us"] + 300


def test_power_fails_at_a_moment_and_ram_is_gone(repl: Repl, pico: Pico) -> None:
    repl.run("import rp2; kept = 1")
    begin = pico.stat().us
    pico.power_off(after_ms=250)
    off = pico.wait_event("power", since=len(pico.events))
    assert off["us"] - begin == pytest.approx(250_000, abs=20_000)
    pico.power_on()
    pico.wait_usb()
    with Repl(pico) as again:
        assert again.run("import machine; print(('kept' in globals(), machine.reset_cause()))") == (False, 1)


def test_killed_emulator_leaves_the_flash_as_the_chip_would(repl: Repl, pico: Pico, flash: Path) -> None:
    repl.run("f = open('x', 'w'); f.write('durable'); f.flush()")
    os.kill(pico.pid, signal.SIGKILL)
    pico.close()
    with Pico(flash) as after:
        after.wait_usb()
        with Repl(after) as prompt:
            assert prompt.run("print(repr(open('x').read()))") == "durable"


def test_watchdog_resets_a_board_that_hangs(repl: Repl, pico: Pico) -> None:
    begin = pico.stat().us
    repl.start("from machine import WDT\nw = WDT(timeout=1500)\nwhile True: pass")
    reset = pico.wait_event("reset")
    assert 1_400_000 < reset["us"] - begin < 1_700_000
    pico.wait_usb()
    with Repl(pico) as again:
        assert again.run("import machine; print(machine.reset_cause())") == 3


def test_watchdog_also_resets_a_board_that_sleeps_and_not_one_that_feeds_it(repl: Repl, pico: Pico) -> None:
    begin = pico.stat().us
    repl.run("import time; from machine import WDT; w = WDT(timeout=1000)")
    repl.start("for _ in range(6): w.feed(); time.sleep_ms(500)\ntime.sleep(60)")
    # fed for the last time after 2.5 s
    assert 3_400_000 < pico.wait_event("reset")["us"] - begin < 3_700_000


def test_events_are_plain_data(pico: Pico) -> None:
    assert json.loads(json.dumps(pico.events)) == pico.events
