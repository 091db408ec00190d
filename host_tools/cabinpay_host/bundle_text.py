"""A trust bundle for people, and the same as data for programs."""

import datetime
from typing import Any

from cabinpay.wire.files import FORMS
from cabinpay.wire.keys import kid
from cabinpay.wire.trust import Bundle, Delegation

from . import money
from .bundle_spec import DAY, MODES, QUALITIES, RIGHTS


def moment(seconds: int) -> str:
    """Unix seconds as `2026-01-31 12:00 UTC`, or as they are where no calendar reaches."""
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"


def record(delegation: Delegation, bundle: Bundle) -> dict[str, Any]:
    """Everything but the signatures, ready for JSON: times in Unix seconds, amounts in minor units, kids in hex."""
    return {
        "airline": bundle.airline,
        "version": bundle.version,
        "issued": bundle.issued,
        "not_after": bundle.not_after,
        "delegation": {"serial": delegation.serial, "not_after": delegation.not_after},
        "currencies": [_currency(entry) for entry in bundle.currencies],
        "issuers": [
            {**_window(entry), "currencies": [_named(("currency", "per_sale", "total"), row) for row in entry[3]]}
            for entry in bundle.issuers
        ],
        "ground": [{**_window(entry), "rights": _rights(entry[3])} for entry in bundle.ground],
        "files": [{"name": n, "length": size, "sha256": digest.hex()} for n, size, digest in bundle.files or []],
        "gateway": [pin.hex() for pin in bundle.gateway or []],
        "limits": _named(("freshness", "pass_lifetime", "max_sales", "retention"), bundle.limits),
    }


def describe(delegation: Delegation, bundle: Bundle) -> str:
    """Some lines that a person reads before trusting a bundle to a fleet."""
    fresh, lifetime, sales, retention = bundle.limits
    lines = [
        f"Bundle {bundle.version} of airline {bundle.airline}",
        f"  from {moment(bundle.issued)} to {moment(bundle.not_after)}",
        f"  delegation {delegation.serial}, to {moment(delegation.not_after)}",
        f"  payments fresh for {fresh} s, passes of {_days(lifetime)} at most, receipts kept for {_days(retention)}",
        f"  at most {sales} sales between two ground times",
    ]
    for entry in bundle.currencies:
        lines += _currency_lines(entry)
    exponents = {entry[0]: entry[1] for entry in bundle.currencies}
    for key in bundle.issuers:
        lines.append(f"Issuer {_key_text(key)}")
        lines += [_issuer_line(caps, exponents) for caps in key[3]]
    lines += [f"Ground {_key_text(key)}: {', '.join(_rights(key[3]))}" for key in bundle.ground]
    for name, size, digest in bundle.files or []:
        lines.append(f"File {name}: {size // FORMS[name][0]} rows, {size} bytes, SHA-256 {digest.hex()[:16]}…")
    lines += [
        f"Gateway certificate, {when}: {pin.hex()}"
        for when, pin in zip(("now", "next"), bundle.gateway or [], strict=False)
    ]
    return "\n".join(lines)


def _currency(entry: list[Any]) -> dict[str, Any]:
    number, exponent, caps, max_sum = entry
    by_mode = _named(MODES, [_named(QUALITIES, row) for row in caps])
    return {"currency": number, "exponent": exponent, "caps": by_mode, "max_sum": max_sum}


def _named(names: tuple[str, ...], values: list[Any]) -> dict[str, Any]:
    return dict(zip(names, values, strict=True))


def _currency_lines(entry: list[Any]) -> list[str]:
    number, exponent, caps, max_sum = entry
    lines = [f"Currency {money.name(number)}: {money.show(max_sum, number, exponent)} between two ground times"]
    for mode, row in zip(MODES, caps, strict=True):
        by_clock = [(q, cap) for q, cap in zip(QUALITIES, row, strict=True) if cap]
        shown = ", ".join(f"{quality} {money.show(cap, number, exponent)}" for quality, cap in by_clock)
        lines.append(f"  {mode:<11}{shown or 'off'}")
    return lines


def _issuer_line(caps: list[int], exponents: dict[int, int]) -> str:
    number, per_sale, total = caps
    exponent = exponents.get(number)
    return f"  {money.show(per_sale, number, exponent)} a sale, {money.show(total, number, exponent)} a pass"


def _key_text(entry: list[Any]) -> str:
    return f"{kid(entry[0]).hex()} from {moment(entry[1])} to {moment(entry[2])}"


def _window(entry: list[Any]) -> dict[str, Any]:
    return {"kid": kid(entry[0]).hex(), "public": entry[0].hex(), "from": entry[1], "until": entry[2]}


def _rights(flags: int) -> list[str]:
    return [word for word, flag in RIGHTS.items() if flags & flag]


def _days(seconds: int) -> str:
    return f"{seconds // DAY} days" if seconds % DAY == 0 else f"{seconds} s"
