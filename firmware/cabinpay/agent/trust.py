"""The trust bundle that the terminal works by: kept as signed, checked again at every boot."""

import hashlib

from cabinpay.wire import pins
from cabinpay.wire.files import CATALOGUE, CREW, REVOKED, crew_key, item_key, read_crew, read_item
from cabinpay.wire.keys import kid
from cabinpay.wire.receipts import FLOOR

from .heap import often, seldom
from .shelf import Shelf

NAME = "bundle"


class InForce:
    """What a bundle and its delegation say, for as long as it is in force: their own objects go, with the code that
    reads them. serial: the delegation's; end: the last Unix second at which both hold."""

    def __init__(self, delegation, bundle):
        self.serial = delegation.serial
        self.end = min(bundle.not_after, delegation.not_after)
        self.version, self.airline = bundle.version, bundle.airline
        self.issued, self.not_after = bundle.issued, bundle.not_after
        self.currencies, self.issuers, self.ground = bundle.currencies, bundle.issuers, bundle.ground
        self.limits, self.files, self.gateway = bundle.limits, bundle.files, bundle.gateway


class Trust:
    """bundle: in force, or None. It and its files change together, by the rename of the small file that names all."""

    def __init__(self, files, codec, verify):
        self.files = files
        self.codec = codec
        self.verify = verify
        self.bundle = None
        self.shelf = Shelf(files)
        self.digest = b""
        self.entries = {}
        self._issuers = {}
        self._ground = {}
        self._currencies = {}
        self._bringing = None

    def load(self, roots):
        """Activates the stored bundle, if there is one; ValueError where it or one of its files is damaged."""
        try:
            self._bring().load(roots)
        finally:
            self._rest()

    def install(self, data, roots, floor, known=0):
        """Stores and activates `data`. Where files that it names are not here yet, it is kept in RAM until `add_file`
        has completed them: then [[name, bytes held], ...] of those, else []. WireError or Refused leaves the present
        bundle in force.

        floor: Unix seconds that have passed; known: highest version that a shift was opened under, for a damaged file
        must not let an older bundle in.
        """
        try:
            return self._bring().install(data, roots, floor, known)
        finally:
            self._rest()

    def add_file(self, name, offset, chunk):
        """Takes a piece of a file that the staged bundle names; True where that put the bundle in force."""
        try:
            return self._bring().add_file(name, offset, chunk)
        finally:
            self._rest()

    def unstage(self):
        """Forgets a bundle that waits for its files; what is there of them stays."""
        self._bringing = None

    def awaited(self):
        """Bytes of files that a staged bundle still waits for."""
        return self._bringing.awaited() if self._bringing else 0

    def _bring(self):
        # asked for at boot and for the ground: in the air it need not be in RAM; kept while a bundle waits for files
        from .bringing import Bringing

        self._bringing = self._bringing or Bringing(self)
        return self._bringing

    def _rest(self):
        if self._bringing and not self._bringing.staged:
            self._bringing = None

    def activate(self, data, delegation, bundle):
        self.digest = hashlib.sha256(data).digest()
        self.bundle = InForce(delegation, bundle)
        self._issuers = {kid(entry[0]): entry for entry in bundle.issuers}
        self._ground = {kid(entry[0]): entry for entry in bundle.ground}
        self._currencies = {entry[0]: entry for entry in bundle.currencies}
        self.entries = {entry[0]: entry for entry in bundle.files or ()}

    def issuer(self, kid):
        """[public key, from, until, [[currency, per sale, total], ...]] or None."""
        return self._issuers.get(kid)

    def currency(self, number):
        """[number, exponent, caps, max sum] or None."""
        return self._currencies.get(number)

    def ground(self, kid, right, reading):
        """Public key of the ground key `kid` where it has `right` and is in its window, else None."""
        entry = self._ground.get(kid)
        if entry and entry[3] & right and in_window(entry[1], entry[2], reading):
            return entry[0]
        return None

    def run_out(self, reading):
        """Is the bundle, or the delegation behind it, past its time?"""
        return reading[0] > self.bundle.end

    def has(self, name):
        """Does a file of this name travel with the bundle?"""
        return name in self.entries

    def revoked(self, ident):
        """Is the pass (issuer kid, cti), 16 bytes, on the list of those that pay no more?"""
        return self._ask(REVOKED, lambda rows: rows.find(ident)) is not None

    def catalogue(self, sku, currency=None):
        """[sku, English name, Chinese name, unit price, currency] or None; without `currency` in the bundle's first."""
        number = currency or self.bundle.currencies[0][0]

        def item(rows):
            found = rows.find(item_key(number, sku))
            return read_item(found) if found else None

        return self._ask(CATALOGUE, item)

    def catalogue_page(self, currency, first, most):
        """Up to `most` items of this currency in the order of their skus, from the `first` (0) on."""

        def page(rows):
            start = rows.place(item_key(currency, 0)) + first
            end = min(start + most, rows.place(item_key(currency + 1, 0)))
            return [read_item(rows.at(i)) for i in range(start, end)]

        return self._ask(CATALOGUE, page) or []

    def crew_row(self, number):
        """What the crew file has of this crew member, or None."""
        return self._ask(CREW, lambda rows: rows.find(crew_key(number)))

    def crew_verifies(self, number, pin):
        """Is this the PIN of the crew member? Whoever asks limits how often: a few digits are soon tried."""
        found = self.crew_row(number)
        if not found or not pins.pin_form(pin):
            return False
        _, count, salt, expected = read_crew(found)
        before = seldom()
        try:
            return pins.verifier(number, pin, salt, count) == expected
        finally:
            often(before)

    def _ask(self, name, question):
        entry = self.entries.get(name)
        return self.shelf.ask(entry, question) if entry else None


def in_window(start, end, reading):
    """Is the clock's reading from `start` on and before `end`? Over a floor only the end can be judged: so much time
    has certainly passed."""
    time, quality, _ = reading
    return time < end and (quality == FLOOR or start <= time)
