import pytest

from power import cuts


@pytest.mark.parametrize("age", (1,))
def test_nothing_shown_is_lost_whatever_operation_the_power_fails_in(age: int) -> None:
    cuts.check("sale_cuts.py", age, 1000)
