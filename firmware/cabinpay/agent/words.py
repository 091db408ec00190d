"""Amounts and times as people read them, in any language."""

# ISO 4217 codes of the currencies that crews are likely to see; others are shown by their number
CURRENCIES = {
    156: "CNY",
    344: "HKD",
    392: "JPY",
    410: "KRW",
    702: "SGD",
    764: "THB",
    826: "GBP",
    840: "USD",
    978: "EUR",
}


def currency_name(number):
    return CURRENCIES.get(number, "%03d" % number)


def clock_time(time):
    """Hours and minutes of Unix seconds, UTC as aircraft clocks are."""
    return "%02d:%02d UTC" % (time // 3600 % 24, time // 60 % 60)


def money(amount, exponent):
    """Minor units as people write them: 1250 with exponent 2 is 12.50."""
    sign = "-" if amount < 0 else ""
    digits = "%0*d" % (exponent + 1, abs(amount))
    return sign + (digits[:-exponent] + "." + digits[-exponent:] if exponent else digits)
