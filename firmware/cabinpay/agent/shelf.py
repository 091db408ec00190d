"""The files that travel with trust bundles, kept under their hashes: those of the bundle in force and of the one on its
way lie side by side, none is ever changed, and the bundle's own rename is all that activates them."""

import binascii

from cabinpay.wire.files import Rows

from .errors import StorageError

FOLDER = "trust"


class Shelf:
    """An entry is a bundle's [name, length, SHA-256]."""

    def __init__(self, files):
        self.files = files

    def ask(self, entry, question):
        """question(Rows of this file); StorageError where the flash does not give it."""
        try:
            return self.asked(path(entry), entry, question)
        except (OSError, ValueError):
            raise StorageError()

    def asked(self, path, entry, question):
        with self.files.open(path, "rb") as f:

            def read(at, size):
                f.seek(at)
                return f.read(size)

            return question(Rows(entry[0], entry[1], read))


def stem(entry):
    return str(binascii.hexlify(entry[2][:16]), "ascii")


def path(entry):
    return FOLDER + "/" + stem(entry)
