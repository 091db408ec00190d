import pytest

from power import cuts


@pytest.mark.parametrize("age", (0,))
def test_freeing_and_mending_lose_nothing_whatever_operation_the_power_fails_in(age: int) -> None:
    cuts.check("free_cuts.py", age, 400)


@pytest.mark.parametrize("in_flight", (0, 1))
def test_damage_anywhere_is_told_of(in_flight: int) -> None:
    cuts.check("damage.py", in_flight, 1000)
