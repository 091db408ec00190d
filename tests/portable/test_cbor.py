"""The strict codec: RFC 8949's own examples, every refusal, and the bounds on both sides of each."""

from cabinpay.wire import cbor
from entries import check_refusals, claims, octets, same, section
from support import refusal


def test_examples_of_rfc_8949():
    accepted = refused = 0
    for case in section("cases", "rfc8949"):
        data = octets(case["hex"])
        if case["accept"]:
            accepted += 1
            assert same(cbor.decode(data), claims(case["value"])), case["diagnostic"]
            assert cbor.encode(claims(case["value"])) == data, case["diagnostic"]
        else:
            refused += 1
            assert refusal(cbor.decode, data) == "cbor", case["diagnostic"]
    assert (accepted, refused) == (37, 44)


def test_refusals():
    check_refusals("cbor.decode", lambda entry: cbor.decode(octets(entry["input"])))


def test_integers_around_every_length_of_head():
    for n, size in ((0, 1), (23, 1), (24, 2), (255, 2), (256, 3), (65535, 3), (65536, 5), (2**32 - 1, 5), (2**32, 9)):
        for value in (n, -1 - n):
            assert len(cbor.encode(value)) == size
            assert same(cbor.decode(cbor.encode(value)), value)
    for value in (2**64 - 1, -(2**64)):
        assert same(cbor.decode(cbor.encode(value)), value)
    for value in (2**64, -(2**64) - 1):
        assert refusal(cbor.encode, value) == "ValueError"


def test_lengths_around_every_length_of_head():
    for length in (0, 1, 23, 24, 255, 256, 300):
        for value in (b"x" * length, "x" * length, [0] * length, dict.fromkeys(range(length))):
            assert same(cbor.decode(cbor.encode(value)), value)


def test_map_keys_are_written_in_order_of_their_bytes():
    keys = [0, 10, 100, 1000, -1, -100, b"", b"a", b"aa", "", "a", "aa"]
    expected = b"\xac" + b"".join([cbor.encode(key) + b"\xf6" for key in keys])
    assert cbor.encode(dict.fromkeys(reversed(keys))) == expected
    assert cbor.decode(expected) == dict.fromkeys(keys)


def test_nothing_else_can_be_a_key():
    for key in (None, True, False, (1,)):
        assert type_error(cbor.encode, {key: 0}), key


def test_what_cannot_be_written_is_a_type_error():
    for value in (1.0, {1}, object(), cbor):
        assert type_error(cbor.encode, value)
        assert type_error(cbor.encode, [value])
        assert type_error(cbor.encode, {0: value})


def type_error(function, value):
    try:
        function(value)
    except TypeError:
        return True
    return False


def test_true_false_and_null_are_no_numbers():
    for data, value in ((b"\xf4", False), (b"\xf5", True), (b"\xf6", None), (b"\x00", 0), (b"\x01", 1)):
        assert cbor.decode(data) is value if value is None else same(cbor.decode(data), value)
        assert cbor.encode(value) == data


def test_depth_is_bounded():
    deepest, one_more = 0, 0
    for _ in range(cbor.MAX_DEPTH):
        deepest = [deepest]
    one_more = [deepest]
    encoded = b"\x81" * cbor.MAX_DEPTH + b"\x00"
    assert cbor.encode(deepest) == encoded
    assert cbor.decode(encoded) == deepest
    assert refusal(cbor.encode, one_more) == "ValueError"
    assert refusal(cbor.decode, b"\x81" + encoded) == "cbor"
    assert refusal(cbor.decode, b"\xa1\x00" * cbor.MAX_DEPTH + b"\x00") is None
    assert refusal(cbor.decode, b"\xa1\x00" * (cbor.MAX_DEPTH + 1) + b"\x00") == "cbor"
    assert refusal(cbor.decode, b"\x81" * cbor.MAX_SIZE) == "cbor"


def test_number_of_items_is_bounded():
    head = b"\x99" + (cbor.MAX_ITEMS - 1).to_bytes(2, "big")
    assert len(cbor.decode(head + bytes(cbor.MAX_ITEMS - 1))) == cbor.MAX_ITEMS - 1
    head = b"\x99" + cbor.MAX_ITEMS.to_bytes(2, "big")
    assert refusal(cbor.decode, head + bytes(cbor.MAX_ITEMS)) == "cbor"
    # keys are items too
    for pairs in (cbor.MAX_ITEMS // 2 - 1, cbor.MAX_ITEMS // 2):
        data = bytearray(b"\xb9" + pairs.to_bytes(2, "big"))
        for n in range(pairs):
            data.extend(cbor.encode(n))
            data.append(0xF6)
        assert refusal(cbor.decode, data) == (None if pairs < cbor.MAX_ITEMS // 2 else "cbor")


def test_size_is_bounded():
    text = cbor.encode(bytes(cbor.MAX_SIZE - 3))
    assert len(text) == cbor.MAX_SIZE
    assert len(cbor.decode(text)) == cbor.MAX_SIZE - 3
    assert refusal(cbor.decode, cbor.encode(bytes(cbor.MAX_SIZE - 2))) == "cbor"


def test_claimed_lengths_cost_no_memory():
    for major in (0x40, 0x60, 0x80, 0xA0):
        for length in (2**16 - 1, 2**31, 2**63, 2**64 - 1):
            data = bytearray(cbor.encode(length))
            data[0] |= major
            assert refusal(cbor.decode, bytes(data) + bytes(100)) == "cbor"


def test_every_cut_and_every_trailing_byte_is_refused():
    data = cbor.encode({1: [1000, -5, b"bytes"], "key": {"a": None}, b"\x01": True})
    assert refusal(cbor.decode, data) is None
    for length in range(len(data)):
        assert refusal(cbor.decode, data[:length]) == "cbor", length
    for extra in (b"\x00", b"\xf6", b"\xff", data):
        assert refusal(cbor.decode, data + extra) == "cbor"


def test_text_is_utf8_by_rfc_3629():
    edges = "\x00 \x7f \x80 \u07ff \u0800 \ud7ff \ue000 \uffff \U00010000 \U0010ffff"
    assert cbor.decode(cbor.encode(edges)) == edges
    for wrong in ("80", "bf", "c0af", "c1bf", "c2", "c241", "e08080", "e09fbf", "eda080", "edbfbf", "e282", "e28241",
                  "f08fbfbf", "f4908080", "f5808080", "f88080808080", "fe", "ff", "f09f98", "f09f9841"):  # fmt: skip
        text = octets(wrong)
        assert refusal(cbor.decode, bytes([0x60 + len(text)]) + text) == "cbor", wrong


def test_any_bytes_like_input_is_read_and_bytes_come_out():
    for kind in (bytes, bytearray, memoryview):
        value = cbor.decode(kind(b"\xa2\x00\x43abc\x01\x63abc"))
        assert same(value, {0: b"abc", 1: "abc"})
        assert cbor.encode({0: kind(b"abc"), 1: "abc"}) == b"\xa2\x00\x43abc\x01\x63abc"


def test_tuples_are_written_as_arrays():
    assert cbor.encode((1, (2, 3))) == cbor.encode([1, [2, 3]]) == b"\x82\x01\x82\x02\x03"
