"""The committed vectors: what their generator makes, right by libsodium and cbor2, with no secret in them, all used."""

import hashlib
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import cbor2
import pytest
from nacl.signing import SigningKey, VerifyKey

from entries import claims, same
from vectors import make_vectors

VECTORS = Path(make_vectors.__file__).parent
CABINPAY = json.loads((VECTORS / "cabinpay.json").read_text())
KEYS = {entry["label"]: entry for entry in CABINPAY["keys"]}
SIGNED = [entry for entry in CABINPAY["objects"] if "signer" in entry]


def test_the_generator_makes_the_committed_file_byte_for_byte() -> None:
    assert make_vectors.make().encode() == (VECTORS / "cabinpay.json").read_bytes()


def test_the_generator_does_not_depend_on_the_run() -> None:
    code = "from vectors import make_vectors; print(make_vectors.make(), end='')"
    path = ":".join(str(VECTORS.parent.parent / name) for name in ("firmware", "host_tools", "tests"))
    env = {"PYTHONHASHSEED": "4711", "PYTHONPATH": path, "TZ": "Asia/Tokyo", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, check=True)
    assert done.stdout == (VECTORS / "cabinpay.json").read_bytes()


def test_no_secret_is_committed() -> None:
    written = "".join(path.read_text() for path in VECTORS.glob("*") if path.is_file() and "rfc8032" not in path.name)
    for label in KEYS:
        seed = SigningKey(hashlib.sha256(b"cabinpay test key " + label.encode()).digest())
        assert bytes(seed.verify_key).hex() in written
        assert bytes(seed).hex() not in written


@pytest.mark.parametrize("entry", SIGNED, ids=lambda entry: entry["name"])
def test_signatures_hold_by_libsodium_over_a_structure_built_by_cbor2(entry: dict[str, Any]) -> None:
    protected, unprotected, payload, signature = cbor2.loads(bytes.fromhex(entry["encoded"]))
    structure = cbor2.dumps(["Signature1", protected, bytes.fromhex(entry["external_aad"]), payload])
    assert structure.hex() == entry["sig_structure"]
    key = KEYS[entry["signer"]]
    VerifyKey(bytes.fromhex(key["public_key"])).verify(structure, signature)
    kid = {} if entry["form"] == "Payment" else {4: bytes.fromhex(key["kid"])}
    assert (cbor2.loads(protected), unprotected) == ({1: -19, **kid}, {})
    assert same(cbor2.loads(payload), claims(entry["claims"]))
    assert payload == cbor2.dumps(cbor2.loads(payload), canonical=False)


def test_every_object_of_the_wire_has_an_entry() -> None:
    assert {entry["form"] for entry in CABINPAY["objects"]} == {
        "Pass", "Payment", "lines", "Bill", "customer", "Evidence", "receipt", "Delegation", "Bundle", "login", "ack",
        "time", "maintenance", "network", "status", "pulled", "log", "request", "reply", "catalogue", "crew", "revoked",
    }  # fmt: skip
    for section in ("objects", "refusals"):
        names = [(entry.get("at"), entry["name"], entry.get("input"), entry.get("text")) for entry in CABINPAY[section]]
        assert len(set(names)) == len(names)


def test_every_refusal_is_read_by_a_portable_test() -> None:
    sources = "".join(path.read_text() for path in (VECTORS.parent / "portable").glob("test_*.py"))
    for at in {entry["at"] for entry in CABINPAY["refusals"]}:
        assert f'"{at}"' in sources, at


def diagnostic(value: Any) -> str:
    """RFC 8949 section 8, as far as appendix A goes; cbor2 has decoded indefinite lengths, tags and floats by then."""
    if isinstance(value, bytes):
        return f"h'{value.hex()}'"
    if isinstance(value, list):
        return "[" + ", ".join(map(diagnostic, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{diagnostic(k)}: {diagnostic(v)}" for k, v in value.items()) + "}"
    if isinstance(value, cbor2.CBORSimpleValue):
        return f"simple({value.value})"
    return "undefined" if value is cbor2.undefined else json.dumps(value, ensure_ascii=False)


def test_rfc8949_says_what_cbor2_says() -> None:
    cases = json.loads((VECTORS / "rfc8949.json").read_text())["cases"]
    assert len(cases) == 81
    for case in cases:
        data, text = bytes.fromhex(case["hex"]), case["diagnostic"]
        value = cbor2.loads(data)
        if case["accept"]:
            assert same(value, claims(case["value"])), text
        if data[0] >> 5 == 6:
            assert_tagged(value, text)
        elif isinstance(value, float):
            expected = float(text.replace("Infinity", "inf"))
            assert value == expected or (math.isnan(value) and math.isnan(expected))
        else:
            assert diagnostic(value) == plain(text), text


def plain(text: str) -> str:
    """A diagnostic without marks of indefinite length."""
    joined = {"(_ h'0102', h'030405')": "h'0102030405'", '(_ "strea", "ming")': '"streaming"', "[_ ]": "[]"}
    return joined.get(text, text.replace("[_ ", "[").replace("{_ ", "{"))


def assert_tagged(value: Any, text: str) -> None:
    if isinstance(value, int):
        assert str(value) == text
    elif hasattr(value, "timestamp"):
        assert text in (f'0("{value:%Y-%m-%dT%H:%M:%SZ}")', f"1({value.timestamp():.10g})", f"1({value.timestamp()})")
    else:
        assert f"{value.tag}({diagnostic(value.value)})" == text
