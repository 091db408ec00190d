"""Claims and arrays of the wire field by field: names, values, units. Never fails on a value of another form."""

import datetime
from collections.abc import Callable
from typing import Any

from cabinpay.wire.keys import kid

from . import money
from .bundle_spec import MODES, QUALITIES, RIGHTS
from .bundle_text import moment
from .inspect_things import Field, plain

Show = Callable[[Any], str]
KINDS = {1: "sale", 2: "void", 3: "open", 4: "close", 5: "break", 6: "note"}
REASONS = {1: "by mistake", 2: "not delivered", 3: "customer changed his mind", 4: "other"}
EVENTS = {1: "maintenance opened", 2: "clock set", 3: "bundle changed", 4: "crash"}
_MODES = dict(enumerate(MODES, 1))
_QUALITIES = dict(enumerate(QUALITIES, 1))
# a key or a hash is shown whole, an object inside another by its beginning: it is a part of its own
_WHOLE = 64


def anything(value: Any) -> str:
    if isinstance(value, bytes):
        shown = value.hex() if len(value) <= _WHOLE else value[:16].hex() + "..."
        return f"{shown} ({len(value)} bytes)" if value else "(0 bytes)"
    if isinstance(value, list):
        return "[" + ", ".join(anything(item) for item in value) + "]"
    return value if isinstance(value, str) else str(plain(value))


def time(value: Any) -> str:
    return f"{moment(value)} ({value})"


def day(value: int) -> str:
    return str(datetime.date(1970, 1, 1) + datetime.timedelta(days=value))


def seconds(value: int) -> str:
    return f"{value} s ({value / 86400:.3g} days)" if value >= 86400 else f"{value} s"


def public_key(value: bytes) -> str:
    return f"{value.hex()} (32 bytes, Ed25519, kid {kid(value).hex()})"


def word(names: dict[int, str]) -> Show:
    return lambda value: f"{names[value]} ({value})"


class Fields:
    """exponents: decimals by currency, where a bundle has said them."""

    def __init__(self, exponents: dict[int, int]) -> None:
        self._exponents = exponents
        self._tables = self._maps() | self._arrays()

    def of(self, kind: str, value: Any) -> list[Field]:
        """Fields of a map by label, of an array by place; labels that are not known stand at the end as they are."""
        table = self._tables.get(kind, {})
        items = value.items() if isinstance(value, dict) else enumerate(value)
        if kind == "bill":
            # the currency stands beside the amount
            table = table | {2: ("amount", lambda amount: self.amount(amount, value[3]))}
        return [_field(label, item, table) for label, item in items]

    def name(self, kind: str, label: Any) -> str:
        """What a label of a map or a place in an array is called."""
        return self._tables.get(kind, {}).get(label, ("?", anything))[0]

    def amount(self, value: int, currency: int) -> str:
        return money.show(value, currency, self._exponents.get(currency))

    def _maps(self) -> dict[str, dict[Any, tuple[str, Show]]]:
        head = {
            1: ("number", anything), 2: ("previous", anything), 3: ("kind", word(KINDS)), 4: ("time", time),
            5: ("quality", lambda v: f"{_QUALITIES[v[0]]}, {v[1]} s old"),
            6: ("shift", lambda v: f"opened by receipt {v}" if v else "none (0)"),
            7: ("mode", word(_MODES)), 8: ("amount", lambda v: self.amount(*v)), 9: ("payment_hash", anything),
            10: ("lines_hash", anything), 11: ("crew", anything), 12: ("flight", self._flight),
            13: ("aircraft", anything), 14: ("agent", anything), 15: ("bundle", anything),
            16: ("covers", lambda v: f"receipts {v[0]} to {v[1]}"),
            17: ("sums", self._sums), 18: ("sale", anything), 19: ("reason", word(REASONS)), 20: ("good", anything),
            21: ("lost", lambda v: f"numbers {v[0]} to {v[1]}"), 22: ("event", word(EVENTS)), 23: ("detail", anything),
        }  # fmt: skip
        return {
            "receipt": head,
            "pass": {
                2: ("sub", anything), 3: ("aud", anything), 4: ("exp", time), 5: ("nbf", time), 7: ("cti", anything),
                8: ("cnf", lambda v: "device key " + public_key(v[1][-2])), -65537: ("limits", self._limits),
                -65540: ("flight", self._flight),
            },
            "payment": {
                6: ("iat", time), 10: ("challenge", anything), -65538: ("seq", anything),
                -65539: ("terms", self._terms),
            },
            "delegation": {1: ("bundle_key", public_key), 2: ("not_after", time), 3: ("serial", anything)},
            "bundle": {
                1: ("delegation", anything), 2: ("version", anything), 3: ("issued", time), 4: ("not_after", time),
                5: ("airline", anything), 6: ("currencies", self._currencies), 7: ("issuers", self._issuers),
                8: ("ground", _ground), 9: ("limits", _bundle_limits),
                10: ("files", _files), 11: ("gateway", lambda v: f"certificate {v[0].hex()}, next {v[1].hex()}"),
            },
        }  # fmt: skip

    def _arrays(self) -> dict[str, dict[Any, tuple[str, Show]]]:
        plainly = {
            "login": "role host_kid terminal_kid host_nonce terminal_nonce channel",
            "ack": "terminal_kid number head ledger_id", "customer": "pass payment",
            "time": "terminal_kid session_nonce now:t", "maintenance": "terminal_kid session_nonce not_after:t",
            "time or maintenance": "terminal_kid session_nonce time:t",
            "pulled": "terminal_kid session_nonce first number head digest",
            "status": "terminal_kid session_nonce state agent bundle number acked full_percent time:t quality",
            "network": "terminal_kid session_nonce digest",
            "log": "terminal_kid session_nonce line",
            "bill": "terminal_kid nonce amount currency order", "request": "id op args", "reply": "id status result",
        }  # fmt: skip
        tables: dict[str, dict[Any, tuple[str, Show]]] = {
            kind: {i: (name.split(":")[0], time if ":t" in name else anything) for i, name in enumerate(names.split())}
            for kind, names in plainly.items()
        }
        tables["bill"][3] = ("currency", lambda v: f"{money.name(v)} ({v})")
        lines = ("lines", self._lines)
        tables["evidence"] = {0: ("pass", anything), 1: ("payment", anything), 2: lines, 3: ("nonce", anything)}
        return tables

    def _flight(self, v: list[Any]) -> str:
        return f"{''.join(str(part) for part in v[:-1])} on {day(v[-1])}"

    def _limits(self, v: list[int]) -> str:
        currency, total, per_sale, count = v
        return f"{self.amount(total, currency)} in all, {self.amount(per_sale, currency)} a sale, {count} sales"

    def _terms(self, v: list[Any]) -> str:
        order = f", order {v[2].hex()}" if len(v) == 3 else ""
        return self.amount(v[0], v[1]) + order

    def _sums(self, v: list[Any]) -> str:
        return "; ".join(f"{n} x {KINDS[kind]}, {self.amount(total, cur)}" for cur, kind, n, total in v) or "nothing"

    def _lines(self, v: list[list[int]]) -> str:
        return "; ".join(f"{quantity} x sku {sku} at {price}" for sku, quantity, price in v) + " (minor units)"

    def _currencies(self, v: list[Any]) -> str:
        return "; ".join(f"{money.name(c)} with {e} decimals, caps {caps}, {m} in all" for c, e, caps, m in v)

    def _issuers(self, v: list[Any]) -> str:
        return "; ".join(f"{kid(k).hex()} {moment(a)} to {moment(b)} {currencies}" for k, a, b, currencies in v)


def _ground(v: list[Any]) -> str:
    def rights(flags: int) -> str:
        return "+".join(name for name, flag in RIGHTS.items() if flags & flag)

    return "; ".join(f"{kid(k).hex()} {moment(a)} to {moment(b)} {rights(r)}" for k, a, b, r in v)


def _bundle_limits(v: list[int]) -> str:
    return f"fresh for {seconds(v[0])}, passes of {seconds(v[1])}, {v[2]} sales, receipts kept {seconds(v[3])}"


def _files(v: list[Any]) -> str:
    return "; ".join(f"{name}, {length} bytes, SHA-256 {digest.hex()}" for name, length, digest in v)


def _field(label: Any, value: Any, table: dict[Any, tuple[str, Show]]) -> Field:
    # True and 1.0 are equal to 1 as keys, and no label
    name, show = table.get(label, ("?", anything)) if type(label) is int else ("?", anything)
    try:
        shown = show(value)
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError):
        shown = anything(value)
    return Field(str(plain(label)), name, value, shown)
