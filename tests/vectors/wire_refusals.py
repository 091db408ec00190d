"""Inputs that must be refused, for cabinpay.json: at which function, and with which stable code."""

from collections.abc import Iterator
from typing import Any

from vectors.wire_claim_refusals import PAYLOAD, SALE, U32, YEAR_36812, bad, bad_text, claim_refusals
from vectors.wire_objects import (
    BILL,
    BUNDLE,
    DELEGATION,
    EUR,
    LOGIN,
    PASS,
    PAYMENTS,
    SIGNED_PASS,
    Entry,
    base45,
    cbor,
    frame,
    header,
    kid,
    public,
    sign1,
)

SIGNATURE = SIGNED_PASS[-64:]


def cbor_refusals() -> Iterator[Entry]:
    for name, items in {
        "integer not minimal": "1817 190018 1900ff 1a0000ffff 1b00000000ffffffff 3817 39ffff00 3900ff",
        "length not minimal": "5800 580141 5900ff 7801 9800 b800 981700",
        "indefinite length": "9fff 5fff 7fff bfff 5f4101ff 7f6161ff 9f01ff bf0102ff 82019fff 1f 3f",
        "reserved head": "1c 1d 1e 3c 5c 7d 9e bc fc fd fe",
        "break alone": "ff 81ff a1ff00 a100ff",
        "duplicate key": "a201000100 a2616100616101 a3000101010102 a2410000410001",
        "keys out of order": "a202000100 a220000100 a2616200616100 a2616100410000",
        "keys in RFC 7049's order, shorter first": "a30a00200018640018c8",
        "float": "f90000 f93c00 f97e00 fa47c35000 fb3ff199999999999a 81f90000",
        "tag": "c000 c11a514b67b0 d28443a10126a04040 d9d9f700 81c000 a1c00000 d81c81d81d00 c5821bffffffffffffffff01",
        "bignum": "c240 c24101 c249010000000000000000 c349010000000000000000",
        "simple value": "e0 f0 f3 f7 f800 f818 f820 f8ff f8f4 f8f5",
        "trailing byte": "0000 8000 a0ff 4100f6",
        "nothing at all": "",
        "cut off": "18 19ff 1a000001 1b00000000000000 41 62c3 8301 a1 a101 58 5b",
        "length beyond input": "5bffffffffffffffff 7bffffffffffffffff 9bffffffffffffffff bbffffffffffffffff 9a7fffffff",
        "key that cannot be one": "a1f400 a1f500 a1f600 a18000 a1a000",
        "text that is not UTF-8": "6180 61ff 62c080 62c1bf 63e08080 63eda080 64f0808080 64f4908080 64f5808080 62c328",
        "nested too deeply": "81" * 9 + "00 " + "a100" * 9 + "00 " + "81" * 400,
    }.items():
        for item in items.split() or [""]:
            yield bad(name, "cbor.decode", bytes.fromhex(item), "cbor")


def base45_refusals() -> Iterator[Entry]:
    for name, texts in {
        "length cannot be": ("A", "QED8", "QED8WE1"),
        "three characters above 65535": ("GGW", ":::", "QEDGGW"),
        "two characters above 255": ("V5", "::", "QED::"),
        "not in the alphabet": ("qed", "QE=", "QE_", "QE\x00", "QE\n", "Q,D", "QEDaa"),
    }.items():
        for text in texts:
            yield bad_text(name, "base45.decode", text, "base45")


def text_refusals() -> Iterator[Entry]:
    pair, bill = [SIGNED_PASS, PAYMENTS["quick"]], "CP1B:" + base45(cbor(BILL))
    for name, at, text in (
        ("nothing", "qrtext.read_customer", ""),
        ("a bill", "qrtext.read_customer", bill),
        ("small letters", "qrtext.read_customer", "cp1:" + base45(cbor(pair))),
        ("space before it", "qrtext.read_customer", " CP1:" + base45(cbor(pair))),
        ("another version", "qrtext.read_customer", "CP2:" + base45(cbor(pair))),
        ("a URL", "qrtext.read_customer", "HTTPS://EXAMPLE.COM/CP1:00"),
        ("a customer", "qrtext.read_bill", "CP1:" + base45(cbor(pair))),
        ("cut in the prefix", "qrtext.read_bill", "CP1B"),
        ("a customer", "qrtext.read_receipt_text", "CP1:" + base45(SIGNED_PASS)),
        ("a bill", "qrtext.read_receipt_text", bill),
        ("small letters", "qrtext.read_receipt_text", "cp1r:" + base45(SIGNED_PASS)),
        ("nothing", "qrtext.read_receipt_text", ""),
    ):
        yield bad_text(name, at, text, "prefix")
    for at, prefix, value in (("qrtext.read_customer", "CP1:", pair), ("qrtext.read_bill", "CP1B:", BILL)):
        good = base45(cbor(value))
        yield bad_text("one character too long", at, prefix + "0" * (484 - len(prefix)), "length")
        yield bad_text("line end of a scanner", at, prefix + good + "\r\n", "base45")
        yield bad_text("foreign character", at, prefix + "a" + good[1:], "base45")
        yield bad_text("prefix alone", at, prefix, "cbor")
        yield bad_text("trailing byte", at, prefix + base45(cbor(value) + b"\0"), "cbor")
    at, good = "qrtext.read_receipt_text", base45(SIGNED_PASS)
    yield bad_text("one character too long", at, "CP1R:" + "0" * 307, "length")
    yield bad_text("line end of a scanner", at, "CP1R:" + good + "\r\n", "base45")
    yield bad_text("foreign character", at, "CP1R:" + "a" + good[1:], "base45")
    yield bad_text("length cannot be", at, "CP1R:" + good[: len(good) // 3 * 3 - 2], "base45")
    for name, value in {
        "three items": [*pair, b"\0"],
        "one item": pair[:1],
        "a map": {0: pair[0], 1: pair[1]},
        "objects not wrapped": [[SIGNED_PASS], [PAYMENTS["quick"]]],
        "text": ["a", "b"],
        "empty pass": [b"", PAYMENTS["quick"]],
        "empty payment": [SIGNED_PASS, b""],
        "null": None,
    }.items():
        yield bad_text(name, "qrtext.read_customer", "CP1:" + base45(cbor(value)), "schema")
    for name, (place, wrong) in BILL_FAULTS.items():
        encoded = cbor([*BILL[:place], wrong, *BILL[place + 1 :]])
        yield bad_text(name, "qrtext.read_bill", "CP1B:" + base45(encoded), "schema")
    yield bad_text("six items", "qrtext.read_bill", "CP1B:" + base45(cbor([*BILL, 0])), "schema")


BILL_FAULTS: dict[str, tuple[int, Any]] = {
    "kid of 7 bytes": (0, BILL[0][:7]), "kid as text": (0, "terminal"), "nonce of 15 bytes": (1, BILL[1][:15]),
    "amount 0": (2, 0), "amount negative": (2, -1150), "amount of 2^32": (2, U32), "amount true": (2, True),
    "currency 0": (3, 0), "currency 1000": (3, 1000), "currency as text": (3, "EUR"), "order of 9 bytes": (4, bytes(9)),
}  # fmt: skip


def cose_refusals() -> Iterator[Entry]:
    name_kid = header("issuer")
    for name, protected in {
        "alg -8 with kid": b"\xa2\x01\x27" + name_kid[3:],
        "alg -8 alone": b"\xa1\x01\x27",
        "alg ES256": b"\xa1\x01\x26",
        "alg -19 not minimal": b"\xa1\x01\x38\x12",
        "no header": b"",
        "empty map": b"\xa0",
        "kid without alg": b"\xa1" + name_kid[3:],
        "kid before alg": b"\xa2" + name_kid[3:] + b"\x01\x32",
        "kid of 7 bytes": cbor({1: -19, 4: kid("issuer")[:7]}),
        "kid of 9 bytes": cbor({1: -19, 4: kid("issuer") + b"\0"}),
        "kid as text": cbor({1: -19, 4: "issuer 1"}),
        "one header more": cbor({1: -19, 4: kid("issuer"), 5: b""}),
        "crit": cbor({1: -19, 2: [4], 4: kid("issuer")}),
        "indefinite map": b"\xbf\x01\x32\xff",
        "trailing byte in the header": header(None) + b"\0",
        "trailing byte after the kid": name_kid + b"\0",
    }.items():
        yield bad(name, "cose.parse", cbor([protected, {}, PAYLOAD, SIGNATURE]), "cose")
    for name, value in {
        "protected header as map": [{1: -19}, {}, PAYLOAD, SIGNATURE],
        "unprotected header not empty": [name_kid, {4: kid("issuer")}, PAYLOAD, SIGNATURE],
        "alg in the unprotected header": [b"", {1: -19}, PAYLOAD, SIGNATURE],
        "unprotected header is an array": [name_kid, [], PAYLOAD, SIGNATURE],
        "unprotected header is null": [name_kid, None, PAYLOAD, SIGNATURE],
        "payload detached": [name_kid, {}, None, SIGNATURE],
        "payload as map": [name_kid, {}, PASS, SIGNATURE],
        "signature of 63 bytes": [name_kid, {}, PAYLOAD, SIGNATURE[:63]],
        "signature of 65 bytes": [name_kid, {}, PAYLOAD, SIGNATURE + b"\0"],
        "signature as text": [name_kid, {}, PAYLOAD, "s" * 64],
        "three items": [name_kid, {}, PAYLOAD],
        "five items": [name_kid, {}, PAYLOAD, SIGNATURE, b""],
        "COSE_Sign": [name_kid, {}, PAYLOAD, [[name_kid, {}, SIGNATURE]]],
        "a map": {0: name_kid},
        "a number": 0,
    }.items():
        yield bad(name, "cose.parse", cbor(value), "cose")
    for name, data in {
        "tag 18": b"\xd2" + SIGNED_PASS,
        "tag 61 of a CWT": b"\xd8\x3d\xd2" + SIGNED_PASS,
        "trailing byte": SIGNED_PASS + b"\0",
        "cut off": SIGNED_PASS[:-1],
        "indefinite array": b"\x9f" + SIGNED_PASS[1:] + b"\xff",
        "header length not minimal": SIGNED_PASS[:1] + b"\x58\x0d" + SIGNED_PASS[2:],
    }.items():
        yield bad(name, "cose.parse", data, "cbor")


def signature_refusals() -> Iterator[Entry]:
    def bad_open(name: str, data: bytes, keys: str, aad: bytes = b"", named: bool = True) -> Entry:
        """named: the verifier looks the key up by kid; else it knows the key from elsewhere, as with a payment."""
        more = {"keys": keys.split(","), "external_aad": aad.hex(), "by_kid": named}
        return bad(name, "cose.open", data, "signature", **more)

    receipt = sign1(cbor(SALE), "terminal", b"cabinpay-receipt")
    payment, other_pass = PAYMENTS["quick"], sign1(cbor(PASS), "issuer", b"")
    yield bad_open("kid of a key that is not known", SIGNED_PASS, "issuer next,bundle")
    misnamed = sign1(PAYLOAD, "issuer next", b"", header("issuer"))
    yield bad_open("kid of another key than the signer's", misnamed, "issuer,issuer next")
    yield bad_open("signer's own kid, but not a key to be trusted", sign1(PAYLOAD, "device", b""), "issuer,issuer next")
    yield bad_open("no kid where one is needed", sign1(PAYLOAD, "issuer", b"", header(None)), "issuer")
    yield bad_open("payload altered", SIGNED_PASS.replace(b"XC", b"XD"), "issuer")
    yield bad_open("first bit of R altered", SIGNED_PASS[:-64] + bytes([SIGNATURE[0] ^ 1]) + SIGNATURE[1:], "issuer")
    yield bad_open("last bit of S altered", SIGNED_PASS[:-1] + bytes([SIGNATURE[-1] ^ 1]), "issuer")
    yield bad_open("signature of zeros", SIGNED_PASS[:-64] + bytes(64), "issuer")
    yield bad_open("pass where a receipt is expected", SIGNED_PASS, "issuer", b"cabinpay-receipt")
    yield bad_open("receipt with the aad of an ack", receipt, "terminal", b"cabinpay-ack")
    yield bad_open("receipt without its aad", receipt, "terminal")
    yield bad_open("receipt where a status is expected", receipt, "terminal", b"cabinpay-status")
    granted = cbor([kid("terminal"), bytes(16), 1])
    told, opened = (sign1(granted, "ledger", aad) for aad in (b"cabinpay-time", b"cabinpay-maintenance"))
    yield bad_open("time where maintenance is expected", told, "ledger", b"cabinpay-maintenance")
    yield bad_open("maintenance where a time is expected", opened, "ledger", b"cabinpay-time")
    yield bad_open("payment over another pass", payment, "device", other_pass, False)
    yield bad_open("payment without its pass", payment, "device", b"", False)
    yield bad_open("payment under another device's key", payment, "issuer", SIGNED_PASS, False)


SMALL = BUNDLE | {6: BUNDLE[6][1:], 7: BUNDLE[7][:1], 8: BUNDLE[8][:1]}


def bundle_refusals() -> Iterator[Entry]:
    """The verifier trusts root and root next."""
    at, aad = "trust.open_bundle", b"cabinpay-bundle"
    delegated, by_root = cbor(DELEGATION), b"cabinpay-delegation"
    to_laptop, without_serial = cbor(DELEGATION | {1: public("laptop")}), cbor({1: public("bundle"), 2: 1})
    for name, delegation, code in (
        ("delegation by no root", sign1(delegated, "bundle", by_root), "signature"),
        ("delegation with another aad", sign1(delegated, "root", aad), "signature"),
        ("delegation of another key", sign1(to_laptop, "root", by_root), "signature"),
        ("delegation without serial", sign1(without_serial, "root", by_root), "schema"),
        ("delegation is no COSE_Sign1", delegated, "cose"),
    ):
        yield bad(name, at, sign1(cbor(SMALL | {1: delegation}), "bundle", aad), code)
    yield bad("signed by the root itself", at, sign1(cbor(SMALL), "root", aad), "signature")
    yield bad("with the aad of a login", at, sign1(cbor(SMALL), "bundle", b"cabinpay-login"), "signature")
    yield bad("tag 18", at, b"\xd2" + sign1(cbor(SMALL), "bundle", aad), "cbor")
    ledger, issuer, [euro] = SMALL[8][0], SMALL[7][0], SMALL[6]
    for name, claims in {
        "issuer that is also a ground key": {8: [[issuer[0], 1, 2, 1]]}, "one ground key twice": {8: [ledger, ledger]},
        "one issuer twice": {7: [issuer, issuer]}, "no ground key": {8: []}, "right 16": {8: [[*ledger[:3], 16]]},
        "no right": {8: [[*ledger[:3], 0]]}, "window of 29 seconds": {9: [29, 1, 1, 1]},
        "window of 121 seconds": {9: [121, 1, 1, 1]},
        "exponent 5": {6: [[EUR, 5, *euro[2:]]]}, "caps of two modes": {6: [[EUR, 2, euro[2][:2], 0]]},
        "no currency": {6: []},
        "issuer without currency": {7: [[*issuer[:3], []]]}, "issuer key of 31 bytes": {7: [[bytes(31), *issuer[1:]]]},
        "version 0": {2: 0}, "not-after past 2^40": {4: YEAR_36812 + 1}, "empty delegation": {1: b""},
        "unknown label": {12: 0},
        "files empty": {10: []}, "file of another name": {10: [["menu", 16, bytes(32)]]},
        "file name as bytes": {10: [[b"revoked", 16, bytes(32)]]},
        "file of no bytes": {10: [["revoked", 0, bytes(32)]]}, "revoked of 17": {10: [["revoked", 17, bytes(32)]]},
        "catalogue of 81": {10: [["catalogue", 81, bytes(32)]]},
        "crew of 60": {10: [["crew", 60, bytes(32)]]}, "file hash of 31 bytes": {10: [["revoked", 16, bytes(31)]]},
        "revoked of 65552": {10: [["revoked", 65552, bytes(32)]]},
        "files out of order": {10: [["revoked", 16, bytes(32)], ["crew", 58, bytes(32)]]},
        "one file twice": {10: [["crew", 58, bytes(32)], ["crew", 58, bytes(32)]]},
        "files of more than 98304": {10: [["catalogue", 65520, bytes(32)], ["revoked", 32800, bytes(32)]]},
        "one pin": {11: [bytes(32)]}, "pin of 20 bytes": {11: [bytes(20), bytes(32)]}, "pins null": {11: None},
    }.items():  # fmt: skip
        yield bad(name, at, sign1(cbor(SMALL | claims), "bundle", aad), "schema")


def message_refusals() -> Iterator[Entry]:
    login, ident, head = ["host", *LOGIN, b""], kid("terminal"), bytes(32)
    for at, cases in {
        "messages.read_request": {
            "id 65536": [65536, "x", []], "id negative": [-1, "x", []], "id true": [True, "x", []],
            "op empty": [1, "", []],
            "op of 17": [1, "x" * 17, []], "op as bytes": [1, b"x", []], "op not printable": [1, "\x07", []],
            "args as map": [1, "x", {}],
            "17 args": [1, "x", [0] * 17], "no args": [1, "x"], "four items": [1, "x", [], 0], "a map": {},
            "null": None,
        },
        "messages.read_reply": {
            "status empty": [1, "", 0], "status of 33": [1, "s" * 33, 0], "no result": [1, "ok"], "status 0": [1, 0, 0],
        },
        "messages.read_login": {
            "role of 3": ["own", *login[1:]], "kid of 7 bytes": [*login[:1], bytes(7), *login[2:]],
            "nonce of 15 bytes": [*login[:3], bytes(15), *login[4:]], "channel of 31 bytes": [*login[:5], bytes(31)],
            "no channel": login[:5],
        },
        "messages.read_ack": {
            "number 0": [ident, 0, head, bytes(16)], "head of 31 bytes": [ident, 1, head[1:], bytes(16)],
            "ledger id of 8 bytes": [ident, 1, head, bytes(8)], "three items": [ident, 1, head],
        },
        "messages.read_maintenance": {
            "not-after past 2^40": [ident, bytes(16), YEAR_36812 + 1], "not-after negative": [ident, bytes(16), -1],
            "no not-after": [ident, bytes(16)], "nonce of 15 bytes": [ident, bytes(15), 1],
            "kid of 7 bytes": [ident[:7], bytes(16), 1],
        },
        "messages.read_time": {
            "time past 2^40": [ident, bytes(16), YEAR_36812 + 1], "time negative": [ident, bytes(16), -1],
            "no nonce": [ident, b"", 1],
        },
    }.items():  # fmt: skip
        for name, value in cases.items():
            yield bad(name, at, cbor(value), "schema")
        yield bad("trailing byte", at, cbor([]) + b"\0", "cbor")


def frame_refusals() -> Iterator[Entry]:
    """What a decoder drops: `bad` is what its counter shows then."""
    good = frame(b"good")
    for name, stream, dropped in (
        ("checksum off by one bit", good[:-2] + bytes([good[-2] ^ 1]) + b"\xc0", 1),
        ("byte lost", good[:2] + good[3:], 1),
        ("escape of nothing", b"\xc0\xdb\x41" + good[1:], 1),
        ("escape at the end", good[:-1] + b"\xdb\xc0", 1),
        ("escape twice", b"\xc0\xdb\xdb\xdc" + good[1:], 1),
        ("checksum of nothing", frame(b""), 1),
        ("too short for a checksum", b"\xc0abc\xc0", 1),
        ("body of 17 bytes", frame(b"x" * 17), 1),
        ("body of 17 special bytes", frame(b"\xdb" * 17), 1),
        ("without an end", b"\xc0" + b"x" * 1000, 0),
        ("only ends", b"\xc0" * 9, 0),
        ("two bad ones", frame(b"") + b"\xc0x\xc0", 2),
    ):
        yield {"name": name, "at": "frames", "input": stream.hex(), "limit": 16, "bad": dropped}


def refusals() -> list[Entry]:
    return [
        *cbor_refusals(), *base45_refusals(), *text_refusals(), *cose_refusals(), *signature_refusals(),
        *claim_refusals(), *bundle_refusals(), *message_refusals(), *frame_refusals(),
    ]  # fmt: skip
