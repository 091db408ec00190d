"""cabinpay sync: terminals on serial ports, one or many, and what it came to."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from cabinpay.wire.cbor import MAX_SIZE

from . import acks, bundle_files, files, fleet, keys, ports, screen, summary
from . import bundle as bundles
from .cli_keys import AsJson
from .cli_ledger import Location, open_ledger
from .errors import Exit, HostError
from .ledger.store import Ledger
from .pull import Progress as Told
from .sync import Ground
from .transport import BAUD

GroundKey = Annotated[Path, typer.Option("--ground", help="A ground key (rights pull and time).", metavar="KEY")]
AckKey = Annotated[Path | None, typer.Option("--ack", help="The ledger's key (right ack).", metavar="KEY")]
Carried = Annotated[Path | None, typer.Option("--acks", help="Without it: a folder of acks that it signed before.")]
NewBundle = Annotated[Path | None, typer.Option("--bundle", help="A bundle to bring, if newer.")]


def sync(
    ground: GroundKey,
    ledger: Location,
    port: Annotated[list[str] | None, typer.Option(help="A serial port; several at once.", metavar="PORT")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every terminal that is plugged in, at once.")] = False,
    ack: AckKey = None,
    carried: Carried = None,
    bundle: NewBundle = None,
    baud: Annotated[int, typer.Option(help="Line rate of a UART; USB ignores it.", min=1200, max=4000000)] = BAUD,
    as_json: AsJson = False,
) -> None:
    """Bring terminals' receipts into the ledger, and bundle and time to the terminals. Safe to run again, always.

    Without --port it finds the terminal by its USB id. Example: cabinpay sync --all --ground laptop.key
    --ack ledger.key --ledger airline.db --bundle 9C.bundle
    """
    chosen = ports.choose(port or [], every, [] if port else ports.find())
    with open_ledger(ledger) as book:
        outcomes = _watched(chosen, baud, equipment(book, ground, ack, carried, bundle), not as_json)
    if len(outcomes) == 1 and outcomes[0].error:
        raise outcomes[0].error
    if as_json:
        screen.show_json(summary.record(outcomes))
    else:
        print(*summary.spoken(outcomes), sep="\n")
    summary.judge(outcomes)


def equipment(book: Ledger, ground: Path, ack: Path | None, carried: Path | None, bundle: Path | None) -> Ground:
    """What syncs work with, from the options that sync and gateway share."""
    if (ack is None) == (carried is None):
        raise HostError("usage", "name the ledger's key with --ack, or a folder of carried --acks", Exit.USAGE)
    laptop = keys.load_secret(ground, "ground")
    signing = acks.Signed(book, keys.load_secret(ack, "ledger")) if ack else acks.Carried(carried or Path())
    brought, contents = load_bundle(book, bundle) if bundle else (None, {})
    return Ground(book, laptop, signing, brought, lambda: int(time.time()), contents)


def load_bundle(book: Ledger, path: Path) -> tuple[tuple[int, bytes], dict[str, bytes]]:
    """((version, COSE bytes), its files by name); the ledger knows them from here on."""
    data = files.read(path, MAX_SIZE)
    contents = bundle_files.load(path, bundles.peek(data)[1].files)
    return (book.add_bundle(data, contents), data), contents


def _watched(chosen: list[str], baud: int, ground: Ground, shown: bool) -> list[fleet.Outcome]:
    console = Console(stderr=True)
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("receipts")
    with Progress(*columns, console=console, disable=not (shown and console.is_terminal)) as bars:
        return fleet.run(chosen, baud, ground, lambda port: _told(bars, port))


def _told(bars: Progress, port: str) -> Told:
    task = bars.add_task(port, total=None)
    update: Callable[..., None] = bars.update
    return lambda done, total: update(task, completed=done, total=total)
