"""Records and segments of the journal; JOURNAL.md has their layout byte by byte."""

import binascii
import struct

RECEIPT, ACK, TIME, PURGE = 1, 2, 3, 4

SEGMENT_MAGIC = b"CPS2"
_SEGMENT = ">4sIII"
SEGMENT_HEADER = struct.calcsize(_SEGMENT) + 4
RECORD_MAGIC = b"CPR2"
_HEAD = ">4sBBHHHIQ8s8sIII"
# with the checksum of its own: a length that flipped must not make a record look like one that was cut off
HEAD_SIZE = struct.calcsize(_HEAD) + 4
# bytes of a head before its type, and before its number
_TYPE, _NUMBER = struct.calcsize(_HEAD[:3]), struct.calcsize(_HEAD[:8])
# a receipt is about 190 bytes, evidence with 24 lines under 700; whatever is stored must fit a reply of the link
MAX_RECORD = 1236

NO_SPEND = (bytes(8), bytes(8), 0, 0, 0, 0)
# When an ack came is known only over a synced clock
NO_TIME = 0xFFFFFFFF
_PIECE = 512
# what is being read or written: a boot reads a thousand, and what each leaves behind would have to be collected
_buffer = bytearray(MAX_RECORD)
_view = memoryview(_buffer)
_head = _view[:HEAD_SIZE]


class Record:
    """One record as read; spend: (issuer kid, cti, seq, amount, expiry, currency). In the place of expiry a void has
    the number of the sale that it cancels, a break its last good number, an ack the time at which it came."""

    def __init__(self, type_, kind, number, floor, spend, signed, evidence=b""):
        self.type = type_
        self.kind = kind
        self.number = number
        self.floor = floor
        self.spend = spend
        self.signed = signed
        self.evidence = evidence


def ack(number, time, statement):
    """The record of an ack up to `number` that came at `time`, Unix seconds or NO_TIME."""
    return Record(ACK, 0, number, 0, in_expiry(min(time, NO_TIME)), statement)


def in_expiry(value):
    """Spend fields that are empty but for the last one."""
    return NO_SPEND[:4] + (value, 0)


def break_good(record):
    """Last good number of a break."""
    return record.spend[4]


def segment_header(ordinal, before, high):
    """before: highest number of any receipt before it; high: the high-water number from then on."""
    body = struct.pack(_SEGMENT, SEGMENT_MAGIC, ordinal, before, high)
    return body + binascii.crc32(body).to_bytes(4, "big")


def read_header(data, ordinal):
    """(before, high) of segment `ordinal`, or None where these bytes are not its header."""
    if len(data) < SEGMENT_HEADER or binascii.crc32(data[:-4]) != int.from_bytes(data[-4:], "big"):
        return None
    magic, named, before, high = struct.unpack(_SEGMENT, data[:-4])
    return (before, high) if (magic, named) == (SEGMENT_MAGIC, ordinal) else None


def packed_size(record):
    """Bytes of `record`; ValueError where they would be too many."""
    size = HEAD_SIZE + len(record.signed) + len(record.evidence) + 4
    if size > MAX_RECORD:
        raise ValueError("record of %d bytes" % size)
    return size


def pack(record):
    """The bytes of `record`, good until the next one is packed or read; ValueError where they would be too many."""
    a, b = len(record.signed), len(record.evidence)
    size = packed_size(record) - 4
    k, cti, seq, amount, expiry, currency = record.spend
    struct.pack_into(
        _HEAD, _buffer, 0, RECORD_MAGIC, record.type, record.kind, a, b, currency, record.number, record.floor, k, cti,
        seq, amount, expiry,
    )  # fmt: skip
    struct.pack_into(">I", _buffer, HEAD_SIZE - 4, binascii.crc32(_view[: HEAD_SIZE - 4]))
    _buffer[HEAD_SIZE : HEAD_SIZE + a] = record.signed
    _buffer[HEAD_SIZE + a : size] = record.evidence
    struct.pack_into(">I", _buffer, size, binascii.crc32(_view[:size]))
    return _view[: size + 4]


def read(f, evidence=True, into=None):
    """The next record of open segment `f`; None at its end, be it within a record whose write was cut off.
    ValueError for anything else: it was whole once and is damaged now. evidence: is it wanted, too? into: a Record
    that is made this one, where nobody needs it beyond the next."""
    if f.readinto(_head) < HEAD_SIZE:
        return None
    magic, type_, kind, a, b, currency, number, floor, k, cti, seq, amount, expiry = struct.unpack_from(_HEAD, _buffer)
    end = HEAD_SIZE + a + b
    if magic != RECORD_MAGIC or end + 4 > MAX_RECORD:
        raise ValueError("no record")
    cut_off = f.readinto(_view[HEAD_SIZE : end + 4]) < a + b + 4
    if cut_off or binascii.crc32(_view[:end]) != struct.unpack_from(">I", _buffer, end)[0]:
        # the head's own checksum tells a length that flipped from a write that was cut off
        at = HEAD_SIZE - 4
        if cut_off and binascii.crc32(_view[:at]) == struct.unpack_from(">I", _buffer, at)[0]:
            return None
        raise ValueError("record is damaged")
    signed = bytes(_view[HEAD_SIZE : HEAD_SIZE + a])
    rest = bytes(_view[HEAD_SIZE + a : end]) if evidence else b""
    spend = k, cti, seq, amount, expiry, currency
    if into is None:
        return Record(type_, kind, number, floor, spend, signed, rest)
    into.__init__(type_, kind, number, floor, spend, signed, rest)
    return into


def receipt_at(block, at):
    """The number of the receipt whose record begins there; 0 where that is another record, -1 where it is no head of
    one that is whole."""
    if at + HEAD_SIZE > len(block):
        return -1
    head = memoryview(block)[at : at + HEAD_SIZE - 4]
    if binascii.crc32(head) != struct.unpack_from(">I", block, at + HEAD_SIZE - 4)[0]:
        return -1
    return struct.unpack_from(">I", block, at + _NUMBER)[0] if block[at + _TYPE] == RECEIPT else 0


def read_all(f, evidence=True, into=None):
    """Every record of open segment `f` that is whole; None for each stretch between them that is damaged."""
    at = f.tell()
    while True:
        try:
            record = read(f, evidence, into)
        except ValueError:
            yield None
            if not _to_magic(f, at + 1):
                return
            at = f.tell()
            continue
        if record is None:
            return
        at = f.tell()
        yield record


def _to_magic(f, at):
    """Moves `f` to the next place from `at` on where a record may begin."""
    f.seek(at)
    data = b""
    while True:
        piece = f.read(_PIECE)
        if not piece:
            return False
        data += piece
        found = data.find(RECORD_MAGIC)
        if found >= 0:
            f.seek(at + found)
            return True
        at += max(0, len(data) - 3)
        data = data[-3:]
