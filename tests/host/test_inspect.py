"""cabinpay inspect on every object of the vectors, on a real terminal's flash, and on whatever else comes along."""

import hashlib
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cabinpay_host import cli, codec, inspect, qr
from cabinpay_host.errors import HostError
from cabinpay_host.inspect_keys import Ring
from cabinpay_host.inspect_objects import sound
from cabinpay_host.inspect_things import HOLDS, INVALID, UNCHECKED, Thing
from vectors import make_vectors
from vectors import wire_objects as w

VECTORS = json.loads((Path(make_vectors.__file__).parent / "cabinpay.json").read_text())
OBJECTS = {entry["name"]: entry for entry in VECTORS["objects"]}
ROLES = {
    "root": "root", "root next": "root", "bundle": "bundle", "issuer": "issuer", "issuer next": "issuer",
    "device": "device", "terminal": "terminal", "ledger": "ledger", "laptop": "ground",
}  # fmt: skip
KINDS = {
    "Pass": "pass",
    "Payment": "payment",
    "Delegation": "delegation",
    "Bundle": "bundle",
    "Bill": "bill",
    "Evidence": "evidence",
}


def ring(*labels: str) -> Ring:
    made = Ring()
    for label in labels or ROLES:
        made.add(w.public(label), label, ROLES[label])
    return made


def encoded(name: str) -> bytes:
    return bytes.fromhex(OBJECTS[name]["encoded"])


def pair(signed_pass: bytes, payment: bytes) -> Thing:
    """The payment of a customer's code."""
    return inspect.of_bytes(codec.encode([signed_pass, payment]), ring("issuer")).parts[1]


@pytest.mark.parametrize("entry", [e for e in VECTORS["objects"] if e["claims"]], ids=lambda entry: entry["name"])
def test_every_object_is_recognised_and_its_signature_holds(entry: dict[str, Any]) -> None:
    thing = inspect.of_bytes(bytes.fromhex(entry["encoded"]), ring())
    assert thing.kind.split(":")[0] == KINDS.get(entry["form"], entry["form"])
    names = [field.name for field in thing.fields]
    assert names and "?" not in names
    assert len(names) == len(entry["claims"])
    json.dumps(thing.record())
    assert thing.lines()
    if entry["form"] == "Payment":
        assert thing.signature is not None and thing.signature.state == UNCHECKED
        assert "customer QR" in thing.signature.reasons[0]
    elif "signer" in entry:
        assert thing.signature is not None and thing.signature.state == HOLDS, thing.signature
        assert thing.signature.kid == w.kid(entry["signer"]).hex()
    assert sound(thing), thing.lines()


ROWS = {
    "catalogue": ["sku 101: Instant noodles / 方便面, 600 JPY", "101: Instant noodles / 方便面, 350 EUR", "205: Tea"],
    "crew": ["4711: a PIN stretched 8 times"],
    "revoked": [f"issuer {w.kid(label).hex()}, cti " for label in ("issuer next", "issuer")],
}


@pytest.mark.parametrize("kind", ROWS)
def test_files_that_travel_with_a_bundle(tmp_path: Path, kind: str) -> None:
    data = encoded(f"file, {kind}")
    path = tmp_path / f"{kind}-{hashlib.sha256(data).hexdigest()[:16]}"
    path.write_bytes(data)
    thing = inspect.inspect(str(path), ring(), False)
    assert thing.kind == f"file, {kind}" and sound(thing)
    shown = {field.shown for field in thing.fields}
    assert all(any(part in row for row in shown) for part in ROWS[kind]) and len(shown) == len(ROWS[kind])
    assert kind != "crew" or data[10:26].hex() not in str(thing.record()) + str(thing.lines())
    for bad in (data + b"x", data[:-1] + b"\xff", data + data):
        path.write_bytes(bad)
        assert not sound(inspect.inspect(str(path), ring(), False))


@pytest.mark.parametrize("name", [name for name, entry in OBJECTS.items() if "text" in entry or "frame" in entry])
def test_texts_pictures_and_frames(tmp_path: Path, name: str) -> None:
    entry = OBJECTS[name]
    if "frame" in entry:
        thing = inspect.inspect(entry["frame"], ring(), True)
        assert (thing.kind, thing.parts[0].kind) == ("frames of the link", entry["form"])
    else:
        thing = inspect.inspect(entry["text"], ring(), False)
        (tmp_path / "text").write_bytes(entry["text"].encode() + b"\r\n")
        (tmp_path / "picture").write_bytes(qr.png(entry["text"]))
        for place in ("text", "picture"):
            assert inspect.inspect(str(tmp_path / place), ring(), False).record() == thing.record()
    assert sound(thing), thing.lines()


def test_a_pass_in_full() -> None:
    thing = inspect.of_bytes(encoded("pass with flight"), ring("issuer"))
    shown = {field.name: field.shown for field in thing.fields}
    assert shown["exp"] == "2026-08-16 06:00 UTC (1786860000)"
    assert shown["limits"] == "200.00 EUR in all, 50.00 EUR a sale, 10 sales"
    assert shown["flight"] == "1234 on 2026-08-14"
    assert shown["cti"] == "23b7c0c093269b50 (8 bytes)"
    assert w.public("device").hex() in shown["cnf"] and w.kid("device").hex() in shown["cnf"]
    assert [field.label for field in thing.fields] == ["2", "3", "4", "5", "7", "8", "-65537", "-65540"]
    record = thing.record()
    assert record["fields"][2] == {"label": "4", "name": "exp", "value": 1786860000, "shown": shown["exp"]}


def test_amounts_times_and_words() -> None:
    expected = {
        "bill": {"amount": "11.50 EUR", "currency": "EUR (978)"},
        "payment, bound": {"terms": "11.50 EUR, order 1dee5c4162c4a9bb"},
        "lines": {"[sku, quantity, unit price]": "[101, 2, 350]"},
        "receipt, sale, quick": {"mode": "quick (3)", "amount": "11.50 EUR", "quality": "synced, 42 s old"},
        "receipt, void": {"kind": "void (2)", "reason": "customer changed his mind (3)"},
        "receipt, close": {"sums": "2 x sale, 23.00 EUR; 1 x void, 11.50 EUR", "covers": "receipts 1 to 4"},
        "receipt, break": {"lost": "numbers 7 to 8", "shift": "none (0)", "time": "2026-08-14 07:09 UTC (1786691340)"},
        "receipt, note": {"event": "clock set (2)", "detail": "synced by f889ab3ab73a1d26"},
        "delegation": {"serial": "1", "not_after": "2026-11-12 06:00 UTC (1794463200)"},
        "maintenance": {"time": "2026-08-14 06:15 UTC (1786688100)"},
        "log": {"line": "sale: OSError: [Errno 5] EIO"},
    }
    for name, fields in expected.items():
        thing = inspect.of_bytes(encoded(name), ring())
        shown = [(field.name, field.shown) for field in thing.fields]
        assert set(fields.items()) <= set(shown), (name, shown)


def test_amounts_follow_a_bundle_s_exponents() -> None:
    known = ring()
    known.exponents[w.EUR] = 3
    assert ("amount", "1.150 EUR") in [(f.name, f.shown) for f in inspect.of_bytes(encoded("bill"), known).fields]


def test_a_payment_is_checked_by_the_key_in_its_pass_alone() -> None:
    thing = inspect.of_bytes(encoded("customer QR, challenged"), Ring())
    assert [part.kind for part in thing.parts] == ["pass", "payment: challenged"]
    states = [part.signature.state for part in thing.parts if part.signature]
    assert states == [UNCHECKED, HOLDS]


def why(thing: Thing) -> str:
    assert thing.signature is not None and thing.signature.state == INVALID, thing.lines()
    assert not sound(thing)
    return "; ".join([*thing.faults, *thing.signature.reasons])


def resigned(data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """`data` with its payload changed and its signature kept."""
    protected, unprotected, payload, signature = codec.decode(data)
    return codec.encode([protected, unprotected, change(payload), signature])


PASS, RECEIPT, QUICK = encoded("pass with flight"), encoded("receipt, sale, quick"), encoded("payment, quick")
PAYLOAD = codec.decode(PASS)[2]
EDDSA = codec.encode({1: -8, 4: w.kid("issuer")})
SIGNATURES: dict[str, tuple[bytes, str]] = {
    "wrong key": (w.sign1(PAYLOAD, "issuer next", b"", w.header("issuer")), "wrong key: the header names kid c16c"),
    "wrong aad": (w.sign1(codec.decode(RECEIPT)[2], "terminal", b"cabinpay-ack"), "external_aad 'cabinpay-ack', where"),
    "no aad": (w.sign1(codec.decode(RECEIPT)[2], "terminal", b""), "empty external_aad (a pass), where"),
    "payload altered": (resigned(PASS, lambda p: p.replace(b"XC", b"XD")), "a signature cannot tell which"),
    "signature altered": (PASS[:-64] + bytes([PASS[-64] ^ 1]) + PASS[-63:], "a signature cannot tell which"),
    "alg -8": (w.sign1(PAYLOAD, "issuer", b"", EDDSA), "alg -8 (EdDSA)"),
    "header replaced": (
        codec.encode([w.header("issuer"), {}, PAYLOAD, codec.decode(w.sign1(PAYLOAD, "issuer", b"", EDDSA))[3]]),
        "signed it with protected header a20127",
    ),
    "header not minimal": (
        w.sign1(PAYLOAD, "issuer", b"", b"\xa2\x01\x38\x12" + w.header("issuer")[3:]), "head longer than needed"
    ),
    "header out of order": (
        w.sign1(PAYLOAD, "issuer", b"", b"\xa2" + w.header("issuer")[3:] + b"\x01\x32"), "keys out of order at byte 11"
    ),
    "no kid": (w.sign1(PAYLOAD, "issuer", b"", w.header(None)), "the header names no key (kid)"),
    "kid of 7 bytes": (w.sign1(PAYLOAD, "issuer", b"", codec.encode({1: -19, 4: bytes(7)})), "kid is not a byte"),
    "trailing byte": (PASS + b"\0", "1 trailing bytes at byte"),
    "tag 18": (b"\xd2" + PASS, "tag 18 at byte 0"),
    "unprotected header": (PASS[:15] + b"\xa1\x04\x40" + PASS[16:], "unprotected header is not empty"),
    "S above the group order": (PASS[:-1] + b"\xff", "S is not below the group order"),
    "signature of 63 bytes": (codec.encode([*codec.decode(PASS)[:3], bytes(63)]), "63 bytes are no Ed25519 signature"),
    "payload signed, no structure": (
        codec.encode([w.header("issuer"), {}, PAYLOAD, w.signing("issuer").sign(PAYLOAD).signature]),
        "signed the payload itself",
    ),
    "wrong role": (w.sign1(PAYLOAD, "laptop", b""), "wrong role, a pass is signed by a key of role issuer"),
}  # fmt: skip


@pytest.mark.parametrize("name", SIGNATURES)
def test_why_a_signature_is_invalid(name: str) -> None:
    data, reason = SIGNATURES[name]
    assert reason in why(inspect.of_bytes(data, ring()))


def test_why_a_payment_is_invalid() -> None:
    other = encoded("pass")
    assert "was made over another pass, by another phone" in why(pair(other, QUICK))
    assert "wrong external_aad" in why(pair(PASS, w.sign1(codec.decode(QUICK)[2], "device", b"", w.header(None))))
    made = inspect.of_bytes(
        codec.encode([PASS, w.sign1(codec.decode(QUICK)[2], "issuer", PASS, w.header(None))]), ring()
    )
    assert "wrong key: not the key in the pass" in why(made.parts[1])
    seen = ring("issuer")
    seen.add_pass(PASS)
    known = inspect.of_bytes(codec.encode([other, QUICK]), seen).parts[1]
    assert "over another pass: made by" in why(known)


def test_a_key_that_is_not_given_is_no_fault() -> None:
    thing = inspect.of_bytes(PASS, ring("issuer next"))
    assert thing.signature is not None and thing.signature.state == UNCHECKED
    assert (
        f"no key with kid {w.kid('issuer').hex()} is given (kids given: b85f07a52127c70d)" in thing.signature.reasons[0]
    )
    assert sound(thing)


def test_a_bundle_is_worth_what_its_delegation_is() -> None:
    thing = inspect.of_bytes(encoded("trust bundle"), Ring())
    assert thing.signature is not None and thing.signature.state == UNCHECKED
    foreign = w.BUNDLE | {1: w.sign1(codec.encode(w.DELEGATION), "laptop", b"cabinpay-delegation", w.header("root"))}
    thing = inspect.of_bytes(w.sign1(codec.encode(foreign), "bundle", b"cabinpay-bundle"), ring("root", "laptop"))
    assert thing.signature is not None and thing.signature.state == INVALID


def test_a_status_is_known_by_its_context() -> None:
    thing = inspect.of_bytes(w.sign1(codec.encode([1, 2]), "terminal", b"cabinpay-status"), ring())
    assert (thing.kind, thing.signature and thing.signature.state) == ("status", HOLDS)


@pytest.mark.parametrize(
    "entry", [e for e in VECTORS["refusals"] if e["at"] in ("cose.parse", "Pass.unpack", "receipts.read_receipt",
              "qrtext.read_customer", "trust.open_bundle", "Evidence.unpack", "frames")],
    ids=lambda entry: f"{entry['at']}, {entry['name']}",
)  # fmt: skip
def test_what_the_wire_refuses_is_never_called_sound(entry: dict[str, Any]) -> None:
    text = entry.get("text")
    if text and (not text.startswith("CP1:") or text.endswith("\n")):
        return  # a bill is sound, though no customer's; ends of lines belong to text files
    try:
        thing = (
            inspect.of_bytes(bytes.fromhex(entry["input"]), ring()) if text is None else inspect.of_text(text, ring())
        )
    except HostError as e:
        assert (e.code, e.exit_code) == ("unknown_thing", 3)
        return
    if entry["at"] in ("cose.parse", "trust.open_bundle", "qrtext.read_customer", "frames"):
        assert not sound(thing), thing.lines()
    else:
        assert thing.faults, thing.lines()


def test_garbage_is_unknown_and_never_an_error() -> None:
    source = random.Random(4711)
    whole = [bytes.fromhex(entry["encoded"]) for entry in VECTORS["objects"]]
    whole += [bytes.fromhex(entry["frame"]) for entry in VECTORS["objects"] if "frame" in entry]
    for i in range(1000):
        data = bytearray(source.choice(whole))
        if i % 4 == 0:
            data = bytearray(source.randbytes(source.randrange(300)))
        elif i % 4 == 1:
            del data[source.randrange(len(data)) :]
        for _ in range(source.choice((0, 1, 3)) if data else 0):
            data[source.randrange(len(data))] = source.randrange(256)
        try:
            thing = inspect.of_bytes(bytes(data), ring("issuer", "terminal"))
        except HostError as e:
            assert (e.code, e.exit_code) == ("unknown_thing", 3)
        else:
            json.dumps(thing.record())
            assert thing.lines()


def test_hostile_nesting_ends() -> None:
    request = codec.encode([1, "x", [b"x" * 50]])
    for _ in range(200):
        request = codec.encode([1, "x", [request]])
    assert inspect.of_bytes(request, Ring()).kind == "request"
    for data in (b"\x81" * 5000, b"\xbf" * 5000, b"\xd2" * 5000, b"\x9b" + b"\xff" * 8, b"\x5f" * 100, b""):
        with pytest.raises(HostError):
            inspect.of_bytes(data, Ring())


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as e:
        cli.main(["inspect", *args])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return int(e.value.code or 0), out, err


@pytest.mark.parametrize("args", ["nothing-here", "CP9:AAAA", "zz --hex", "00 --hex", "84 --hex", "issuer.key"])
def test_garbage_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, args: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "issuer.key").write_bytes(random.Random(1).randbytes(5000))
    code, out, err = run(capsys, *args.split())
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert err.startswith("cabinpay: unknown_thing: ")
