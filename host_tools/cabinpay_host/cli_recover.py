"""cabinpay recover: the receipts of a terminal that does not answer any more."""

from pathlib import Path
from typing import Annotated, Any

import typer

from . import files, screen
from . import recover as recovery
from .cli_keys import AsJson
from .cli_ledger import Location, open_ledger
from .errors import Exit, HostError


def recover(
    image: Annotated[Path, typer.Argument(help="An image of its flash, as cabinpay dump or picotool save it.")],
    ledger: Location,
    as_json: AsJson = False,
) -> None:
    """Bring a dead terminal's receipts from an image of its flash into the ledger, also where its file system is
    damaged or was formatted. Safe to run again.

    Example: cabinpay recover 9C-001.img --ledger airline.db
    """
    data = files.read(image, recovery.MAX_IMAGE)
    with open_ledger(ledger) as book:
        found = recovery.recover(data, book)
    rows = [_row(each) for each in found]
    if as_json:
        screen.show_json({"terminals": rows})
    else:
        screen.show_rows("Terminals", rows)
    _judge(found)


def _row(each: recovery.Recovered) -> dict[str, Any]:
    flags = ", ".join(f"{number} {code}" for number, code in each.exceptions)
    return {
        "terminal": each.label or "unknown", "kid": each.kid.hex(), "found": each.found, "refused": each.refused,
        "new": each.new, "last": each.number, "exceptions": flags,
    }  # fmt: skip


def _judge(found: list[recovery.Recovered]) -> None:
    strangers = [each.kid.hex() for each in found if not each.label]
    if strangers:
        line = f"the ledger does not know terminal {', '.join(strangers)}: is this the right ledger?"
        raise HostError("unknown_terminal", line, Exit.REFUSED)
    if any(each.refused for each in found):
        line = "some records are not what their terminal signed: keep the image, they were left out"
        raise HostError("not_signed", line, Exit.CHECKS)
    if any(each.exceptions for each in found):
        line = "everything readable is in the ledger; work the exceptions through with cabinpay ledger exceptions"
        raise HostError("exceptions", line, Exit.CHECKS)
