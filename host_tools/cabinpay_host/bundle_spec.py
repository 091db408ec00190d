"""What a trust bundle is to say, read from a small TOML file; `bundle.EXAMPLE` shows one.

Times are dates (first moment, UTC) or times with an offset; amounts minor units; key paths relative to the file.
"""

import re
from pathlib import Path
from typing import Any

from cabinpay.wire import schema
from cabinpay.wire.trust import ACK, MAINTAIN, PULL, TIME, Bundle

from . import bundle_files, keys, toml
from .errors import HostError

RIGHTS = {"pull": PULL, "ack": ACK, "time": TIME, "maintain": MAINTAIN}
# By mode and clock quality, in the order of the wire; what may be left out is off
MODES = ("challenged", "bound", "quick")
QUALITIES = ("rtc", "synced", "floor")
DAY = 86400
_DAYS = 3660


def read(path: Path, delegation: bytes, now: int) -> tuple[Bundle, bundle_files.Contents]:
    """The bundle that a file describes, issued at `now` (Unix seconds) under `delegation` (COSE bytes), and the files
    that travel with it."""
    top = toml.load(path)
    currencies = _currencies(top)
    numbers = {entry[0] for entry in currencies}
    contents = bundle_files.read(top.table("files", optional=True), path.parent, numbers)
    bundle = Bundle(
        delegation=delegation,
        version=top.whole("version", 1, schema.U32),
        issued=now,
        not_after=now + top.whole("valid_days", 1, _DAYS) * DAY,
        airline=airline(top),
        currencies=currencies,
        issuers=_issuers(top, path.parent, numbers),
        ground=_ground(top, path.parent),
        limits=_limits(top.table("limits")),
        files=bundle_files.entries(contents),
        gateway=_gateway(top) if "gateway" in top else None,
    )
    top.done()
    return bundle, contents


def airline(table: toml.Table) -> str:
    """The field `airline`: a two-letter IATA designator, which may hold a digit."""
    return table.text("airline", schema.airline, "a designator of two capital letters or digits, like 9C")


def _currencies(top: toml.Table) -> list[list[Any]]:
    return [_currency(number, table) for number, table in top.numbered("currencies", 16).items()]


def _currency(number: int, table: toml.Table) -> list[Any]:
    exponent = table.whole("exponent", 0, 4)
    max_sum = table.whole("max_sum", 0, schema.U32)
    caps = [_caps(table, mode) for mode in MODES]
    table.done()
    return [number, exponent, caps, max_sum]


def _caps(table: toml.Table, mode: str) -> list[int]:
    """Caps of one mode. Challenged sales are the default and must be settled; the others are off unless set."""
    required = mode == "challenged"
    inner = table.table(mode, optional=not required)
    caps = [inner.whole(quality, 0, schema.U32, None if required else 0) for quality in QUALITIES]
    inner.done()
    return caps


def _issuers(top: toml.Table, folder: Path, currencies: set[int]) -> list[list[Any]]:
    issuers = []
    for table in top.tables("issuers", 1, 16):
        entry = _window(table, folder, "issuer")
        per_currency = []
        for number, limits in table.numbered("currencies", 16).items():
            if number not in currencies:
                table.refuse("currencies", f"some of the bundle's own currencies, which {number} is not")
            per_currency.append([number, *caps(limits)])
            limits.done()
        table.done()
        issuers.append([*entry, per_currency])
    return issuers


def caps(table: toml.Table) -> tuple[int, int]:
    """(per sale, total) of the fields of those names, in minor units, the one not above the other."""
    total = table.whole("total", 1, schema.U32)
    return table.whole("per_sale", 1, total), total


def _ground(top: toml.Table, folder: Path) -> list[list[Any]]:
    ground = []
    for table in top.tables("ground", 1, 32):
        ground.append([*_window(table, folder, "ground", "ledger"), table.words("rights", RIGHTS)])
        table.done()
    return ground


def _window(table: toml.Table, folder: Path, *roles: str) -> list[Any]:
    """[public key, from, until] of a table with `key`, `from` and `until`."""
    path = folder / table.text("key", bool, "the path of a .pub file")
    try:
        public = keys.load_public(path, *roles).public
    except HostError as e:
        raise HostError(e.code, f"{table.where}key: {e.line}", e.exit_code) from None
    start, end = table.moment("from"), table.moment("until")
    if end <= start:
        table.refuse("until", "a time after `from`")
    return [public, start, end]


def _gateway(top: toml.Table) -> list[bytes]:
    table = top.table("gateway")
    pins = [table.text(name, _is_pin, "64 hex digits: a certificate's SHA-256") for name in ("current", "next")]
    table.done()
    return [bytes.fromhex(pin) for pin in pins]


def _is_pin(word: str) -> bool:
    return re.fullmatch("[0-9a-fA-F]{64}", word) is not None


def _limits(table: toml.Table) -> list[int]:
    limits = [
        table.whole("freshness_seconds", 30, 120),
        table.whole("pass_days", 1, _DAYS) * DAY,
        table.whole("max_sales", 1, schema.U32),
        table.whole("retention_days", 1, _DAYS) * DAY,
    ]
    table.done()
    return limits
