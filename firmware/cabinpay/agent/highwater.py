"""The high-water number, above which no receipt was ever numbered: a small file in the root, replaced whole, so that it
does not share the journal's fate. Every segment's header and the snapshot say it too."""

import struct

from .files import read_whole, write_whole

NAME = "high"
_FORM = ">III"


def load(files):
    """(high, ordinal of the last segment, number of the last receipt when this was written), zeros where there is
    none; ValueError where it is damaged."""
    body = read_whole(files, NAME)
    if body is None:
        return 0, 0, 0
    if len(body) != struct.calcsize(_FORM):
        raise ValueError(NAME + " is damaged")
    return struct.unpack(_FORM, body)


def store(files, high, ordinal, number):
    write_whole(files, NAME, struct.pack(_FORM, high, ordinal, number))
