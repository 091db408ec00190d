"""The Chinese glyphs: every character that the firmware's texts use has one, and lines fit the smallest panel."""

from cabinpay.agent import texts, texts_zh
from cabinpay.io import font
from cabinpay.io.font16 import BITS, CHARS


def test_every_character_of_the_texts_has_a_glyph():
    for lines in texts_zh.LINES.values():
        for char in "".join(lines):
            assert char <= "~" or char in CHARS, char


def test_glyphs_are_ordered_and_of_one_size():
    assert list(CHARS) == sorted(set(CHARS))
    assert len(BITS) == 32 * len(CHARS)
    for i, char in enumerate(CHARS):
        assert bytes(font.glyph(char)) == BITS[32 * i : 32 * i + 32]


def test_a_character_without_a_glyph_is_a_box():
    for char in ("\u0100", "\u9f98", "\uffff"):
        assert font.glyph(char) == font.glyph("\u25a1")


def test_both_languages_know_the_same_codes_and_fit_a_line():
    assert sorted(texts_zh.LINES) == sorted(texts.LINES)
    for lines in texts_zh.LINES.values():
        assert len(lines) == 2
        assert all(sum(16 if c > "~" else 8 for c in line) <= 232 for line in lines), lines
