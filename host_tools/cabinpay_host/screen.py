"""What commands print: records for people (Rich) or, with --json, for programs; nothing here is ever a secret."""

import contextlib
import json
import sys
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text


def show(record: Mapping[str, Any], as_json: bool) -> None:
    """One record on standard output: names and values, one a line; or one JSON object."""
    if as_json:
        show_json(record)
        return
    grid = Table.grid(padding=(0, 2))
    for name, value in record.items():
        grid.add_row(Text(name, style="bold"), Text(str(value), overflow="fold"))
    Console().print(grid)


def show_rows(title: str, rows: list[dict[str, Any]]) -> None:
    """Rows with the same names as a table under a title; a word where there are none."""
    if not rows:
        Console().print(Text(f"{title}: none"))
        return
    table = Table(title=Text(f"{title}: {len(rows)}"), title_justify="left")
    for name in rows[0]:
        table.add_column(name, overflow="fold")
    for row in rows:
        table.add_row(*(Text(str(value)) for value in row.values()))
    Console().print(table)


def show_json(record: Mapping[str, Any]) -> None:
    """One JSON object on standard output."""
    print(json.dumps(record, indent=1))


def plain(text: str) -> str:
    """One line, whatever names and values of others are in it."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def note(line: str) -> None:
    """A line for a person, on standard error, so that standard output stays what a program reads."""
    with contextlib.suppress(OSError):  # a full disk behind standard error is no reason to fail
        print(line, file=sys.stderr)
