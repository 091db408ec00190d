"""What changes from one trust bundle to the next, in words, one line a change."""

from typing import Any

from . import bundle_files, money
from .bundle_text import moment

_TIMES = ("issued", "not_after", "from", "until")


def diff(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Lines for two records of bundle_text.record."""
    lines = _fields("", old, new, ("airline", "version", "issued", "not_after"))
    for name in ("delegation", "limits"):
        lines += _fields(f"{name} ", old[name], new[name], tuple(old[name]))
    lines += _lists("currency", "currency", old["currencies"], new["currencies"])
    lines += _lists("issuer", "kid", old["issuers"], new["issuers"])
    lines += _lists("ground key", "kid", old["ground"], new["ground"])
    lines += _lists("file", "name", old["files"], new["files"])
    if old["gateway"] != new["gateway"]:
        lines.append(f"gateway pins: {_shown('gateway', old['gateway'])} becomes {_shown('gateway', new['gateway'])}")
    return lines


def files(old: bundle_files.Contents, new: bundle_files.Contents) -> list[str]:
    """Lines for what changes inside the files."""
    lines = []
    for name in sorted(set(old) & set(new)):
        before, after = (set(bundle_files.rows(name, data)) for data in (old[name], new[name]))
        if before != after:
            lines.append(f"file {name}: {len(after - before)} rows new, {len(before - after)} gone")
    return lines


def _lists(what: str, key: str, old: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[str]:
    before, after = ({entry[key]: entry for entry in entries} for entries in (old, new))
    lines = [f"{what} {_named(key, ident)} removed" for ident in before if ident not in after]
    for ident, entry in after.items():
        if ident not in before:
            window = f": {moment(entry['from'])} to {moment(entry['until'])}" if "from" in entry else ""
            lines.append(f"{what} {_named(key, ident)} added{window}")
        else:
            lines += _fields(f"{what} {_named(key, ident)} ", before[ident], entry, tuple(entry))
    return lines


def _fields(what: str, old: dict[str, Any], new: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    return [
        f"{what}{name.replace('_', ' ')}: {_shown(name, old[name])} becomes {_shown(name, new[name])}"
        for name in names
        if old[name] != new[name]
    ]


def _named(key: str, ident: Any) -> str:
    return money.name(ident) if key == "currency" else str(ident)


def _shown(name: str, value: Any) -> str:
    if name in _TIMES:
        return moment(value)
    if isinstance(value, dict):
        return ", ".join(f"{inner} {_shown(inner, item)}" for inner, item in value.items())
    if isinstance(value, list):
        return "; ".join(_shown("", item) for item in value) or "none"
    return str(value)
