"""From a blank terminal to one that can sell: its keys, its bundle, its place in the ledger."""

from __future__ import annotations

import os
from dataclasses import dataclass

from cabinpay.wire.keys import kid
from cabinpay.wire.schema import text

from .errors import Exit, HostError
from .ledger.store import Ledger
from .link import Link

# A terminal that has just started for the first time has more to load than one in service
HELLO_SECONDS = 8.0


@dataclass(frozen=True)
class Provisioned:
    """label: the terminal's name; public_key: 32 bytes; fresh: made now, not found done already."""

    label: str
    public_key: bytes
    fresh: bool

    @property
    def kid(self) -> bytes:
        return kid(self.public_key)


def check_names(label: str, aircraft: str) -> None:
    """HostError unless a terminal can hold and show these."""
    if not text(1, 24)(label):
        raise HostError("bad_label", "a label is 1 to 24 letters, digits and signs of ASCII, like 9C-001", Exit.USAGE)
    if not text(0, 10)(aircraft):
        raise HostError("bad_aircraft", "a registration is at most 10 letters, digits and signs of ASCII", Exit.USAGE)


def check_roots(roots: tuple[bytes, bytes]) -> None:
    if roots[0] == roots[1]:
        raise HostError("same_root", "two different roots are pinned for good: name the one that follows", Exit.REFUSED)


def provision(
    link: Link,
    ledger: Ledger,
    roots: tuple[bytes, bytes],
    airline: str,
    label: str,
    aircraft: str,
    bundle: bytes,
    contents: dict[str, bytes] | None = None,
) -> Provisioned:
    """Makes the terminal's keys, notes it in the ledger, sends the bundle with its files (contents by name). Cut
    anywhere and run again it completes."""
    ledger.add_bundle(bundle, contents)  # without its issuers nothing that this terminal sells could be debited
    hello = link.hello(HELLO_SECONDS)
    fresh = hello.state == "blank"
    if hello.state == "ready" and hello.label == label and ledger.knows_terminal(hello.public_key):
        return Provisioned(label, hello.public_key, False)  # only the last answer was lost
    if not fresh and (hello.state, hello.label) != ("no-bundle", label):
        line = f"This terminal is {hello.label or 'unnamed'} and {hello.state}: only a blank one is provisioned."
        raise HostError("not_blank", line, Exit.REFUSED)
    public = link.provision(os.urandom(32), roots, label, aircraft) if fresh else hello.public_key
    # registered before it can sell, so that no receipt is ever of an unknown terminal
    ledger.add_terminal(public, label, airline)
    link.send_bundle(bundle, contents)
    return Provisioned(label, public, fresh)
