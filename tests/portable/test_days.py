from cabinpay.agent.days import day_number, nearest_day
from cabinpay.agent.errors import Refused

KNOWN = (
    (1970, 1, 1, 0),
    (1970, 12, 31, 364),
    (1972, 2, 29, 789),
    (2000, 2, 29, 11016),
    (2000, 3, 1, 11017),
    (2023, 12, 31, 19722),
    (2024, 1, 1, 19723),
    (2024, 2, 29, 19782),
    (2024, 3, 1, 19783),
    (2026, 8, 14, 20679),
    (2028, 2, 29, 21243),
    (2099, 12, 31, 47481),
    (2100, 2, 28, 47540),
    (2100, 3, 1, 47541),
)


def nearest(ddmm, year, month, day, seconds=0):
    return nearest_day(ddmm, day_number(year, month, day) * 86400 + seconds)


def refused(ddmm, now):
    try:
        nearest_day(ddmm, now)
    except Refused as e:
        return e.code
    return None


def test_known_dates():
    for year, month, day, number in KNOWN:
        assert day_number(year, month, day) == number, (year, month, day)


def test_days_follow_one_another():
    last = day_number(2023, 12, 31)
    lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    for year in range(2024, 2033):
        for month in range(1, 13):
            for day in range(1, lengths[month - 1] + 1 + (month == 2 and year % 4 == 0)):
                last += 1
                assert day_number(year, month, day) == last


def test_today_and_its_neighbours():
    for offset in range(-100, 101):
        day = day_number(2026, 8, 14) + offset
        # the date of `day`, found by counting
        ddmm = [100 * d + m for m in range(1, 13) for d in range(1, 32) if d <= 28 and day_number(2026, m, d) == day]
        for date in ddmm:
            assert nearest(date, 2026, 8, 14) == day


def test_the_turn_of_the_year():
    for ddmm, today, expected in (
        (3112, (2026, 1, 1), (2025, 12, 31)),
        (101, (2026, 12, 31), (2027, 1, 1)),
        (3112, (2026, 12, 31), (2026, 12, 31)),
        (101, (2026, 1, 1), (2026, 1, 1)),
        (3112, (2024, 12, 30), (2024, 12, 31)),
        (101, (2025, 1, 2), (2025, 1, 1)),
        (3112, (2000, 1, 1), (1999, 12, 31)),
        (101, (2099, 12, 31), (2100, 1, 1)),
        (501, (2026, 12, 10), (2027, 1, 5)),
        (3011, (2027, 1, 20), (2026, 11, 30)),
        (501, (1971, 12, 10), (1972, 1, 5)),
    ):
        for seconds in (0, 43200, 86399):
            assert nearest(ddmm, *(today + (seconds,))) == day_number(*expected), (ddmm, today)


def test_leap_day():
    assert nearest(2902, 2028, 2, 28) == day_number(2028, 2, 29)
    assert nearest(2902, 2028, 3, 1) == day_number(2028, 2, 29)
    for year in (2025, 2026, 2027):
        assert refused(2902, day_number(year, 2, 28) * 86400) == "date"


def test_what_is_no_date():
    now = day_number(2026, 8, 14) * 86400
    for ddmm in (0, 1, 12, 100, 113, 1300, 3200, 3201, 3002, 3102, 3104, 3106, 3109, 3111, 9999, 10101, 4294967295):
        assert refused(ddmm, now) == "date", ddmm
    for ddmm in (101, 3101, 2802, 3004, 3112):
        assert refused(ddmm, now) is None, ddmm


def test_a_clock_beyond_all_flights_gives_no_date():
    assert refused(101, 1 << 40) == "date"
    assert nearest_day(101, 0) == 0
