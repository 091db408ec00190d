"""Receipts and evidence: the vectors' chain both ways, hashes that bind, every refusal."""

import hashlib

from cabinpay.wire import cbor
from cabinpay.wire.claims import CHALLENGED, QUICK
from cabinpay.wire.receipts import (
    BREAK,
    CLOSE,
    FIRST_PREVIOUS,
    NOTE,
    OPEN,
    SALE,
    VOID,
    Break,
    Close,
    Evidence,
    Note,
    Open,
    Receipt,
    Sale,
    Void,
    read_receipt,
)
from entries import check_refusals, claims, objects, octets, payload_of
from support import refusal

U32 = 0xFFFFFFFF


def test_receipts_both_ways():
    kinds = []
    for entry in objects("receipt"):
        payload = payload_of(entry)
        written = claims(entry["claims"])
        receipt = read_receipt(payload, cbor)
        assert receipt.KIND == receipt.kind == written[3]
        assert {field[0]: getattr(receipt, field[1]) for field in receipt.FIELDS} == written
        again = type(receipt)(**{field[1]: written[field[0]] for field in receipt.FIELDS})
        assert again.pack(cbor) == receipt.pack(cbor) == payload
        kinds.append(type(receipt))
    assert kinds == [Open, Sale, Sale, Void, Close, Note, Break]


def test_receipts_form_a_chain():
    previous, number = FIRST_PREVIOUS, 0
    assert previous == bytes(32)
    for entry in objects("receipt"):
        receipt = read_receipt(payload_of(entry), cbor)
        number = number + 1 if receipt.kind != BREAK else receipt.lost[1] + 1
        shift = 0 if receipt.kind in (NOTE, BREAK) else 1
        assert (receipt.number, receipt.previous, receipt.shift) == (number, previous, shift)
        previous = hashlib.sha256(octets(entry["encoded"])).digest()
        assert previous == octets(entry["sha256"])
    assert number == 9


def test_a_break_goes_on_above_whatever_was_lost():
    numbers = [read_receipt(payload_of(entry), cbor).number for entry in objects("receipt")]
    broken = [read_receipt(payload_of(e), cbor) for e in objects("receipt") if e["name"] == "receipt, break"].pop()
    assert (broken.good, broken.lost) == (numbers[-2], [numbers[-2] + 1, broken.number - 1])


def test_a_void_names_its_sale_by_the_whole_receipt():
    hashes = {entry["name"]: octets(entry["sha256"]) for entry in objects("receipt")}
    void = [read_receipt(payload_of(e), cbor) for e in objects("receipt") if e["name"] == "receipt, void"].pop()
    assert void.sale == hashes["receipt, sale, quick"] != void.previous


def test_evidence_both_ways():
    for entry in objects("Evidence"):
        data, written = octets(entry["encoded"]), claims(entry["claims"])
        evidence = Evidence.unpack(data, cbor)
        assert evidence.pack(cbor) == data
        assert Evidence(*written).pack(cbor) == data
        assert [evidence.signed_pass, evidence.payment, evidence.lines] == written[:3]
        assert evidence.nonce == (written[3] if len(written) == 4 else None)
        assert evidence.payment_hash(cbor) == octets(entry["payment_hash"])
        assert evidence.lines_hash(cbor) == octets(entry["lines_hash"])


def test_sales_are_bound_to_their_evidence():
    bound = []
    evidences = {e["name"].split()[-1]: Evidence.unpack(octets(e["encoded"]), cbor) for e in objects("Evidence")}
    for entry in objects("receipt"):
        sale = read_receipt(payload_of(entry), cbor)
        if sale.kind == SALE:
            evidence = evidences[entry["name"].split()[-1]]
            assert sale.payment_hash == evidence.payment_hash(cbor)
            assert sale.lines_hash == evidence.lines_hash(cbor)
            bound.append(sale.mode)
    assert bound == [QUICK, CHALLENGED]


def test_refusals():
    check_refusals("receipts.read_receipt", lambda entry: read_receipt(octets(entry["input"]), cbor))
    check_refusals("Evidence.unpack", lambda entry: Evidence.unpack(octets(entry["input"]), cbor))


def head(kind, **more):
    values = {"number": 1, "previous": bytes(32), "kind": kind, "time": 0, "quality": [1, 0], "shift": 1}
    values.update(more)
    return values


SALE_LEAST = head(SALE, mode=1, amount=[1, 1], payment_hash=bytes(16), lines_hash=bytes(16))
OPEN_LEAST = head(OPEN, crew="1", flight=["XC", 1, 0], aircraft="", agent="0", bundle=1)
CLOSE_LEAST = head(CLOSE, covers=[1, 1], sums=[])
VOID_LEAST = head(VOID, sale=bytes(32), reason=1)
BREAK_LEAST = head(BREAK, shift=0, good=0, lost=[1, 1])
NOTE_LEAST = head(NOTE, shift=0, event=1, detail="")
EVERY = (
    (Sale, SALE_LEAST),
    (Void, VOID_LEAST),
    (Open, OPEN_LEAST),
    (Close, CLOSE_LEAST),
    (Break, BREAK_LEAST),
    (Note, NOTE_LEAST),
)


def takes(form, least, **changed):
    values = dict(least)
    values.update(changed)
    receipt = form(**values)
    if refusal(receipt.pack, cbor) is not None:
        return False
    payload = receipt.pack(cbor)
    return refusal(read_receipt, payload, cbor) is None and read_receipt(payload, cbor).pack(cbor) == payload


def test_ends_of_every_range():
    for form, least in EVERY:
        assert takes(form, least), form
    most = {"number": U32, "previous": b"\xff" * 32, "time": 1 << 40, "quality": [3, 1 << 40], "shift": U32}
    assert takes(Sale, SALE_LEAST, mode=3, amount=[U32, 999], **most)
    assert takes(Open, OPEN_LEAST, crew="~" * 16, flight=["9Z", 9999, 65535], aircraft=" " * 10, agent="a" * 16, **most)
    assert takes(Close, CLOSE_LEAST, covers=[U32, U32], sums=[[999, 6, U32, 1 << 40]] * 32, **most)
    assert takes(Void, VOID_LEAST, sale=b"\xff" * 32, reason=4, **most)
    assert takes(Break, BREAK_LEAST, good=U32, lost=[U32, U32], **most)
    assert takes(Note, NOTE_LEAST, event=4, detail="~" * 64, **most)


def test_beyond_the_ends_is_not_written():
    for wrong in (
        {"number": 0}, {"number": U32 + 1}, {"time": (1 << 40) + 1}, {"previous": b""}, {"quality": [0, 0]},
        {"quality": [4, 0]}, {"shift": 0}, {"mode": 0}, {"mode": 4}, {"amount": [0, 1]}, {"kind": 7},
    ):  # fmt: skip
        assert not takes(Sale, SALE_LEAST, **wrong), wrong
    for wrong in ({"crew": ""}, {"crew": "1" * 17}, {"crew": "\n"}, {"crew": "\x7f"}, {"aircraft": "D" * 11}):
        assert not takes(Open, OPEN_LEAST, **wrong), wrong
    for wrong in ({"covers": [0, 1]}, {"sums": [[1, 1, 1, 1]] * 33}, {"sums": [[1, 1, 0, 1]]}):
        assert not takes(Close, CLOSE_LEAST, **wrong), wrong
    for wrong in ({"sale": bytes(31)}, {"reason": 0}, {"reason": 5}, {"reason": True}, {"shift": 0}):
        assert not takes(Void, VOID_LEAST, **wrong), wrong
    for wrong in ({"good": -1}, {"lost": [0, 1]}, {"lost": [2, 1]}, {"lost": [1, U32 + 1]}, {"lost": None}):
        assert not takes(Break, BREAK_LEAST, **wrong), wrong
    for wrong in ({"event": 0}, {"event": 5}, {"detail": "~" * 65}, {"detail": "\n"}, {"shift": -1}):
        assert not takes(Note, NOTE_LEAST, **wrong), wrong


def test_a_receipt_of_one_kind_is_never_written_nor_read_as_another():
    for form, least in EVERY:
        for other in (0, SALE, VOID, OPEN, CLOSE, BREAK, NOTE, 7, None, True, float(form.KIND)):
            receipt = form(**dict(least, kind=other))
            written = refusal(receipt.pack, cbor) is None
            assert written == (type(other) is int and other == form.KIND), (form, other)


def test_every_receipt_has_the_same_head():
    for form, _ in EVERY:
        shared = [field[:2] for field in form.FIELDS[: len(Receipt.FIELDS)]]
        assert shared == [field[:2] for field in Receipt.FIELDS]
        assert form.FIELDS[:5] == Receipt.FIELDS[:5]
