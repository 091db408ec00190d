"""Delegation and trust bundle: vectors both ways, every refusal, and which keys open what."""

import ed25519
from cabinpay.wire import cbor, cose, keys, trust
from entries import check_refusals, claims, first, objects, octets, payload_of, public_keys
from support import refusal, seed

KEYS = public_keys()
ROOTS = [KEYS["root"], KEYS["root next"]]


def open_with(roots, data):
    return trust.open_bundle(data, roots, ed25519.verify, cbor)


def test_delegation_and_bundle_both_ways():
    for kind, form in ((trust.Delegation, "Delegation"), (trust.Bundle, "Bundle")):
        for entry in objects(form):
            payload, written = payload_of(entry), claims(entry["claims"])
            record = kind.unpack(payload, cbor)
            found = {field[0]: getattr(record, field[1]) for field in kind.FIELDS}
            assert {label: found[label] for label in found if found[label] is not None} == written
            assert record.pack(cbor) == payload


def test_a_bundle_opens_with_the_pinned_roots():
    data = octets(first("Bundle")["encoded"])
    for roots in (ROOTS, ROOTS[:1], [KEYS["root next"], KEYS["root"]]):
        delegation, bundle = open_with(roots, data)
        assert delegation.bundle_key == KEYS["bundle"]
        assert [entry[0] for entry in bundle.issuers] == [KEYS["issuer"], KEYS["issuer next"]]
        rights = [trust.PULL | trust.ACK | trust.TIME, trust.PULL | trust.MAINTAIN]
        assert [entry[3] for entry in bundle.ground] == rights


def test_a_bundle_stays_shut_with_other_roots():
    data = octets(first("Bundle")["encoded"])
    for roots in ([], [KEYS["root next"]], [KEYS["bundle"]], [KEYS["issuer"]]):
        assert refusal(open_with, roots, data) == "signature"


def test_the_next_root_delegates_as_well():
    entry = first("Delegation")

    def sign(label, payload, aad):
        secret = seed(label)
        return cose.sign(payload, keys.kid(KEYS[label]), lambda m: ed25519.sign(secret, m), aad, cbor)

    bundle = trust.Bundle.unpack(payload_of(first("Bundle")), cbor)
    bundle.delegation = sign("root next", payload_of(entry), cose.AAD_DELEGATION)
    data = sign("bundle", bundle.pack(cbor), cose.AAD_BUNDLE)
    assert open_with(ROOTS, data)[1].delegation == bundle.delegation
    assert refusal(open_with, ROOTS[:1], data) == "signature"


def test_refusals():
    check_refusals("trust.open_bundle", lambda entry: open_with(ROOTS, octets(entry["input"])))


def test_a_key_is_found_by_kid_and_proves_itself_by_signature():
    message = b"message"
    signature = ed25519.sign(seed("ledger"), message)
    verify = trust.by_keys([KEYS["laptop"], KEYS["ledger"]], ed25519.verify)
    assert verify(keys.kid(KEYS["ledger"]), message, signature)
    assert not verify(keys.kid(KEYS["laptop"]), message, signature)
    assert not verify(keys.kid(KEYS["root"]), message, signature)
    assert not verify(None, message, signature)
    assert not verify(keys.kid(KEYS["ledger"]), message + b"!", signature)


def test_of_two_keys_that_share_a_kid_either_may_sign():
    asked = []

    def verify(public, *_):
        asked.append(public)
        return public == KEYS["ledger"]

    answer = trust.by_keys([KEYS["ledger"], KEYS["ledger"]], verify)
    assert answer(keys.kid(KEYS["ledger"]), b"", b"") and asked == [KEYS["ledger"]]


def test_rights_are_single_bits():
    rights = (trust.PULL, trust.ACK, trust.TIME, trust.MAINTAIN)
    assert sum(rights) == 15 and all(right & (right - 1) == 0 for right in rights)
