"""Calendar for flights: days since 1970-01-01 UTC, without the platform's idea of an epoch."""

from cabinpay.wire.schema import day as day_form

from .errors import Refused


def day_number(year, month, day):
    """Days from 1970-01-01 to this date of the Gregorian calendar."""
    y = year - (month < 3)
    era_days = y * 365 + y // 4 - y // 100 + y // 400
    return era_days + (153 * ((month + 9) % 12) + 2) // 5 + day - 1 - 719468


def nearest_day(ddmm, now):
    """The date DDMM, as a number, that lies nearest to Unix time `now`; Refused where there is no such date."""
    day, month = ddmm // 100, ddmm % 100
    today = now // 86400
    year = 1970 + today // 365
    if 1 <= month <= 12:
        year = min(range(year - 2, year + 2), key=lambda y: abs(day_number(y, month, day) - today))
        found = day_number(year, month, day)
        if 1 <= day <= _days(year, month) and day_form(found):
            return found
    raise Refused("date", "DDMM, please: 0512 is the fifth of December.")


def _days(year, month):
    # December has 31 as every month before a January
    return day_number(year, month + 1, 1) - day_number(year, month, 1) if month < 12 else 31
