"""cabinpay flash: from a bare board to a provisioned terminal."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn
from sqlalchemy import select

from cabinpay.wire.cbor import MAX_SIZE
from cabinpay.wire.keys import kid

from . import bundle as bundles
from . import bundle_files, files, keys, provision, screen
from .cli_ledger import open_ledger
from .errors import Exit, HostError
from .flash import boards, label
from .flash.job import Job, Options
from .ledger.models import Terminal
from .ledger.store import Ledger
from .link import Hello, Link
from .transport import SerialStream


@dataclass
class Provisioning:
    """What makes a terminal of a board, and names for those to come."""

    roots: tuple[bytes, bytes]
    airline: str
    aircraft: str
    bundle: bytes
    contents: dict[str, bytes]
    book: Ledger
    names: Iterator[str]


def flash(
    board: Annotated[str | None, typer.Option(metavar="NAME", help="Folder of boards/, if it cannot be told.")] = None,
    port: Annotated[str | None, typer.Option(metavar="PORT", help="Serial port, if several boards are here.")] = None,
    image: Annotated[Path | None, typer.Option(metavar="FILE", help="MicroPython, instead of the download.")] = None,
    oled: Annotated[bool, typer.Option(help="An SSD1306 is wired, not the ST7789.")] = False,
    rtc: Annotated[bool, typer.Option(help="A DS3231 is wired: use it, and set it.")] = False,
    index: Annotated[str | None, typer.Option(metavar="URL", help="A copy of mip's index, for its drivers.")] = None,
    ground: Annotated[Path | None, typer.Option(metavar="KEY", help="Right maintain: update a terminal.")] = None,
    unsynced: Annotated[bool, typer.Option(help="Update over receipts that no ledger has; they stay.")] = False,
    name: Annotated[str | None, typer.Option("--label", help="Provision it under this name.")] = None,
    root: Annotated[Path | None, typer.Option(metavar="PUB", help="The root key in use.")] = None,
    next_root: Annotated[Path | None, typer.Option(metavar="PUB", help="The root key that will follow.")] = None,
    bundle: Annotated[Path | None, typer.Option(help="What cabinpay bundle make wrote.")] = None,
    ledger: Annotated[str | None, typer.Option(envvar="CABINPAY_LEDGER", help="As of provision.")] = None,
    aircraft: Annotated[str, typer.Option(help="Registration, if it stays on one.")] = "",
    every: Annotated[bool, typer.Option("--all", help="All boards here, labels counted on.")] = False,
    dry_run: Annotated[bool, typer.Option(help="Say every step, touch nothing.")] = False,
) -> None:
    """Make a terminal of a board: MicroPython, agent, keys, label. Cut anywhere, run it again.

    A terminal in service is updated the same way; its receipts stay.
    Example: cabinpay flash --board pico --label 9C-001 --root root.pub --next-root next.pub --bundle 9C.bundle
    --ledger airline.db
    """
    keeper = keys.load_secret(ground, "ground") if ground else None
    options = Options(image, oled, rtc, keeper, unsynced, index)
    targets: list[tuple[str | None, str | None]] = [*boards.found(port, board, every)]
    if board and not targets:
        targets = [(None, board)]
    if not targets:
        raise boards.none_found()
    with _provisioning(name, root, next_root, bundle, ledger, aircraft, every) as wanted:
        for where, which in targets:
            if dry_run:
                _told(Job(where, which, options, _say()), wanted)
            else:
                _one(Job(where, which, options, _say(), _bar), wanted)


def _say() -> Callable[[str], None]:
    return lambda line: screen.note(f"flash: {line}")


def _told(job: Job, wanted: Provisioning | None) -> None:
    job.dry_run()
    if wanted:
        job.say(f"provision it as {next(wanted.names)}: keys, two roots, a bundle, its place in the ledger; a label")


def _one(job: Job, wanted: Provisioning | None) -> None:
    with _progress:
        hello = job.run()
    public = hello.public_key
    if wanted and job.port:
        done = _provision(job.port, hello, wanted)
        hello.label, public = done.label, done.public_key
        job.say(f"{done.label} is ready; sync it once before its first flight")
    job.say(f"{hello.agent} answers: {hello.label or hello.state}")
    if public:
        print(label.text(hello.label, kid(public)))


def _provision(port: str, hello: Hello, wanted: Provisioning) -> provision.Provisioned:
    # one that was begun keeps its name
    name = hello.label or next(wanted.names)
    with SerialStream(port) as stream:
        return provision.provision(
            Link(stream), wanted.book, wanted.roots, wanted.airline, name, wanted.aircraft, wanted.bundle,
            wanted.contents,
        )  # fmt: skip


@contextlib.contextmanager
def _provisioning(
    name: str | None, root: Path | None, following: Path | None, bundle: Path | None, ledger: str | None, aircraft: str,
    every: bool,
) -> Iterator[Provisioning | None]:  # fmt: skip
    """All that provisioning takes, read and checked before any board is touched; None where no label is named."""
    if name is None:
        yield None
        return
    if not (root and following and bundle and ledger):
        line = "to provision it, name all of --label, --root, --next-root, --bundle and --ledger"
        raise HostError("usage", line, Exit.USAGE)
    roots = (keys.load_public(root, "root").public, keys.load_public(following, "root").public)
    provision.check_roots(roots)
    provision.check_names(name, aircraft)
    data = files.read(bundle, MAX_SIZE)
    _, content = bundles.open_checked(data, list(roots))
    contents = bundle_files.load(bundle, content.files)
    with open_ledger(ledger) as book:
        with book.reading() as session:
            taken = set(session.scalars(select(Terminal.label)))
        names = label.names(name, taken) if every else iter([name])
        yield Provisioning(roots, content.airline, aircraft, data, contents, book, names)


_progress = Progress(BarColumn(), DownloadColumn(), TimeRemainingColumn(), console=Console(stderr=True), transient=True)


def _bar(total: int) -> Callable[[int], None]:
    task = _progress.add_task("", total=total)
    return lambda done: _progress.advance(task, done)
