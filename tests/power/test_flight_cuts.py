from power import flights


def test_no_cut_of_a_whole_flight_loses_anything_shown() -> None:
    total = flights.fly("0", "40", "0", "1")
    assert not total.failures, "make power CASE=" + total.failures[0].removeprefix("FAIL ")
    assert total.once + total.twice >= 2000 and total.twice >= 500
    print(f"{total.once} cuts and {total.twice} two deep, no failure")
