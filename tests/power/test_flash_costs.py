from power import flash_costs


def test_a_thousand_receipts_fit_on_a_pico_and_its_flash_lasts() -> None:
    found = flash_costs.figures(flash_costs.BOARDS["Pico"])
    print(flash_costs.table("Pico", found))
    assert found["receipts that fit"] >= 1000
    assert found["half full, erases a sale"] < 2 and found["near full, erases a sale"] < 1.5
    assert found["erases a sale of the block that has most"] < 0.09, "less than ten years of 300 sales a day"
