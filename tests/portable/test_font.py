"""The fonts: every character that the firmware's texts use has a glyph, and one that has none is a box."""

from cabinpay.agent import texts, texts_zh
from cabinpay.io import font, font16, font16_zh, layout


def strings(value):
    """Every text in a module's data, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key in value:
            yield from strings(value[key])
    elif isinstance(value, tuple):
        for item in value:
            yield from strings(item)


def data(module):
    """{name: value} of what a module of texts holds."""
    return {name: getattr(module, name) for name in dir(module) if name[0] != "_"}


def test_every_character_of_the_texts_has_a_glyph():
    for text in strings(data(texts)):
        assert all(layout.narrow(c) or c in font16.CHARS for c in text), text
    for text in strings(data(texts_zh)):
        assert all(layout.narrow(c) or c in font16.CHARS or c in font16_zh.CHARS for c in text), text


def test_glyphs_are_of_one_size_and_no_two_alike():
    assert len(font16.ASCII) == 95 * 16
    for module in (font16, font16_zh):
        assert len(module.BITS) == 32 * len(module.CHARS) == 32 * len(set(module.CHARS))
    seen = {bytes(font.glyph(chr(code))) for code in range(0x20, 0x7F)}
    assert len(seen) == 95
    seen = {bytes(font.glyph(c)) for c in font16.CHARS + font16_zh.CHARS}
    assert len(seen) == len(font16.CHARS + font16_zh.CHARS)


def test_where_a_glyph_lies():
    assert bytes(font.glyph(" ")) == bytes(16)
    assert bytes(font.glyph("-")) == bytes(9) + b"\x3c" + bytes(6), "a stroke in the middle"
    assert bytes(font.glyph("\u4e00")) == bytes(14) + b"\xff\xfe" + bytes(16), "a stroke in the middle, and wide"
    for c in font16.CHARS + font16_zh.CHARS:
        assert len(font.glyph(c)) == 32


def test_a_character_without_a_glyph_is_a_box():
    box = bytes(font.glyph("\u25a1"))
    for char in ("\u0100", "\u9f98", "\uffff", "\n", "\x7f", "\0"):
        assert bytes(font.glyph(char)) == box, char


def test_glyphs_are_not_copied():
    assert isinstance(font.glyph("A"), memoryview) and isinstance(font.glyph("\u4e2d"), memoryview)


def test_both_languages_say_the_same_things_in_lines_that_fit():
    english, chinese = data(texts), data(texts_zh)
    assert sorted(english) == sorted(chinese)
    for name in english:
        assert shape(english[name]) == shape(chinese[name]), name
    for module in (english, chinese):
        assert all(0 < layout.width(text) <= 28 for text in strings(module))
    assert all("*" in text or layout.width(text) <= 14 for text in strings(chinese["LINES"]))


def shape(value):
    """What must be the same in both languages: codes, and what is filled in or parted where; a code's lines may be
    fewer."""
    if isinstance(value, dict):
        return sorted([(key, shape(value[key])) for key in value])
    places = []
    for text in value if isinstance(value, tuple) else [value]:
        if isinstance(text, str):
            places += [part[:1] for part in text.split("%")[1:] if part[:1] in ("d", "s")]
            places += ["parted"] if "  " in text else []
    return places
