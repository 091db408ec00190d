"""Pass, payment, bill and lines: vectors both ways, every refusal, and what each field allows at its ends."""

import hashlib

from cabinpay.wire import cbor
from cabinpay.wire.claims import (
    BOUND,
    CHALLENGED,
    MAX_LINES,
    QUICK,
    SKU_DISCOUNT,
    SKU_TIP,
    Bill,
    Pass,
    Payment,
    cnf,
    lines_form,
    lines_hash,
    lines_total,
)
from entries import check_refusals, claims, named, objects, octets, payload_of, public_keys, section
from support import refusal

U32 = 0xFFFFFFFF
LEAST = {"sub": " " * 8, "aud": "0A", "exp": 0, "nbf": 0, "cti": bytes(8), "cnf": cnf(bytes(32))}
LEAST["limits"] = [1, 1, 1, 1]


def check_record(kind, entry, optional):
    payload = payload_of(entry)
    written = claims(entry["claims"])
    record = kind.unpack(payload, cbor)
    for field in kind.FIELDS:
        assert getattr(record, field[1]) == written.get(field[0]), field[1]
    assert record.pack(cbor) == payload
    values = {field[1]: written[field[0]] for field in kind.FIELDS if field[0] in written}
    assert kind(**values).pack(cbor) == payload
    for name in values:
        without = kind(**{key: values[key] for key in values if key != name})
        assert (refusal(without.pack, cbor) is None) == (name in optional), name
    return record


def test_passes_both_ways():
    device = public_keys()["device"]
    for entry in objects("Pass"):
        assert check_record(Pass, entry, ("flight",)).device_key() == device


def test_payments_both_ways():
    modes = [check_record(Payment, entry, ("terms", "challenge")).mode() for entry in objects("Payment")]
    assert modes == [QUICK, BOUND, CHALLENGED]


def test_bill_both_ways():
    for entry in objects("Bill"):
        bill = Bill(*claims(entry["claims"]))
        assert bill.pack(cbor) == octets(entry["encoded"])
        assert bill.challenge(cbor) == octets(entry["challenge"])
        assert Bill.FORM(cbor.decode(octets(entry["encoded"])))


def test_challenged_payment_answers_the_bill_and_bound_names_the_order():
    bill = named("bill")
    _, bound, challenged = [Payment.unpack(payload_of(entry), cbor) for entry in objects("Payment")]
    assert challenged.challenge == Bill(*bill).challenge(cbor)
    assert challenged.terms == [bill[2], bill[3]]
    assert bound.terms == [bill[2], bill[3], bill[4]]


def test_lines_both_ways():
    for entry in objects("lines"):
        lines = cbor.decode(octets(entry["encoded"]))
        assert lines == claims(entry["claims"]) and lines_form(lines)
        assert lines_total(lines) == 1150
        digest = lines_hash(lines, cbor)
        assert digest == hashlib.sha256(octets(entry["encoded"])).digest()
        assert digest[:8] == octets(entry["order"]) and digest[:16] == octets(entry["lines_hash"])


def test_refusals():
    check_refusals("Pass.unpack", lambda entry: Pass.unpack(octets(entry["input"]), cbor))
    check_refusals("Payment.unpack", lambda entry: Payment.unpack(octets(entry["input"]), cbor))


def test_terms_and_challenge_that_do_not_go_together_have_no_mode():
    modes = [Payment.unpack(octets(e["input"]), cbor).mode() for e in section("refusals") if e["at"] == "Payment.mode"]
    assert modes == [0, 0, 0]


def takes(kind, least, **changed):
    values = dict(least)
    values.update(changed)
    record = kind(**values)
    if refusal(record.pack, cbor) is not None:
        return False
    payload = record.pack(cbor)
    return kind.unpack(payload, cbor).pack(cbor) == payload


def test_ends_of_every_range_of_a_pass():
    assert takes(Pass, LEAST)
    assert takes(Pass, LEAST, aud="Z9", exp=U32, nbf=U32, limits=[999, U32, U32, 255], flight=[9999, 0xFFFF])
    assert takes(Pass, LEAST, flight=[1, 0])
    for wrong in (
        {"exp": U32 + 1}, {"exp": -1}, {"nbf": U32 + 1}, {"limits": [1, 1, 1, 256]}, {"limits": [1, U32 + 1, 1, 1]},
        {"limits": [1000, 1, 1, 1]}, {"limits": (1, 1, 1, 1)}, {"flight": [10000, 0]}, {"flight": [1, 0x10000]},
        {"flight": [1, -1]}, {"cnf": cnf(bytes(33))}, {"exp": True}, {"sub": b"8 bytes."}, {"aud": ""},
    ):  # fmt: skip
        assert not takes(Pass, LEAST, **wrong), wrong


def test_ends_of_every_range_of_a_payment():
    least = {"iat": 0, "seq": 1}
    assert takes(Payment, least)
    assert takes(Payment, least, iat=U32, seq=U32, terms=[U32, 999, bytes(8)], challenge=bytes(8))
    for wrong in ({"seq": 0}, {"seq": U32 + 1}, {"iat": U32 + 1}, {"terms": []}, {"terms": [1, 1, bytes(9)]}):
        assert not takes(Payment, least, **wrong), wrong


def test_a_record_has_no_other_fields():
    for kind in (Pass, Payment):
        try:
            kind(card_number=0)
        except TypeError:
            continue
        raise AssertionError("a field of another name was taken")


def test_lines_at_their_ends():
    assert lines_form([[U32, 255, U32]] * MAX_LINES)
    assert not lines_form([[U32, 255, U32]] * (MAX_LINES + 1))
    assert not lines_form([])
    assert lines_form([[SKU_TIP, 1, 1], [SKU_DISCOUNT, 1, -U32]])
    for line in ([SKU_TIP, 1, -1], [SKU_DISCOUNT, 1, 1], [3, 1, 0], [3, True, 1], [3, 1], (3, 1, 1), [3, 1, 1, 1]):
        assert not lines_form([line]), line
    assert lines_total([[SKU_TIP, 2, 100], [SKU_DISCOUNT, 1, -50]]) == 150


def test_a_key_for_payments_is_an_ed25519_key_and_nothing_more():
    assert cnf(b"k") == {1: {1: 1, -1: 6, -2: b"k"}}
    for wrong in ({1: 1, -1: 6}, {1: 1, -1: 6, -2: bytes(32), 3: -19}, {1: 2, -1: 6, -2: bytes(32)}, {}, [], None):
        assert not takes(Pass, LEAST, cnf={1: wrong}), wrong
