"""cabinpay hello, provision, maintenance, log, dump: what is done with a terminal on a port."""

import time
from pathlib import Path
from typing import Annotated

import typer

from cabinpay.wire.cbor import MAX_SIZE

from . import bundle as bundles
from . import bundle_files, dump, files, flash_image, keys, provision, screen
from .cli_keys import AsJson
from .cli_ledger import Location, open_ledger
from .errors import Exit, HostError
from .link import Link
from .transport import BAUD, SerialStream

# For how long a grant of maintenance is good: its terminal's clock may be behind by a sync or two
GRANT_SECONDS = 3600

Ground = Annotated[Path, typer.Option(help="A ground key that the terminal's bundle lists.", metavar="KEY")]
Port = Annotated[str, typer.Option(help="Serial port of the terminal, like /dev/ttyACM0.", metavar="PORT")]
Baud = Annotated[int, typer.Option(help="Line rate of a UART; USB ignores it.", min=1200, max=4000000)]
Bundle = Annotated[Path, typer.Option("--bundle", help="What cabinpay bundle make wrote.")]


def hello(port: Port, baud: Baud = BAUD, as_json: AsJson = False) -> None:
    """Ask a terminal who it says it is. Nothing is changed, and nothing of it is proven.

    Example: cabinpay hello --port /dev/ttyACM0
    """
    with SerialStream(port, baud) as stream:
        found = Link(stream).hello()
    record = {"label": found.label, "state": found.state, "kid": found.kid.hex(), "agent": found.agent}
    screen.show({**record, "bundle": found.bundle}, as_json)


def provision_(
    port: Port,
    label: Annotated[str, typer.Option(help="The terminal's name, on its screen and in reports.")],
    root: Annotated[Path, typer.Option(help="The root key in use: a .pub file.")],
    next_root: Annotated[Path, typer.Option(help="The root key that will follow it: a .pub file.")],
    bundle: Bundle,
    ledger: Location,
    aircraft: Annotated[str, typer.Option(help="Registration of the aircraft that it stays on, if it does.")] = "",
    baud: Baud = BAUD,
) -> None:
    """Give a blank terminal its keys, the two pinned roots and a bundle, and note it in the ledger.

    Interrupted anywhere, run it again. Example: cabinpay provision --port /dev/ttyACM0 --label 9C-001
    --root root.pub --next-root next.pub --bundle 9C.bundle --ledger airline.db
    """
    roots = (keys.load_public(root, "root").public, keys.load_public(next_root, "root").public)
    provision.check_roots(roots)
    provision.check_names(label, aircraft)
    data = files.read(bundle, MAX_SIZE)
    _, content = bundles.open_checked(data, list(roots))
    contents = bundle_files.load(bundle, content.files)
    with open_ledger(ledger) as book, SerialStream(port, baud) as stream:
        done = provision.provision(Link(stream), book, roots, content.airline, label, aircraft, data, contents)
    screen.note(f"{done.label} is ready: bundle {content.version}; sync it once before its first flight")
    print(done.kid.hex())


def maintenance(
    port: Port,
    ground: Annotated[Path | None, typer.Option(help="A ground key with right maintain.", metavar="KEY")] = None,
    unsynced: Annotated[bool, typer.Option(help="Even if it holds receipts that no ledger has.")] = False,
    baud: Baud = BAUD,
) -> None:
    """Open the prompt on a terminal's port, for mpremote, until it is switched off. It notes that on its chain.

    A blank terminal needs no key. Example: cabinpay maintenance --port /dev/ttyACM0 --ground keeper.key
    """
    keeper = keys.load_secret(ground, "ground") if ground else None
    with SerialStream(port, baud) as stream:
        link = Link(stream)
        found = link.hello()
        if found.state == "blank":
            link.open_blank()
        elif keeper is None:
            raise HostError("no_key", "this terminal has keys: name a ground key with right maintain", Exit.USAGE)
        else:
            link.login(found, keeper)
            link.maintenance(found, keeper, int(time.time()) + GRANT_SECONDS, unsynced)
    screen.note(f"{found.label or 'The terminal'} starts again with its prompt open; switch it off to close it")


def log(port: Port, ground: Ground, baud: Baud = BAUD) -> None:
    """Ask a terminal what its agent crashed of last: the exception's name and where it was raised.

    Example: cabinpay log --port /dev/ttyACM0 --ground laptop.key
    """
    laptop = keys.load_secret(ground, "ground")
    with SerialStream(port, baud) as stream:
        link = Link(stream)
        link.login(link.hello(), laptop)
        print(link.log() or "no crash")


def dump_(
    port: Port, out: Annotated[Path, typer.Option(help="Where the image goes: a file that is not there yet.")]
) -> None:
    """Save the flash of a Pico whose prompt is open, as after its firmware has formatted it. Nothing is changed.

    The image may hold a terminal's secrets: keep it as a key. Example: cabinpay dump --port /dev/ttyACM0 --out 1.img
    """
    image = dump.flash(port)
    files.create(out, image, 0o600)
    found = len(flash_image.carve(image))
    screen.note(f"{out}: {len(image)} bytes with {found} records; cabinpay inspect tells what they are")
