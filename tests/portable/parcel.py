"""Files that travel with a bundle, for tests, and terminals that have taken them."""

import hashlib
import struct

from cabinpay.wire import pins
from world import EUR, JPY, bundle, kid_of, provisioned, some

ITEMS = ((EUR, 101, 350, "Instant noodles", "方便面"), (EUR, 205, 500, "Tea", "茶"), (JPY, 101, 600, "Noodles", ""))
PINS = ((7, "123456"), (4711, "0815"))


def revoked(*names, issuer="issuer"):
    return b"".join(sorted([kid_of(issuer) + some(name, 8) for name in names]))


def catalogue(items=ITEMS):
    rows = []
    for currency, sku, price, english, chinese in items:
        rows.append(struct.pack(">HII28s42s", currency, sku, price, english.encode(), chinese.encode()))
    return b"".join(sorted(rows))


def crew(members=PINS, count=8):
    rows = []
    for number, pin in members:
        salt = some("salt %d" % number, 16)
        rows.append(struct.pack(">QH16s32s", number, count, salt, pins.verifier(number, pin, salt, count)))
    return b"".join(sorted(rows))


def entries(parcel):
    """A bundle's list of the files {name: bytes}."""
    return [[name, len(parcel[name]), hashlib.sha256(parcel[name]).digest()] for name in sorted(parcel)]


def bundle_with(parcel, **changes):
    return bundle(files=entries(parcel), **changes)


def send(terminal, parcel, missing, size=200):
    """Hands over what is missing, in pieces, as a link session does."""
    for name, held in missing:
        for at in range(held, len(parcel[name]), size):
            terminal.add_file(name, at, parcel[name][at : at + size])


def stock(world, parcel, **changes):
    """Has the terminal take a bundle with its files."""
    send(world.terminal, parcel, world.terminal.install(bundle_with(parcel, **changes)))
    return world


def stocked(parcel, rtc=None, **changes):
    world = provisioned() if rtc is None else provisioned(rtc=rtc)
    return stock(world, parcel, **changes)
