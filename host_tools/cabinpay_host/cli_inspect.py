"""cabinpay inspect: any object of Cabinpay's, explained."""

from pathlib import Path
from typing import Annotated

import typer

from . import inspect as inspector
from . import inspect_keys, screen
from .cli_keys import AsJson
from .errors import Exit, HostError
from .inspect_objects import sound


def inspect(
    thing: Annotated[
        str,
        typer.Argument(help="A file (pass, receipt, bundle, frame, picture, key, flash image ...) or a QR text."),
    ],
    key: Annotated[
        list[str] | None, typer.Option("--key", help="A .pub file or a public key in hex; once for each.")
    ] = None,
    bundle: Annotated[Path | None, typer.Option(help="A trust bundle to take issuers and ground keys from.")] = None,
    as_hex: Annotated[bool, typer.Option("--hex", help="THING is hex digits.")] = False,
    as_json: AsJson = False,
) -> None:
    """Explain an object field by field, and why its signature is invalid when it is.

    Ends with 7 where something in it is refused. A signature whose key is not given counts as not checked. Secrets of
    a key file or a flash image are never shown.
    """
    found = inspector.inspect(thing, inspect_keys.load(key or [], bundle), as_hex)
    if as_json:
        screen.show_json({**found.record(), "sound": sound(found)})
    else:
        # names and texts of others are in it: none writes a line or a colour of its own
        for line in found.lines():
            print("".join(c if c.isprintable() else "?" for c in line))
    if not sound(found):
        raise HostError("thing_refused", "something in it is refused; the lines above say what and why", Exit.CHECKS)
