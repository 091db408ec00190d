"""The trust bundle that the terminal works by: kept as signed, checked again at every boot."""

import hashlib

from cabinpay.wire.keys import kid
from cabinpay.wire.receipts import FLOOR
from cabinpay.wire.trust import open_bundle

from .errors import Refused
from .files import read_whole, write_whole

NAME = "bundle"


class Trust:
    def __init__(self, files, codec, verify):
        self._files = files
        self._codec = codec
        self._verify = verify
        self.bundle = None
        self._delegation = None
        self._digest = b""
        self._issuers = {}
        self._ground = {}
        self._currencies = {}

    def load(self, roots):
        """Activates the stored bundle, if there is one; ValueError where it is damaged."""
        data = read_whole(self._files, NAME)
        if data is not None:
            self._activate(data, *open_bundle(data, roots, self._verify, self._codec))

    def install(self, data, roots, floor, known=0):
        """Stores and activates `data`; WireError or Refused leaves the present bundle in force.

        floor: Unix seconds that have passed; known: highest version that a shift was opened under, for a damaged file
        must not let an older bundle in.
        """
        delegation, bundle = open_bundle(data, roots, self._verify, self._codec)
        if min(delegation.not_after, bundle.not_after) < floor:
            raise Refused("bundle_expired", "This bundle has run out: make a new one.")
        if bundle.issued > bundle.not_after or bundle.issued >= delegation.not_after:
            raise Refused("bundle_window", "This bundle ends before it begins: make a new one.")
        if bundle.version < known or (self.bundle and self._older(delegation, bundle)):
            raise Refused("bundle_older", "The terminal holds a newer bundle.")
        if self.bundle and bundle.version == self.bundle.version:
            if hashlib.sha256(data).digest() != self._digest:
                raise Refused("bundle_version", "Another bundle has this version: raise it.")
            return  # the same again: anybody may send it, and flash wears
        write_whole(self._files, NAME, data)
        self._activate(data, delegation, bundle)

    def _older(self, delegation, bundle):
        return bundle.version < self.bundle.version or delegation.serial < self._delegation.serial

    def _activate(self, data, delegation, bundle):
        self._digest = hashlib.sha256(data).digest()
        self._delegation = delegation
        self.bundle = bundle
        self._issuers = {kid(entry[0]): entry for entry in bundle.issuers}
        self._ground = {kid(entry[0]): entry for entry in bundle.ground}
        self._currencies = {entry[0]: entry for entry in bundle.currencies}

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
        return reading[0] > min(self.bundle.not_after, self._delegation.not_after)


def in_window(start, end, reading):
    """Is the clock's reading from `start` on and before `end`? Over a floor only the end can be judged: so much time
    has certainly passed."""
    time, quality, _ = reading
    return time < end and (quality == FLOOR or start <= time)
