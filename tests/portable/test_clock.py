from cabinpay.agent.clock import GRACE, Clock
from cabinpay.wire.receipts import FLOOR, RTC, SYNCED

ISSUED, NOT_AFTER, WINDOW = 1000000, 2000000, 60


class Hands:
    """Ticks and RTC as a test sets them."""

    def __init__(self, rtc=None):
        self.seconds = 0
        self.rtc = rtc
        self.clock = Clock(lambda: self.seconds, lambda: self.rtc)


def bounded(rtc=None):
    hands = Hands(rtc)
    hands.clock.bound(ISSUED, NOT_AFTER, WINDOW)
    return hands


def test_without_a_bundle_nothing_is_plausible():
    hands = Hands(rtc=1500000)
    assert hands.clock.read() == (0, FLOOR, 0)


def test_which_rtc_is_taken():
    for rtc, quality in (
        (None, FLOOR),
        (0, FLOOR),
        (ISSUED - 1, FLOOR),
        (ISSUED, RTC),
        (1500000, RTC),
        (NOT_AFTER + GRACE, RTC),
        (NOT_AFTER + GRACE + 1, FLOOR),
        (1 << 50, FLOOR),
        (-1, FLOOR),
    ):
        time, found, age = bounded(rtc).clock.read()
        assert (found, age) == (quality, 0), rtc
        assert time == (rtc if quality == RTC else ISSUED), rtc


def test_an_rtc_behind_the_floor_is_not_taken_and_one_ahead_does_not_raise_it():
    hands = bounded(rtc=1500000)
    assert hands.clock.read()[1] == RTC and hands.clock.floor() == ISSUED
    hands.clock.raise_floor(1500001)
    assert hands.clock.read() == (1500001, FLOOR, 0)
    hands.rtc = 1500001
    assert hands.clock.read() == (1500001, RTC, 0)


def test_ground_time_is_synced_and_grows_older():
    hands = bounded(rtc=1400000)
    hands.seconds = 7
    hands.clock.sync(1500000)
    assert hands.clock.read() == (1500000, SYNCED, 0)
    hands.seconds += 50
    assert hands.clock.read() == (1500050, SYNCED, 50)


def test_synced_decays_when_its_drift_could_exceed_the_window():
    for window in (30, 60, 120):
        hands = Hands()
        hands.clock.bound(ISSUED, NOT_AFTER, window)
        hands.clock.sync(ISSUED)
        hands.seconds = window * 10000
        assert hands.clock.read()[1:] == (SYNCED, window * 10000)
        hands.seconds += 1
        assert hands.clock.read()[1] == FLOOR


def test_a_decayed_time_gives_way_to_the_rtc():
    hands = bounded(rtc=1500000 + WINDOW * 10000 + 1)
    hands.clock.sync(1500000)
    hands.seconds = WINDOW * 10000 + 1
    assert hands.clock.read() == (hands.rtc, RTC, 0)


def test_a_synced_time_past_the_bundle_is_a_floor():
    hands = bounded()
    hands.clock.sync(NOT_AFTER + GRACE)
    assert hands.clock.read()[1] == SYNCED
    hands.seconds = 10
    assert hands.clock.read()[1] == FLOOR


def test_a_new_bundle_bounds_anew():
    hands = bounded()
    hands.clock.sync(1500000)
    hands.clock.bound(1600000, NOT_AFTER, WINDOW)
    assert hands.clock.read() == (1600000, FLOOR, 0)


def test_the_floor_never_falls():
    hands = bounded()
    highest = 0
    for i, time in enumerate((1200000, 1100000, 1200005, 0, 1300000, 1299999, ISSUED)):
        hands.seconds = 10 * i
        hands.clock.raise_floor(time)
        assert hands.clock.floor() >= max(highest, time if time > highest else 0)
        highest = hands.clock.floor()
    hands.clock.bound(ISSUED, NOT_AFTER, WINDOW)
    assert hands.clock.floor() == highest


def test_the_floor_stays_below_true_time_on_a_fast_counter():
    # 100 ppm fast, and read just before it ticks at first and just after at last
    for true in (0, 1, 2, 59, 9999, 10000, 10001, 86400, 30 * 86400):
        hands = Hands()
        hands.clock.raise_floor(1000)
        hands.seconds = true + true // 10000 + 1
        assert 1000 <= hands.clock.floor() <= 1000 + true, true
        assert hands.clock.floor() >= 1000 + true - true // 5000 - 2, true


def test_the_floor_stays_below_true_time_to_the_tenth():
    for tenths in range(99950, 100050):
        hands = Hands()
        hands.clock.raise_floor(1000)
        hands.seconds = (tenths * 10001 + 99999) // 100000
        assert (hands.clock.floor() - 1000) * 10 <= tenths, tenths


def test_ground_time_again_and_again_is_never_behind_the_floor():
    # hosts state whole seconds, cut off; counters count whole seconds, cut off: tenths tell them apart
    for host in range(0, 10, 3):
        for board in range(0, 10, 3):
            hands = Hands()
            for tenths in range(0, 400, 37):
                hands.seconds = (tenths + board) // 10
                stated = 1000000 + (tenths + host) // 10
                assert hands.clock.floor() <= stated
                hands.clock.sync(stated)


def test_what_is_possible():
    hands = bounded()
    assert hands.clock.possible(NOT_AFTER + GRACE) and not hands.clock.possible(NOT_AFTER + GRACE + 1)
