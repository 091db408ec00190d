import binascii
import io

from cabinpay.agent import records
from support import refusal
from world import some

SPEND = (b"issuer k", b"the cti ", 0xFFFFFFFF, 1200, 1786700000, 978)


def record(signed=b"signed", evidence=b"evidence", spend=SPEND, floor=1 << 40):
    return records.Record(records.RECEIPT, 1, 7, floor, spend, signed, evidence)


def packed(value):
    return bytes(records.pack(value))


def fields(value):
    return (value.type, value.kind, value.number, value.floor, value.spend, value.signed, value.evidence)


def outcome(data):
    """What reading these bytes gives: "record", "end" or "damaged"."""
    try:
        return "end" if records.read(io.BytesIO(data)) is None else "record"
    except ValueError:
        return "damaged"


def test_what_is_written_is_read():
    for value in (
        record(),
        record(b"", b""),
        record(some("a", 32) * 6, some("b", 32) * 20),
        records.Record(records.ACK, 0, 0xFFFFFFFF, 0, records.NO_SPEND, b"ack"),
        records.Record(records.TIME, 0, 0, 1786700000, records.NO_SPEND, b"time"),
    ):
        data = packed(value)
        assert len(data) == records.HEAD_SIZE + len(value.signed) + len(value.evidence) + 4
        assert fields(records.read(io.BytesIO(data))) == fields(value)


def test_the_layout_is_as_written_down():
    data = packed(record(b"S", b"E"))
    assert data[:4] == b"CPR2" and data[4:12] == bytes((1, 1, 0, 1, 0, 1, 978 >> 8, 978 & 255))
    assert data[12:16] == bytes((0, 0, 0, 7)) and data[16:24] == (1 << 40).to_bytes(8, "big")
    assert data[24:40] == b"issuer kthe cti " and data[40:44] == b"\xff\xff\xff\xff"
    assert data[44:48] == (1200).to_bytes(4, "big") and data[48:52] == (1786700000).to_bytes(4, "big")
    assert data[52:56] == binascii.crc32(data[:52]).to_bytes(4, "big") and records.HEAD_SIZE == 56
    assert data[56:58] == b"SE" and data[58:] == binascii.crc32(data[:58]).to_bytes(4, "big")
    header = records.segment_header(258, 7, 135)
    assert header[:16] == b"CPS2" + bytes((0, 0, 1, 2)) + bytes((0, 0, 0, 7)) + bytes((0, 0, 0, 135))
    assert header[16:] == binascii.crc32(header[:16]).to_bytes(4, "big") and len(header) == records.SEGMENT_HEADER


def test_records_follow_one_another():
    f = io.BytesIO(packed(record(b"one")) + packed(record(b"two")))
    assert [records.read(f).signed, records.read(f).signed, records.read(f)] == [b"one", b"two", None]


def test_the_largest_record():
    room = records.MAX_RECORD - records.HEAD_SIZE - 4
    assert outcome(packed(record(b"s" * room, b""))) == "record"
    assert refusal(records.pack, record(b"s" * room, b"e")) == "ValueError"


def test_every_truncation_is_an_end_and_no_record():
    data = packed(record())
    for size in range(len(data)):
        assert outcome(data[:size]) == "end", size


def test_every_changed_byte_is_refused():
    data = packed(record())
    for at in range(len(data)):
        for bits in (1, 0x80, 0xFF):
            damaged = data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]
            assert outcome(damaged) != "record", at
            # nothing is taken for a write that was cut off, whether or not more lies behind it
            assert outcome(damaged) == outcome(damaged + data) == "damaged", at


def test_a_damaged_length_asks_for_no_more_than_a_record():
    asked = []

    class Asked:
        data = packed(record(b"s" * 0xFF, b""))[: records.HEAD_SIZE]

        def readinto(self, buffer):
            asked.append(len(buffer))
            data, self.data = self.data[: len(buffer)], self.data[len(buffer) :]
            buffer[: len(data)] = data
            return len(data)

    f = Asked()
    f.data = f.data[:6] + b"\xff\xff\xff\xff" + f.data[10:]
    assert refusal(records.read, f) == "ValueError" and max(asked) <= records.MAX_RECORD


def test_what_is_no_record_is_damage():
    for data in (b"\xff" * 200, bytes(200), b"CPS2" + bytes(60)):
        assert outcome(data) == "damaged"
