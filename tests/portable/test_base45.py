"""Base45 against RFC 9285, and against itself for every group there can be."""

from cabinpay.wire import base45
from entries import check_refusals, octets, section
from support import refusal


def test_examples_of_rfc_9285():
    for case in section("cases", "rfc9285"):
        text = case["text"].encode()
        if case["accept"]:
            assert base45.encode(octets(case["data"])) == case["text"]
            assert base45.decode(text) == octets(case["data"])
        else:
            assert refusal(base45.decode, text) == "base45"


def test_refusals():
    check_refusals("base45.decode", lambda entry: base45.decode(entry["text"].encode()))


def test_nothing_stays_nothing():
    assert base45.encode(b"") == ""
    assert base45.decode(b"") == b""


def test_every_byte_and_some_pairs_come_back():
    for n in range(256):
        assert base45.decode(base45.encode(bytes([n])).encode()) == bytes([n])
    for n in range(0, 0x10000, 51):  # 51 divides 65535
        pair = n.to_bytes(2, "big")
        assert base45.decode(base45.encode(pair).encode()) == pair


def test_length_is_three_characters_for_two_bytes_and_two_for_the_last():
    for size in range(20):
        assert len(base45.encode(bytes(size))) == size // 2 * 3 + size % 2 * 2
    for length in range(20):
        text = b"0" * length
        assert refusal(base45.decode, text) == ("base45" if length % 3 == 1 else None)


def test_alphabet_is_that_of_qr_codes_and_nothing_else():
    for n in range(256):
        known = bytes([n]) in base45.ALPHABET
        assert (refusal(base45.decode, bytes([n, 0x30, 0x30])) is None) == known
        assert (refusal(base45.decode, bytes([0x30, 0x30, 0x30, n, 0x30])) is None) == known


def test_largest_groups():
    assert base45.decode(b"U5") == b"\xff"
    assert refusal(base45.decode, b"V5") == "base45"
    assert base45.decode(b"FGW") == b"\xff\xff"
    assert refusal(base45.decode, b"GGW") == "base45"


def test_any_bytes_like_text_is_read():
    for kind in (bytes, bytearray, memoryview):
        assert base45.decode(kind(b"QED8WEX0")) == b"ietf!"
        assert base45.encode(kind(b"ietf!")) == "QED8WEX0"
