"""Objects whose claims must be refused, for cabinpay.json."""

from collections.abc import Iterator
from typing import Any

from vectors.wire_objects import (
    BOUND,
    CHALLENGED,
    DAY,
    EUR,
    EVIDENCE,
    FLIGHT,
    LINES,
    PASS,
    Entry,
    cbor,
    chain_claims,
    public,
)

U32, YEAR_36812 = 1 << 32, 1 << 40
PAYLOAD = cbor(PASS | FLIGHT)


def bad(name: str, at: str, data: bytes, code: str, **more: Any) -> Entry:
    return {"name": name, "at": at, "input": data.hex(), "code": code} | more


def bad_text(name: str, at: str, text: str, code: str) -> Entry:
    return {"name": name, "at": at, "text": text, "code": code}


def faults(at: str, good: dict[int, Any], wrong: "dict[str, dict[int, Any]]", code: str = "schema") -> Iterator[Entry]:
    """`good` with some claims replaced, or left out where the wrong value is ... (Ellipsis)."""
    for name, claims in wrong.items():
        value = {label: claim for label, claim in (good | claims).items() if claim is not ...}
        yield bad(name, at, cbor(value), code)


def cnf(**wrong: Any) -> dict[int, Any]:
    key = {1: wrong.get("kty", 1), -1: wrong.get("crv", 6), -2: wrong.get("x", public("device"))}
    return {8: {1: key | wrong.get("more", {})}}


def pass_and_payment() -> Iterator[Entry]:
    yield from faults("Pass.unpack", PASS, {
        "no sub": {2: ...}, "no cnf": {8: ...}, "no limits": {-65537: ...}, "iat, which a pass does not have": {6: 1},
        "text label": {"sub": ""}, "sub of 7 characters": {2: "passpor"}, "sub as bytes": {2: b"passport"},
        "aud of one letter": {3: "X"},
        "aud in small letters": {3: "xc"}, "aud of three": {3: "XCA"}, "aud as bytes": {3: b"XC"},
        "aud not ASCII": {3: "ÄÖ"},
        "exp negative": {4: -1}, "exp of 2^32": {4: U32}, "exp true": {4: True}, "exp null": {4: None},
        "nbf as text": {5: "0"},
        "cti of 9 bytes": {7: bytes(9)}, "cnf empty": {8: {}}, "cnf with a kid": {8: {3: b"kid"}},
        "cnf with two members": {8: {1: PASS[8][1], 3: b"kid"}}, "key type EC2": cnf(kty=2),
        "key type true": cnf(kty=True),
        "curve X25519": cnf(crv=4), "key of 31 bytes": cnf(x=bytes(31)), "key as text": cnf(x="k" * 32),
        "private key too": cnf(more={-4: bytes(32)}), "three limits": {-65537: [EUR, 1, 1]},
        "limits as map": {-65537: {}},
        "currency 0": {-65537: [0, 1, 1, 1]}, "currency 1000": {-65537: [1000, 1, 1, 1]},
        "total 0": {-65537: [EUR, 0, 1, 1]},
        "per sale 0": {-65537: [EUR, 1, 0, 1]}, "total of 2^32": {-65537: [EUR, U32, 1, 1]},
        "count 0": {-65537: [EUR, 1, 1, 0]},
        "count 256": {-65537: [EUR, 1, 1, 256]}, "flight 0": {-65540: [0, DAY]}, "flight 10000": {-65540: [10000, DAY]},
        "flight null": {-65540: None}, "flight without day": {-65540: [1]}, "day 65536": {-65540: [1, 65536]},
    })  # fmt: skip
    yield bad("an array", "Pass.unpack", cbor([PASS]), "schema")
    yield bad("keys out of order", "Pass.unpack", PAYLOAD[:1] + PAYLOAD[10:14] + PAYLOAD[1:10] + PAYLOAD[14:], "cbor")
    yield from faults("Payment.unpack", CHALLENGED, {
        "no iat": {6: ...}, "no seq": {-65538: ...}, "seq 0": {-65538: 0}, "seq of 2^32": {-65538: U32},
        "seq negative": {-65538: -1},
        "iat of 2^32": {6: U32}, "challenge of 7 bytes": {10: bytes(7)}, "challenge null": {10: None}, "exp": {4: 1},
        "terms null": {-65539: None}, "terms without currency": {-65539: [1]},
        "terms of four": {-65539: [1, EUR, bytes(8), 1]},
        "amount 0": {-65539: [0, EUR]}, "amount negative": {-65539: [-1, EUR]}, "amount true": {-65539: [True, EUR]},
        "order of 7 bytes": {-65539: [1, EUR, bytes(7)]},
    })  # fmt: skip
    for name, claims in {
        "amount and currency, but no challenge": CHALLENGED | {10: ...},
        "challenge without amount": CHALLENGED | {-65539: ...},
        "challenge and order": CHALLENGED | {-65539: BOUND[-65539]},
    }.items():
        data = cbor({label: claim for label, claim in claims.items() if claim is not ...})
        yield {"name": name, "at": "Payment.mode", "input": data.hex(), "gives": 0}


def evidence_refusals() -> Iterator[Entry]:
    _, payment, _, nonce = EVIDENCE["challenged"]
    for name, value in {
        "no lines": [b"p", b"q"], "nonce null": [b"p", b"q", LINES, None],
        "nonce of 15 bytes": [b"p", b"q", LINES, nonce[:15]],
        "five items": [b"p", b"q", LINES, nonce, 0], "empty pass": [b"", payment, LINES],
        "pass of 401 bytes": [bytes(401), b"q", LINES],
        "payment as text": [b"p", "q", LINES], "a map": {},
    }.items():  # fmt: skip
        yield bad(name, "Evidence.unpack", cbor(value), "schema")
    for name, lines in {
        "lines empty": [], "25 lines": [[1, 1, 1]] * 25, "line of two": [[101, 1]], "line of four": [[101, 1, 1, 1]],
        "quantity 0": [[101, 0, 1]], "quantity 256": [[101, 256, 1]], "quantity negative": [[101, -1, 1]],
        "sku 0": [[0, 1, 1]],
        "price 0": [[101, 1, 0]], "negative price of goods": [[101, 1, -1]], "discount that adds": [[2, 1, 1]],
        "price of 2^32": [[101, 1, U32]], "price of -2^32": [[2, 1, -U32]], "quantity true": [[101, True, 1]],
        "lines as map": {},
    }.items():  # fmt: skip
        yield bad(name, "Evidence.unpack", cbor([b"p", b"q", lines]), "schema")


HEAD = {1: 1, 2: bytes(32), 4: 1, 5: [1, 0], 6: 1}
CHAIN = {name: HEAD | claims for name, _, claims in chain_claims()}
OPEN, SALE, CLOSE, NOTE, BREAK = (CHAIN[name] for name in ("open", "sale, quick", "close", "note", "break"))
VOID = CHAIN["void"] | {18: bytes(32)}


def receipt_refusals() -> Iterator[Entry]:
    at = "receipts.read_receipt"
    yield from faults(at, SALE, {
        "kind 0": {3: 0}, "kind 7": {3: 7}, "kind true": {3: True}, "no kind": {3: ...}, "kind as text": {3: "sale"},
        "sale called open": {3: 3}, "no number": {1: ...}, "number 0": {1: 0}, "number of 2^32": {1: U32},
        "previous of 31 bytes": {2: bytes(31)}, "previous null": {2: None}, "time past 2^40": {4: YEAR_36812 + 1},
        "time negative": {4: -1},
        "quality 0": {5: [0, 0]}, "quality 4": {5: [4, 0]}, "age negative": {5: [1, -1]},
        "quality without age": {5: [1]}, "shift 0": {6: 0},
        "mode 0": {7: 0}, "mode 4": {7: 4}, "no mode": {7: ...}, "amount 0": {8: [0, EUR]},
        "amount negative": {8: [-1, EUR]},
        "payment hash of 15 bytes": {9: bytes(15)}, "payment hash of 32 bytes": {9: bytes(32)},
        "lines hash of 32 bytes": {10: bytes(32)},
        "label of another kind": {11: "4711"},
    })  # fmt: skip
    yield from faults(at, OPEN, {
        "crew empty": {11: ""}, "crew of 17": {11: "4" * 17}, "crew not ASCII": {11: "é"},
        "crew with a line end": {11: "a\n"},
        "crew as bytes": {11: b"4711"}, "aircraft of 11": {13: "D" * 11}, "agent empty": {14: ""}, "bundle 0": {15: 0},
        "flight without airline": {12: [1234, DAY]}, "flight 0": {12: ["XC", 0, DAY]},
    })  # fmt: skip
    yield from faults(at, CLOSE, {
        "covers one number": {16: [1]}, "covers from 0": {16: [0, 3]}, "33 sums": {17: [[EUR, 1, 1, 1]] * 33},
        "sum negative": {17: [[EUR, 1, 1, -1]]},
        "sum of kind 7": {17: [[EUR, 7, 1, 1]]}, "sum without count": {17: [[EUR, 1, 1]]},
    })  # fmt: skip
    yield from rare_receipt_refusals(at)
    yield bad("an array", at, cbor([3]), "schema")
    yield bad("trailing byte", at, cbor(SALE) + b"\0", "cbor")


def rare_receipt_refusals(at: str) -> Iterator[Entry]:
    yield from faults(at, VOID, {
        "void without its sale": {18: ...}, "void of a sale cut to 16 bytes": {18: bytes(16)},
        "void of a number": {18: 2}, "void without reason": {19: ...}, "reason 0": {19: 0}, "reason 5": {19: 5},
        "void outside a shift": {6: 0}, "void with an amount": {8: [1, EUR]}, "void called break": {3: 5},
    })  # fmt: skip
    yield from faults(at, BREAK, {
        "break without its range": {21: ...}, "range backwards": {21: [8, 7]}, "range from 0": {21: [0, 8]},
        "range past 2^32": {21: [7, U32]}, "range of one number": {21: [7]}, "range of three": {21: [7, 8, 9]},
        "break without its last good number": {20: ...}, "last good number negative": {20: -1},
        "last good number of 2^32": {20: U32}, "last good number null": {20: None}, "shift negative": {6: -1},
        "break without shift": {6: ...}, "break with an event": {22: 1}, "break called note": {3: 6},
    })  # fmt: skip
    yield from faults(at, NOTE, {
        "event 0": {22: 0}, "event 5": {22: 5}, "event true": {22: True}, "note without event": {22: ...},
        "note without detail": {23: ...}, "detail of 65": {23: "x" * 65}, "detail not ASCII": {23: "é"},
        "detail with a line end": {23: "a\n"}, "detail as bytes": {23: b"a"}, "note with a reason": {19: 1},
        "note called void": {3: 2},
    })  # fmt: skip


def claim_refusals() -> Iterator[Entry]:
    yield from pass_and_payment()
    yield from evidence_refusals()
    yield from receipt_refusals()
