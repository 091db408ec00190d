"""The fonts: every character that the firmware's texts use has a glyph, and one that has none is a box."""

from cabinpay.io import font, font16, layout
from texts import everything, is_code

BOX = bytes(font.glyph("\u25a1"))


def drawn(char):
    return char == "\u25a1" or bytes(font.glyph(char)) != BOX


def test_every_character_of_the_texts_has_a_glyph():
    for name in ("en", "zh"):
        for lines in everything(name).values():
            assert all(drawn(c) for line in lines for c in line), lines
    assert all(layout.narrow(c) or c in font16.CHARS for lines in everything("en").values() for c in "".join(lines))


def test_glyphs_are_of_one_size_and_no_two_alike():
    assert len(font16.ASCII) == 95 * 16
    assert len(font16.BITS) == 32 * len(font16.CHARS) == 32 * len(set(font16.CHARS))
    seen = {bytes(font.glyph(chr(code))) for code in range(0x20, 0x7F)}
    assert len(seen) == 95
    chars = {c for lines in everything("zh").values() for c in "".join(lines) if not layout.narrow(c)}
    assert len(chars) > 150 and len({bytes(font.glyph(c)) for c in chars}) == len(chars)
    assert {len(font.glyph(c)) for c in chars} == {32}


def test_where_a_glyph_lies():
    assert bytes(font.glyph(" ")) == bytes(16)
    assert bytes(font.glyph("-")) == bytes(9) + b"\x3c" + bytes(6), "a stroke in the middle"
    assert bytes(font.glyph("\u4e00")) == bytes(14) + b"\xff\xfe" + bytes(16), "a stroke in the middle, and wide"


def test_a_character_without_a_glyph_is_a_box():
    for char in ("\u0100", "\u9f98", "\uffff", "\x7f", "\u4dff", "\uffe6"):
        assert bytes(font.glyph(char)) == BOX, char
    for char in ("\n", "\0", "\x1f"):
        assert bytes(font.glyph(char)) == bytes(16), "control characters are never printed: a space"


def test_a_lost_font_is_boxes():
    name, font.FILE = font.FILE, "no such file"
    try:
        assert bytes(font.glyph("\u4e00")) == BOX and bytes(font.glyph("A")) != BOX
    finally:
        font.FILE = name


def test_both_languages_say_the_same_things_in_lines_that_fit():
    english, chinese = everything("en"), everything("zh")
    assert sorted(english) == sorted(chinese)
    for name in english:
        assert shape(english[name]) == shape(chinese[name]), name
        assert is_code(name) or len(english[name]) == len(chinese[name]), name
        assert all(0 < layout.width(text) <= 28 for text in english[name] + chinese[name]), name
        assert not is_code(name) or all("*" in text or layout.width(text) <= 14 for text in chinese[name]), name


def shape(lines):
    """What must be the same in both languages: what is filled in or parted where; a code's lines may be fewer."""
    places = []
    for text in lines:
        places += [part[:1] for part in text.split("%")[1:] if part[:1] in ("d", "s")]
        places += ["parted"] if "  " in text else []
    return places
