"""The ground around one terminal under test: keys, bundle, passengers, ledger; every part the real one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import rig
from cabinpay_host import bundle, keys
from cabinpay_host.acks import Signed
from cabinpay_host.enrol import Policy, issue_pass
from cabinpay_host.ledger.store import Ledger
from cabinpay_host.link import Hello, Link
from cabinpay_host.provision import Provisioned, provision
from cabinpay_host.sync import Ground, Report, synchronise
from cabinpay_host.transport import SerialStream
from cabinpay_host.wallet import Wallet

CNY = 156
DAY = 86400
SPEC = """
version = {version}
valid_days = 7
airline = "9C"

[currencies.156]
exponent = 2
max_sum = 10000000
challenged = {{ rtc = 100000, synced = 100000, floor = 5000 }}
quick = {{ rtc = 50000, synced = 50000 }}

[[issuers]]
key = "issuer.pub"
from = 2020-01-01
until = 2099-01-01
currencies.156 = {{ per_sale = 50000, total = 200000 }}

[[ground]]
key = "laptop.pub"
from = 2020-01-01
until = 2099-01-01
rights = ["pull", "time"]

[[ground]]
key = "keeper.pub"
from = 2020-01-01
until = 2099-01-01
rights = ["maintain"]

[[ground]]
key = "ledger.pub"
from = 2020-01-01
until = 2099-01-01
rights = ["ack"]

[limits]
freshness_seconds = 60
pass_days = 30
max_sales = 1000
retention_days = 7
"""


class Phone(Wallet):
    """A phone whose clock goes as the terminal's does."""

    def _pay(self, now: int | None, *more: Any) -> str:
        return super()._pay(rig.now() if now is None else now, *more)


class PatientLink(Link):
    """For a board whose time is not this machine's: it may take long to answer at all."""

    def hello(self, wait: float = 0) -> Hello:
        return super().hello(max(wait, rig.WAIT))


class Gate:
    """Keys and ledger in `folder`; a second Gate on the same folder's ledger sees the same money."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        fresh = not (folder / "ledger.db").exists()
        self.root, self.next_root = (self._key("root", name) for name in ("root", "next"))
        self.roots = (self.root.public, self.next_root.public)
        self.day = self._key("bundle", "day")
        self.issuer = self._key("issuer", "issuer")
        self.laptop = self._key("ground", "laptop")
        self.keeper = self._key("ground", "keeper")
        self.ledger_key = self._key("ledger", "ledger")
        url, archive = f"sqlite:///{folder}/ledger.db", folder / "archive"
        self.contents: dict[str, bytes] = {}
        if fresh:
            self.ledger = Ledger.create(url, archive, roots=list(self.roots))
            self.new_bundle(1)
        else:
            self.ledger = Ledger.open(url, archive)
            self.bundle = (1, (folder / "1.bundle").read_bytes())

    def _key(self, role: str, name: str) -> keys.Key:
        path = self.folder / f"{name}.key"
        return keys.load_secret(path, role) if path.exists() else keys.create(self.folder, role, name)

    def new_bundle(self, version: int, spec: str = SPEC, serial: int = 1) -> bytes:
        """Signs bundle `version` under a delegation of that serial; the ledger has it, and the next sync brings it."""
        now = rig.now()
        path = self.folder / "bundle.toml"
        path.write_text(spec.format(version=version))
        delegation = bundle.make_delegation(self.root, self.day.public, now + 90 * DAY, serial)
        data, self.contents = bundle.make_with_files(path, self.day, delegation, list(self.roots), now)
        self.ledger.add_bundle(data, self.contents)
        self.bundle = (version, data)
        (self.folder / f"{version}.bundle").write_bytes(data)
        return data

    def passenger(self, name: str, total: int = 100000, per_sale: int = 20000, count: int = 10, now: int = 0) -> Wallet:
        """An enrolled passenger's phone."""
        wallet = Phone.create(self.folder / f"{name}.wallet")
        policy = Policy(550, 7, CNY, per_sale, total, count)
        signed = issue_pass(self.issuer, policy, "9C", 700, wallet.public, now or rig.now())
        terms = wallet.add(signed)
        self.ledger.add_enrolment(self.issuer.kid, terms.cti, terms.sub, name)
        return wallet

    def provision(self, terminal: rig.Terminal, label: str = "9C-001") -> Provisioned:
        with self.link(terminal) as link:
            return provision(link, self.ledger, self.roots, "9C", label, "B-1234", self.bundle[1], self.contents)

    def sync(self, terminal: rig.Terminal, now: int = 0) -> Report:
        def clock() -> int:
            return now or int(terminal.now())

        with self.link(terminal) as link:
            return synchronise(link, self.ground(clock))

    def ground(self, clock: Callable[[], int]) -> Ground:
        """What a laptop syncs with."""
        acks = Signed(self.ledger, self.ledger_key)
        return Ground(self.ledger, self.laptop, acks, self.bundle, clock, self.contents)

    @contextmanager
    def link(self, terminal: rig.Terminal) -> Iterator[Link]:
        with SerialStream(terminal.port) as stream:
            yield PatientLink(stream, wait=rig.WAIT)


def sign_on(terminal: rig.Terminal, crew: int = 7, flight: int = 8888) -> None:
    """Opens a shift for today's flight."""
    terminal.show(f"{crew}*{flight}*{time.strftime('%d%m', time.gmtime())}#", "items")


def key_in(terminal: rig.Terminal, *lines: tuple[int, int, int], by: str = "B") -> dict[str, object]:
    """Keys in (sku, quantity, unit price) lines and asks for payment: B quick, C with a bill."""
    terminal.press("D" + "".join(f"{sku}*{quantity}*{price}A" for sku, quantity, price in lines))
    return terminal.show(by, "scan" if by == "B" else "bill")
