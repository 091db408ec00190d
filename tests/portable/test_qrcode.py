"""The QR encoder draws what an independent encoder draws, on every interpreter it runs on."""

import hashlib
from binascii import hexlify

from cabinpay.io.qrcode import encode
from support import vectors


def test_draws_what_the_golden_file_says() -> None:
    cases = vectors("qrcode")
    assert len(cases) >= 20
    for case in cases:
        size, bitmap = encode(case["text"])
        assert size == case["size"]
        assert hexlify(hashlib.sha256(bitmap).digest()).decode() == case["sha256"], case["text"]


def test_bitmap_rows_are_whole_bytes_with_light_padding() -> None:
    for length, size, stride in ((20, 21, 3), (71, 33, 5), (311, 57, 8)):
        drawn, bitmap = encode("A" * length)
        assert drawn == size
        assert len(bitmap) == size * stride
        for row in range(size):
            assert bitmap[row * stride + stride - 1] & ((1 << (stride * 8 - size)) - 1) == 0


def test_same_text_gives_a_fresh_bitmap() -> None:
    _, first = encode("CP1B:AGAIN")
    kept = bytes(first)
    first[0] ^= 0xFF
    _, second = encode("CP1B:AGAIN")
    assert second == kept


def refused(text: str) -> bool:
    try:
        encode(text)
    except ValueError:
        return True
    return False


def test_text_that_no_symbol_holds_is_refused() -> None:
    assert not refused("A" * 311)
    assert refused("A" * 312)
    assert refused("")


def test_characters_outside_the_alphanumeric_set_are_refused() -> None:
    for character in ("a", "\n", "\0", "_", ";", "\x7f", "é", "０", "€"):
        assert refused(character)
        assert refused("CP1B:" + character + "A")
