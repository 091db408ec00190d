"""Random lives with random power cuts, on real littlefs, against what must hold whatever happens."""

from hypothesis import given, settings
from hypothesis import strategies as st

import micropython
from power.flights import HERE

PRICE = 96
ACTS = ("sale", "sale", "sale", "rescan", "void", "open", "close", "sync", "reboot")
CUTS = st.builds("cut {} {}".format, st.integers(1, 24), st.sampled_from(("before", "half", "garbage", "after")))
LIVES = st.lists(st.one_of(st.sampled_from(ACTS), st.sampled_from(ACTS), CUTS), min_size=10, max_size=80)
# Receipts that an act makes, and what each spends; a sync may note that it has set the clock
SPENDS = {"sale": PRICE, "rescan": PRICE, "void": -PRICE, "open": 0, "close": 0, "sync": 0}


def lived(acts: list[str]) -> list[list[str]]:
    """Words that the terminal says after each act: outcome, state, number, acked, spent, first held, how many held."""
    path = (str(HERE), str(HERE.parent / "portable"))
    output = micropython.run(str(HERE / "model.py"), path=path, heap="5m", stdin="\n".join(["open", *acts]))
    return [line.split() for line in output.splitlines()]


class Model:
    """What there is: number of the last receipt, sum spent, acked; paid: has the last code made a sale?"""

    def __init__(self) -> None:
        self.number = self.spent = self.acked = 0
        self.paid = False

    def must_hold(self, act: str, outcome: str, number: int, acked: int, spent: int) -> None:
        """A shown receipt stays, and one that was not shown may be there whole or not at all."""
        made, wanted = number - self.number, act in SPENDS and outcome in ("approved", "ok")
        assert made in ((0, 1) if outcome == "off" or act == "sync" else (int(wanted),)), "receipts"
        assert spent - self.spent == made * SPENDS.get(act, 0), "spend state"
        assert self.acked <= acked <= number and (act != "sync" or outcome == "off" or acked >= self.number), "acked"
        assert not (act == "rescan" and self.paid and made), "paid twice"
        self.paid = {"sale": made == 1, "rescan": self.paid or made == 1}.get(act, self.paid)
        self.number, self.spent, self.acked = number, spent, acked


@settings(max_examples=60, deadline=None, derandomize=True)
@given(LIVES)
def test_whatever_happens_what_was_shown_is_there(acts: list[str]) -> None:
    model = Model()
    for act, (outcome, state, *numbers) in zip(["open", *acts], lived(acts), strict=True):
        number, acked, spent, first, held = map(int, numbers)
        assert state == "ready", state
        model.must_hold(act.split()[0], outcome, number, acked, spent)
        assert held == (number - first + 1 if first else 0) and (not first or first <= acked + 1), "gap"
        assert first or acked == number
