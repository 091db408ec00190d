"""What the terminal knows beyond the receipts that it still holds: made durable before any of them are freed, one file
replaced whole. JOURNAL.md has it byte by byte."""

import binascii
import struct

from cabinpay.wire.schema import MAX_TIME, U32, array, integer, listed, octets, row

from .spend import ENTRY_SIZE

NAME = "snapshot"
MAGIC = b"CPN1"
MAX_HEAD = 1024
_PIECE = 512

_number = integer(0, U32)
_time = integer(0, MAX_TIME)
_sum = integer(-MAX_TIME, MAX_TIME)


def _head(v):
    return isinstance(v, bytes) and len(v) in (0, 32)


def _last_sale(v):
    return v == [] or row(_number, _number, _number)(v)


_journal = row(_number, _number, _number, _head, _number, _number, _number)
_chain = row(
    _number,
    lambda v: v == b"" or octets(1, 400)(v),
    listed(row(_number, _number, _number, _time), 0, 64),
    _last_sale,
    integer(0, 1),
    _time,
)
_terminal = row(_time, _number, _number, listed(row(_number, _sum), 0, 16))
_form = row(_journal, _chain, _terminal)


def save(files, codec, state, spend):
    """Makes durable `state`, [what the journal, the chain and the terminal say], and all of the spend table."""
    head = codec.encode(state)
    if len(head) > MAX_HEAD:
        raise ValueError("snapshot head of %d bytes" % len(head))
    with files.open(NAME + ".new", "wb") as f:
        crc = _written(f, MAGIC + struct.pack(">HH", len(head), spend.used) + head, 0)
        for entry in spend.entries():
            crc = _written(f, entry, crc)
        f.write(crc.to_bytes(4, "big"))
    files.rename(NAME + ".new", NAME)


def load(files, codec, spend):
    """Fills an empty spend table and returns the rest, as it was saved; None where there is none. ValueError where it
    is damaged, and then the table is empty still."""
    if not files.exists(NAME):
        return None
    with files.open(NAME, "rb") as f:
        _check(f)
        f.seek(4)
        length, count = struct.unpack(">HH", f.read(4))
        state = array(f.read(length), _form, codec)
        for _ in range(count):
            spend.put(f.read(ENTRY_SIZE))
    return state


def set_aside(files):
    """Keeps a damaged snapshot where nothing reads it."""
    files.rename(NAME, NAME + ".bad")


def _written(f, data, crc):
    f.write(data)
    return binascii.crc32(data, crc)


def _check(f):
    """ValueError unless the checksum holds, without ever holding all of it."""
    left = f.seek(0, 2) - 4
    f.seek(0)
    if left < 8 or f.read(4) != MAGIC:
        raise ValueError("snapshot is damaged")
    crc = binascii.crc32(MAGIC)
    left -= 4
    while left:
        piece = f.read(min(left, _PIECE))
        crc = binascii.crc32(piece, crc)
        left -= len(piece)
        if not piece:
            break
    if f.read(4) != crc.to_bytes(4, "big"):
        raise ValueError("snapshot is damaged")
