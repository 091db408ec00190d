"""cabinpay bundle crew: who may sign on at terminals."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from . import crew_file, screen
from .cli_keys import AsJson
from .errors import Exit, HostError

app = typer.Typer(help="Crew numbers and their PINs. A file for its owner only; no file holds a PIN itself.")

File = Annotated[Path, typer.Option("--file", help="The crew file, named in a bundle.toml under [files].")]
Number = Annotated[int, typer.Argument(help="The crew member's number.", metavar="NUMBER")]


@app.command(epilog="Example: cabinpay bundle crew add 4711 --file crew.json")
def add(number: Number, file: File) -> None:
    """Set a crew member's PIN: asked for twice, or one line on standard input where that is no terminal."""
    if sys.stdin is None:
        raise HostError("usage", "there is no standard input to read a PIN from: give it one line", Exit.USAGE)
    if sys.stdin.isatty():
        pin = typer.prompt("PIN", hide_input=True, confirmation_prompt=True, err=True)
    else:
        pin = sys.stdin.readline().strip()
    fresh = crew_file.add(file, number, pin)
    screen.note(f"{file}: crew {number} {'added' if fresh else 'has a new PIN'}; make a bundle to bring it out")


@app.command(epilog="Example: cabinpay bundle crew remove 4711 --file crew.json")
def remove(number: Number, file: File) -> None:
    """Take a crew member off; terminals learn it with their next bundle."""
    crew_file.remove(file, number)


@app.command("list", epilog="Example: cabinpay bundle crew list --file crew.json")
def list_(file: File, as_json: AsJson = False) -> None:
    """Show the crew numbers that have a PIN."""
    numbers = sorted(crew_file.load(file))
    screen.show({"crew": numbers if as_json else ", ".join(map(str, numbers)) or "nobody"}, as_json)
