"""Random bits: new at every boot of every board, the same again with a seed."""

from pathlib import Path

from emulated.repl import Repl
from pico_emulated.emulator import Pico

DRAW = "import os; print(os.urandom(16))"


def drawn(pico: Pico) -> bytes:
    pico.wait_usb()
    with Repl(pico) as repl:
        value = repl.run(DRAW)
    assert isinstance(value, bytes)
    return value


def test_no_two_boots_draw_the_same(pico: Pico, flash: Path) -> None:
    first = drawn(pico)
    pico.power_off()
    pico.power_on()
    again = drawn(pico)
    pico.power_off()
    with Pico(flash) as other:
        assert len({first, again, drawn(other)}) == 3


def test_a_seed_replays_and_every_run_tells_its_own(pico: Pico, flash: Path) -> None:
    first, seed = drawn(pico), pico.stat().seed
    pico.power_off()
    with Pico(flash, seed=seed) as replay:
        assert drawn(replay) == first
        assert replay.stat().seed == seed
    with Pico(flash, seed=seed ^ 1) as another:
        assert drawn(another) != first
