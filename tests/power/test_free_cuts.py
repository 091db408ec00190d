import re

import pytest

from power import cuts


@pytest.mark.parametrize("age", (0,))
def test_freeing_and_mending_lose_nothing_whatever_operation_the_power_fails_in(age: int) -> None:
    cuts.check("free_cuts.py", age, 400)


@pytest.mark.parametrize("in_flight", (0, 1))
def test_damage_anywhere_is_told_of(in_flight: int) -> None:
    cuts.check("damage.py", in_flight, 1000)


@pytest.mark.parametrize("in_flight", (0, 1))
def test_several_hits_at_once_are_told_of(in_flight: int) -> None:
    """But for the newest receipts, about once in four hundred: two directories fall back by a commit or two each, and
    their records are hit as well, or there is one alone, which may be one that was not durable when power failed."""
    output = cuts.check("damage.py", in_flight, 1500, "many", "1", "1500")
    untold = re.search(r"\buntold (\d+)", output)
    assert untold and int(untold[1]) < 8
