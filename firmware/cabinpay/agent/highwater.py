"""The high-water number, above which no receipt was ever numbered, and how far the journal had come: a small file in
the root, which does not share the journal's fate. Every segment's header and the snapshot say the number too."""

import struct

from .files import read_whole, sealed, write_whole

NAME = "high"
_FORM = ">IIII"


def load(files):
    """(high, ordinal of the last segment, number of the last receipt, bytes of that segment), zeros where there is
    none; ValueError where it is damaged."""
    body = read_whole(files, NAME)
    if body is None:
        return 0, 0, 0, 0
    if len(body) != struct.calcsize(_FORM):
        raise ValueError(NAME + " is damaged")
    return struct.unpack(_FORM, body)


def store(files, high, ordinal, number, size):
    body = struct.pack(_FORM, high, ordinal, number, size)
    if not files.exists(NAME):
        write_whole(files, NAME, body)
        return
    # so short a file lies in its directory, and littlefs replaces it in one commit: a rename takes three
    with files.open(NAME, "wb") as f:
        f.write(sealed(body))
