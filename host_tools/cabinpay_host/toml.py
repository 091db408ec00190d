"""Settings from TOML files: every field checked as it is read, every fault one line that names field and remedy.

Codes: toml_syntax, toml_missing, toml_field, toml_unknown, all with exit code 3.
"""

import datetime
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from cabinpay.wire.schema import MAX_TIME

from . import files
from .errors import Exit, HostError

MAX_FILE = 256 * 1024


class Table:
    """A TOML table whose fields are asked for by name; `done` refuses those that nobody asked for."""

    def __init__(self, where: str, values: dict[str, Any]) -> None:
        self.where = where
        self._values = values
        self._unread = set(values)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number of low..high."""
        value = self._take(name, default)
        if type(value) is not int or not low <= value <= high:
            self.refuse(name, f"a whole number from {low} to {high}")
        return value

    def text(self, name: str, fits: Callable[[str], bool], allowed: str) -> str:
        """A string that `fits`; `allowed` says in words what does."""
        value = self._take(name)
        if not isinstance(value, str) or not fits(value):
            self.refuse(name, allowed)
        return value

    def moment(self, name: str) -> int:
        """Unix seconds of a date (its first moment, UTC) or of a date and time with an offset."""
        value = self._take(name)
        if type(value) is datetime.date:
            value = datetime.datetime(value.year, value.month, value.day, tzinfo=datetime.UTC)
        if not isinstance(value, datetime.datetime) or value.tzinfo is None:
            self.refuse(name, "a date like 2026-01-31 or a time like 2026-01-31T12:00:00Z, without quotes")
        seconds = int(value.timestamp())
        if not 0 <= seconds < MAX_TIME:
            self.refuse(name, "a time from 1970 on")
        return seconds

    def words(self, name: str, known: Mapping[str, int]) -> int:
        """Sum of the flags that a list of words stands for, at least one."""
        value = self._take(name)
        if not isinstance(value, list) or not value or any(not isinstance(v, str) or v not in known for v in value):
            self.refuse(name, f"a list of {', '.join(known)}")
        return sum(known[word] for word in set(value))

    def table(self, name: str, optional: bool = False) -> "Table":
        """An inner table; an empty one where it is absent and `optional`."""
        value = self._take(name, {} if optional else None)
        if not isinstance(value, dict):
            self.refuse(name, "a table")
        return Table(f"{self.where}{name}.", value)

    def tables(self, name: str, least: int, most: int) -> list["Table"]:
        """An array of least..most tables, `[[name]]` in the file."""
        value = self._take(name)
        if not isinstance(value, list) or not least <= len(value) <= most or any(type(v) is not dict for v in value):
            self.refuse(name, f"{least} to {most} tables, each begun by [[{name}]]")
        return [Table(f"{self.where}{name}[{i}].", item) for i, item in enumerate(value, 1)]

    def numbered(self, name: str, most: int) -> dict[int, "Table"]:
        """1..most inner tables whose names are whole numbers of 1..999, in ascending order."""
        inner = self.table(name)
        names = list(inner._values)
        if not 1 <= len(names) <= most or any(not n.isascii() or not n.isdigit() or len(n) > 3 for n in names):
            self.refuse(name, f"1 to {most} tables named by ISO 4217 numbers, as [{name}.156]")
        found = {int(n): inner.table(n) for n in names}
        if len(found) != len(names) or 0 in found:
            self.refuse(name, "each ISO 4217 number once")
        return dict(sorted(found.items()))

    def done(self) -> None:
        """HostError("toml_unknown") where a field has not been asked for."""
        if self._unread:
            name = min(self._unread)
            raise HostError(
                "toml_unknown", f"{self.where}{name} is unknown here; check its spelling, or remove it", Exit.INPUT
            )

    def refuse(self, name: str, allowed: str) -> NoReturn:
        """HostError("toml_field") for this field."""
        raise HostError("toml_field", f"{self.where}{name} must be {allowed}", Exit.INPUT)

    def _take(self, name: str, default: Any = None) -> Any:
        self._unread.discard(name)
        value = self._values.get(name, default)
        if value is None:
            raise HostError("toml_missing", f"{self.where}{name} is missing; add it", Exit.INPUT)
        return value


def load(path: Path) -> Table:
    """The whole file as one table; HostError("toml_syntax") where it is no TOML, or what files.read raises."""
    data = files.read(path, MAX_FILE)
    try:
        return Table(f"{path}: ", tomllib.loads(data.decode()))
    except (ValueError, RecursionError) as e:
        reason = "not UTF-8 text" if isinstance(e, UnicodeDecodeError) else str(e)
        raise HostError("toml_syntax", f"{path}: {reason}; correct the file", Exit.INPUT) from None
