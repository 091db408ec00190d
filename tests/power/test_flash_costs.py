import pytest

from power import flash_costs


@pytest.mark.parametrize("board", ["pico", "pico_w"])
def test_a_thousand_receipts_fit_and_the_flash_lasts(board: str) -> None:
    found = flash_costs.figures(board)
    print(flash_costs.table(board, found))
    assert found["receipts that fit"] >= 1000
    assert found["half full, erases a sale"] < 2 and found["near full, erases a sale"] < 1.5
    # of a Pico W fewer blocks share the wear
    years = flash_costs.ENDURANCE / found["erases a sale of the block that has most"] / flash_costs.BUSY / 365
    assert years > 10
