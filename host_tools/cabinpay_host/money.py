"""Amounts for people: minor units of ISO 4217 currencies as text."""

from .errors import Exit, HostError

# What airlines sell in; anything else is shown by its number and in minor units.
_KNOWN = {
    36: ("AUD", 2), 124: ("CAD", 2), 156: ("CNY", 2), 344: ("HKD", 2), 360: ("IDR", 2), 392: ("JPY", 0),
    410: ("KRW", 0), 446: ("MOP", 2), 458: ("MYR", 2), 608: ("PHP", 2), 702: ("SGD", 2), 704: ("VND", 0),
    756: ("CHF", 2), 764: ("THB", 2), 784: ("AED", 2), 826: ("GBP", 2), 840: ("USD", 2), 901: ("TWD", 2),
    949: ("TRY", 2), 978: ("EUR", 2),
}  # fmt: skip


def name(currency: int) -> str:
    """Three letters, or the ISO 4217 number as three digits where they are not known here."""
    return _KNOWN[currency][0] if currency in _KNOWN else f"{currency:03}"


def number(name: str) -> int:
    """The currency that is written so: three letters, or its number."""
    found = next((n for n, (letters, _) in _KNOWN.items() if letters == name.upper()), None)
    if found is None and not name.isdecimal():
        raise HostError("usage", f"{name} is no currency known here: give its ISO 4217 number", Exit.USAGE)
    return int(name) if found is None else found


def exponent(currency: int) -> int:
    """Decimals, as ISO 4217 has it; 2 for what is not known here."""
    return _KNOWN.get(currency, ("", 2))[1]


def show(amount: int, currency: int, exponent: int | None = None) -> str:
    """`12.50 CNY` of 1250 minor units; exponent: decimals where a trust bundle says so, else as ISO 4217 has it."""
    if exponent is None:
        if currency not in _KNOWN:
            return f"{amount} minor units of currency {currency:03}"
        exponent = _KNOWN[currency][1]
    whole, rest = divmod(abs(amount), 10**exponent)
    decimals = f".{rest:0{exponent}}" if exponent else ""
    return f"{'-' if amount < 0 else ''}{whole:,}{decimals} {name(currency)}"
