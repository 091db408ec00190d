"""How a trust bundle and its files come into force: at boot, and from the ground. In the air its code need not be in
RAM."""

import hashlib

from cabinpay.wire.trust import open_bundle

from .delivery import Delivery
from .errors import Refused
from .files import read_whole, write_whole
from .trust import NAME


class Bringing:
    """What Trust's methods of these names say. staged: (its bytes, delegation, bundle) of one that waits for files, or
    None; pieces of them are in RAM."""

    def __init__(self, trust):
        self._trust = trust
        self._delivery = Delivery(trust.shelf)
        self.staged = None

    def load(self, roots):
        data = read_whole(self._trust.files, NAME)
        if data is None:
            return
        delegation, bundle = self._opened(data, roots)
        if self._delivery.missing(bundle.files or ()):
            raise ValueError("a file of the bundle is damaged")
        self._trust.activate(data, delegation, bundle)

    def install(self, data, roots, floor, known):
        delegation, bundle = self._opened(data, roots)
        self._judge(data, delegation, bundle, floor, known)
        if self._same_version(bundle):
            return []  # the same again: anybody may send it, and flash wears
        missing = self._delivery.missing(bundle.files or ())
        if missing:
            self.staged = (data, delegation, bundle)
            self._delivery.keep((bundle.files or []) + list(self._trust.entries.values()))
            return missing
        self._put_in_force(data, delegation, bundle)
        return missing

    def add_file(self, name, offset, chunk):
        data, delegation, bundle = self.staged or (b"", None, None)
        for entry in (bundle and bundle.files) or ():
            if entry[0] == name:
                if not self._delivery.add(entry, offset, chunk) or self._delivery.missing(bundle.files):
                    return False
                self._put_in_force(data, delegation, bundle)
                return True
        raise Refused("file_unknown", "No bundle that waits for this file. Send the bundle first.")

    def awaited(self):
        return sum([self._delivery.lacks(entry) for entry in self.staged[2].files]) if self.staged else 0

    def _opened(self, data, roots):
        return open_bundle(data, roots, self._trust.verify, self._trust.codec)

    def _judge(self, data, delegation, bundle, floor, known):
        if min(delegation.not_after, bundle.not_after) < floor:
            raise Refused("bundle_expired", "This bundle has run out: make a new one.")
        if bundle.issued > bundle.not_after or bundle.issued >= delegation.not_after:
            raise Refused("bundle_window", "This bundle ends before it begins: make a new one.")
        if bundle.version < known or self._older(delegation, bundle):
            raise Refused("bundle_older", "The terminal holds a newer bundle.")
        if self._same_version(bundle) and hashlib.sha256(data).digest() != self._trust.digest:
            raise Refused("bundle_version", "Another bundle has this version: raise it.")

    def _older(self, delegation, bundle):
        present = self._trust.bundle
        return present and (bundle.version < present.version or delegation.serial < present.serial)

    def _same_version(self, bundle):
        return self._trust.bundle and bundle.version == self._trust.bundle.version

    def _put_in_force(self, data, delegation, bundle):
        write_whole(self._trust.files, NAME, data)
        self.staged = None
        self._trust.activate(data, delegation, bundle)
        try:
            self._delivery.keep(bundle.files or [])
        except OSError:
            pass  # the bundle is in force; what is left of the old one is freed with the next
