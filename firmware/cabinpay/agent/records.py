"""Records and segments of the journal, byte by byte; all numbers big-endian.

Segment: a header, then records, appended and never overwritten.
    header  magic "CPS1", ordinal u32, CRC-32 of those 8 bytes u32
Record: fixed fields that boot needs without decoding CBOR, the signed bytes, the evidence, CRC-32 of all before.
    magic "CPR1", type u8, receipt kind u8, length of signed bytes u16, length of evidence u16, currency u16,
    number u32, floor u64, issuer kid 8, cti 8, seq u32, amount u32, pass expiry u32
Types: RECEIPT (number: its own), ACK (signed bytes: the ack, number: what it covers), TIME (signed bytes: the ground's
time statement). Floor: Unix seconds that have certainly passed (a TIME, a receipt over a synced clock), else 0.
Currency, issuer kid to pass expiry: a sale's. In a void: those of the sale that it cancels (amount: what it gives
back), with the number of that sale in the place of the pass expiry. Else zero.
"""

import binascii
import struct

RECEIPT, ACK, TIME = 1, 2, 3

SEGMENT_MAGIC = b"CPS1"
SEGMENT_HEADER = 12
RECORD_MAGIC = b"CPR1"
_HEAD = ">4sBBHHHIQ8s8sIII"
HEAD_SIZE = struct.calcsize(_HEAD)
# a receipt is about 190 bytes, evidence with 24 lines under 700; whatever is stored must fit a reply of the link
MAX_RECORD = 1232

NO_SPEND = (bytes(8), bytes(8), 0, 0, 0, 0)


class Record:
    """One record as read; spend: (issuer kid, cti, seq, amount, expiry, currency); a void has the number of the sale
    that it cancels in the place of expiry."""

    def __init__(self, type_, kind, number, floor, spend, signed, evidence=b""):
        self.type = type_
        self.kind = kind
        self.number = number
        self.floor = floor
        self.spend = spend
        self.signed = signed
        self.evidence = evidence


def segment_header(ordinal):
    body = SEGMENT_MAGIC + ordinal.to_bytes(4, "big")
    return body + binascii.crc32(body).to_bytes(4, "big")


def pack(buffer, record):
    """Writes `record` into `buffer` (MAX_RECORD bytes) and returns its length; ValueError where it does not fit."""
    a, b = len(record.signed), len(record.evidence)
    size = HEAD_SIZE + a + b
    if size + 4 > MAX_RECORD:
        raise ValueError("record of %d bytes" % (size + 4))
    k, cti, seq, amount, expiry, currency = record.spend
    struct.pack_into(
        _HEAD, buffer, 0, RECORD_MAGIC, record.type, record.kind, a, b, currency, record.number, record.floor, k, cti,
        seq, amount, expiry,
    )  # fmt: skip
    buffer[HEAD_SIZE : HEAD_SIZE + a] = record.signed
    buffer[HEAD_SIZE + a : size] = record.evidence
    struct.pack_into(">I", buffer, size, binascii.crc32(memoryview(buffer)[:size]))
    return size + 4


def read(f):
    """The next record of open segment `f`; None at its end, be it within a record whose write was cut off.
    ValueError for anything else: it was whole once and is damaged now."""
    head = f.read(HEAD_SIZE)
    if len(head) < HEAD_SIZE:
        return None
    magic, type_, kind, a, b, currency, number, floor, k, cti, seq, amount, expiry = struct.unpack(_HEAD, head)
    if magic != RECORD_MAGIC or HEAD_SIZE + a + b + 4 > MAX_RECORD:
        raise ValueError("no record")
    body = f.read(a + b + 4)
    if len(body) < a + b + 4 and RECORD_MAGIC not in body:
        return None
    if len(body) < a + b + 4 or binascii.crc32(body[:-4], binascii.crc32(head)) != int.from_bytes(body[-4:], "big"):
        raise ValueError("record is damaged")
    return Record(type_, kind, number, floor, (k, cti, seq, amount, expiry, currency), body[:a], body[a : a + b])
