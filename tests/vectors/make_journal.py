"""Makes journal.json from its written-down form alone (firmware/cabinpay/agent/JOURNAL.md): what lies on the flash."""

import json
import struct
import zlib
from pathlib import Path

import cbor2

HERE = Path(__file__).resolve().parent
Entry = dict[str, object]


def sealed(data: bytes) -> bytes:
    return data + zlib.crc32(data).to_bytes(4, "big")


def header(ordinal: int, before: int, high: int) -> Entry:
    data = sealed(b"CPS2" + struct.pack(">III", ordinal, before, high))
    return {"form": "segment", "ordinal": ordinal, "before": before, "high": high, "encoded": data.hex()}


def record(
    name: str, *, type: int, kind: int = 0, number: int = 0, floor: int = 0, signed: str, **more: object
) -> Entry:
    said = {"kid": "00" * 8, "cti": "00" * 8, "seq": 0, "amount": 0, "expiry": 0, "currency": 0, "evidence": "", **more}
    body, proof = bytes.fromhex(signed), bytes.fromhex(str(said["evidence"]))
    head = struct.pack(">4sBBHHHIQ", b"CPR2", type, kind, len(body), len(proof), said["currency"], number, floor)
    head += bytes.fromhex(str(said["kid"]) + str(said["cti"]))
    head = sealed(head + struct.pack(">III", said["seq"], said["amount"], said["expiry"]))
    fields = {"type": type, "kind": kind, "number": number, "floor": floor, "signed": signed, **said}
    return {"form": "record", "name": name, **fields, "encoded": sealed(head + body + proof).hex()}


def records() -> list[Entry]:
    sold = {"kid": "11" * 8, "cti": "22" * 8, "amount": 1200, "currency": 978}
    return [
        record("sale", type=1, kind=1, number=2, floor=1786694400, signed="aabb", evidence="cc", seq=7,
               expiry=1786780800, **sold),
        record("void", type=1, kind=2, number=3, signed="aabbcc", seq=7, expiry=2, **sold),
        record("open", type=1, kind=3, number=1, signed="dd" * 200),
        record("break", type=1, kind=5, number=130, signed="ee", expiry=2),
        record("ack", type=2, number=3, signed="ff", expiry=1786694400),
        record("ack over another clock", type=2, number=3, signed="ff", expiry=0xFFFFFFFF),
        record("time", type=3, floor=1 << 40, signed="0102"),
        record("purge", type=4, floor=1786694400, signed=""),
    ]  # fmt: skip


def damaged() -> list[Entry]:
    """reads: what a reader makes of it, by itself: end (cut off while it was written) or damaged."""
    whole = bytes.fromhex(str(records()[0]["encoded"]))
    longer = whole[:7] + bytes([whole[7] ^ 0x40]) + whole[8:]
    cases = [
        ("cut off in its head", whole[:55], "end"),
        ("cut off in its body", whole[:-1], "end"),
        ("a length that flipped", longer, "damaged"),
        ("a flipped bit of the signed bytes", whole[:56] + b"\xab" + whole[57:], "damaged"),
        ("another magic", b"CPR1" + whole[4:], "damaged"),
    ]
    return [{"form": "damaged", "name": name, "encoded": data.hex(), "reads": reads} for name, data, reads in cases]


def small_files() -> list[Entry]:
    high = struct.pack(">IIII", 129, 1, 2, 1204)
    state = [[2, 1, 5, bytes(range(32)), 9, 5, 133], [7, b"\xa0", [[978, 1, 4, 4800]], [9, 1200, 978], 0, 0],
             [1786694400, 4, 0, [[978, 4800]]]]  # fmt: skip
    head = cbor2.dumps(state, canonical=True)
    spent = struct.pack(">8s8sIIIBB2x", b"\x11" * 8, b"\x22" * 8, 7, 4800, 1786780800, 4, 1)
    snapshot = sealed(b"CPN1" + struct.pack(">HH", len(head), 1) + head + spent)
    return [
        {"form": "high", "numbers": [129, 1, 2, 1204], "encoded": (b"CPF1" + sealed(high)[-4:] + high).hex()},
        {"form": "snapshot", "head": head.hex(), "passes": [spent.hex()], "encoded": snapshot.hex()},
    ]


def make() -> str:
    entries = [header(1, 0, 129), header(258, 70000, 70128), *records(), *damaged(), *small_files()]
    return '{\n"journal": [\n' + ",\n".join(json.dumps(entry) for entry in entries) + "\n]\n}\n"


if __name__ == "__main__":
    (HERE / "journal.json").write_text(make())
