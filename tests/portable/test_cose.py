"""COSE_Sign1 in its one form: vectors both ways, every refusal, and what a signature does and does not cover."""

import ed25519
from cabinpay.wire import cbor, cose, keys, trust
from entries import check_refusals, octets, payload_of, public_keys, section
from support import refusal, seed

SEED = seed("issuer")
KEY = ed25519.public_key(SEED)


def sign(message):
    return ed25519.sign(SEED, message)


def by_key(public):
    return lambda _, message, signature: ed25519.verify(public, message, signature)


def test_written_labels_give_the_written_keys():
    for entry in section("keys"):
        public = ed25519.public_key(seed(entry["label"]))
        assert public == octets(entry["public_key"])
        assert keys.kid(public) == octets(entry["kid"])


def test_every_signed_object_verifies_and_is_written_again_to_the_same_bytes():
    count = 0
    for entry in section("objects"):
        if "signer" not in entry:
            continue
        count += 1
        payload = payload_of(entry)
        kid = keys.kid(public_keys()[entry["signer"]]) if entry["form"] != "Payment" else None
        secret = seed(entry["signer"])
        again = cose.sign(payload, kid, lambda m, s=secret: ed25519.sign(s, m), octets(entry["external_aad"]), cbor)
        assert again == octets(entry["encoded"]), entry["name"]
    assert count == 24


def test_refusals_of_form():
    check_refusals("cose.parse", lambda entry: cose.parse(octets(entry["input"]), cbor))


def test_refusals_of_signature():
    known = public_keys()

    def read(entry):
        trusted = [known[label] for label in entry["keys"]]
        verify = trust.by_keys(trusted, ed25519.verify) if entry["by_kid"] else by_key(trusted[0])
        return cose.open(octets(entry["input"]), verify, octets(entry["external_aad"]), cbor)

    check_refusals("cose.open", read)


def test_verifier_is_asked_for_kid_signed_bytes_and_signature():
    asked = []

    def verify(kid, message, signature):
        asked.append((kid, message, signature))
        return True

    data = cose.sign(b"payload", b"8 bytes.", lambda _: bytes(64), b"aad", cbor)
    assert cose.open(data, verify, b"other", cbor) == b"payload"
    header = b"\xa2\x01\x32\x04\x48" + b"8 bytes."
    assert asked == [(b"8 bytes.", cbor.encode(["Signature1", header, b"other", b"payload"]), bytes(64))]
    data = cose.sign(b"", None, lambda _: bytes(64), b"", cbor)
    assert cose.open(data, verify, b"", cbor) == b""
    assert asked[1][0] is None


def test_a_verifier_that_says_no_is_believed():
    data = cose.sign(b"payload", None, sign, b"aad", cbor)
    assert refusal(cose.open, data, lambda *_: False, b"aad", cbor) == "signature"


def test_each_aad_keeps_its_objects_apart():
    aads = [cose.AAD_PASS, cose.AAD_RECEIPT, cose.AAD_DELEGATION, cose.AAD_BUNDLE, cose.AAD_LOGIN, cose.AAD_ACK]
    aads.append(cose.AAD_TIME)
    for aad in aads:
        data = cose.sign(b"payload", keys.kid(KEY), sign, aad, cbor)
        opened = [other for other in aads if refusal(cose.open, data, by_key(KEY), other, cbor) is None]
        assert opened == [aad]


def test_no_byte_can_be_changed():
    data = cose.sign(b"pay", keys.kid(KEY), sign, b"", cbor)
    for i in range(len(data)):
        changed = data[:i] + bytes([data[i] ^ 1]) + data[i + 1 :]
        assert refusal(cose.open, changed, trust.by_keys([KEY], ed25519.verify), b"", cbor) is not None, i


def test_kid_takes_eight_bytes():
    for kid in (b"", bytes(7), bytes(9)):
        assert refusal(cose.sign, b"", kid, sign, b"", cbor) == "ValueError"
