"""cabinpay gateway: terminals over Wi-Fi; cabinpay network: what a terminal needs to find it."""

import threading
from pathlib import Path
from typing import Annotated

import typer

from cabinpay.wire.cbor import MAX_SIZE

from . import bundle as bundles
from . import certificate, files, keys, screen
from . import network as networks
from .cli_ledger import Location, open_ledger
from .cli_sync import AckKey, Carried, GroundKey, NewBundle, equipment
from .cli_terminal import Baud, Port
from .errors import Exit, HostError
from .gateway import Gateway, Place, serve
from .ledger.judges import Judges
from .ledger.store import Ledger
from .link import Link
from .sync import Ground
from .transport import BAUD, SerialStream

Address = tuple[str, int]


def gateway(
    ground: GroundKey,
    ledger: Location,
    cert: Annotated[Path, typer.Option("--certificate", help="What cabinpay keys gateway made: NAME.crt.")],
    listen: Annotated[str, typer.Option(help="Where terminals connect: ADDRESS:PORT.")],
    status: Annotated[str, typer.Option(help="Where /health and /metrics are: ADDRESS:PORT.")] = "127.0.0.1:9340",
    ack: AckKey = None,
    carried: Carried = None,
    bundle: NewBundle = None,
    sessions: Annotated[int, typer.Option(help="Terminals at once; more are sent away.", min=1, max=256)] = 32,
) -> None:
    """Serve terminals that come over Wi-Fi, until interrupted. Several gateways may share one ledger.

    A bundle that is replaced in its place is brought from then on. Example: cabinpay gateway --listen 10.1.2.3:7340
    --certificate gate.crt --ground gate.key --ack ledger.key --ledger airline.db --bundle 9C.bundle
    """
    channel = certificate.pin(certificate.load(cert))
    where = Place(_address(listen), _address(status), cert, cert.with_suffix(".pem"), channel, sessions)
    files.refuse_shared(where.secret)
    with open_ledger(ledger) as book, Judges() as judges:
        book.judge_ahead = judges.judge
        current = Current(book, (ground, ack, carried, bundle), channel)
        current()
        serve(Gateway(where, current, lambda: book.knows_terminal(bytes(32))), _ready)


def network(
    port: Port,
    ground: Annotated[Path, typer.Option(help="A ground key with right maintain.", metavar="KEY")],
    file: Annotated[Path, typer.Option("--network", help="TOML: ssid, password, address, port, certificate, next.")],
    baud: Baud = BAUD,
) -> None:
    """Give a terminal with Wi-Fi the network to join and the gateway to find there. Over the cable, in the office: the
    secret goes through it in clear, and no command ever shows it.

    Example: cabinpay network --port /dev/ttyACM0 --ground keeper.key --network ground.toml
    """
    keeper, given = keys.load_secret(ground, "ground"), networks.read(file)
    with SerialStream(port, baud) as stream:
        link = Link(stream)
        found = link.hello()
        link.login(found, keeper)
        link.set_network(found, keeper, given)
    screen.note(f"{found.label} joins that network from now on, when no sale is open")


class Current:
    """What syncs work with now: read again when the bundle's file changes."""

    def __init__(self, book: Ledger, paths: tuple[Path, Path | None, Path | None, Path | None], channel: bytes) -> None:
        self._book = book
        self._paths = paths
        self._channel = channel
        self._lock = threading.Lock()
        self._seen: bytes | None = None
        self._ground: Ground | None = None

    def __call__(self) -> Ground:
        bundle = self._paths[3]
        with self._lock:
            data = files.read(bundle, MAX_SIZE) if bundle else b""
            if self._ground is None or data != self._seen:
                self._refuse_unpinned(data)
                self._ground = equipment(self._book, *self._paths)
                self._seen = data
            return self._ground

    def _refuse_unpinned(self, data: bytes) -> None:
        if data and self._channel not in (bundles.peek(data)[1].gateway or []):
            line = f"this bundle does not pin the certificate: its [gateway] must name {self._channel.hex()}"
            raise HostError("not_pinned", line, Exit.REFUSED)


def _ready(terminals: Address, watchers: Address) -> None:
    print("terminals {}:{} status {}:{}".format(*terminals, *watchers), flush=True)


def _address(text: str) -> Address:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise HostError("usage", f"{text} is no ADDRESS:PORT", Exit.USAGE)
    return host, int(port)
