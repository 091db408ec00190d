"""Every screen of both languages drawn on the panels: nothing lies outside, nothing overlaps, no line is lost."""

import hashlib

from cabinpay.io import font, layout
from cabinpay.io.screen import Screen, double
from screens import Tour

LARGE, OLED = (240, 240), (128, 64)


class Frame:
    """A screen's framebuf that notes what would lie beyond its edges and where letters are."""

    def __init__(self, screen, panel):
        self._frame = screen._frame
        self._panel = panel
        self._known = []
        for narrow, size in screen._glyphs:
            bits, glyph = screen._glyphs[narrow, size]
            self._known.append((bits, glyph, (8 if narrow else 16) * size, 16 * size))
        self.outside = []
        self.letters = []

    def _note(self, x, y, w, h):
        if x < 0 or y < 0 or x + w > self._panel.width or y + h > self._panel.height:
            self.outside.append((x, y, w, h))

    def fill(self, colour):
        self.letters = []
        self._frame.fill(colour)

    def fill_rect(self, x, y, w, h, colour):
        self._note(x, y, w, h)
        self._frame.fill_rect(x, y, w, h, colour)

    def text(self, text, x, y, colour):
        self._note(x, y, 8 * len(text), 8)
        self.letters += [(y, 8)] * len(text.replace(" ", ""))
        self._frame.text(text, x, y, colour)

    def blit(self, glyph, x, y):
        for bits, known, w, h in self._known:
            if known is glyph:
                self._note(x, y, w, h)
                self.letters += [(y, h)] if any(bits) else []
        self._frame.blit(glyph, x, y)


class Panel:
    """Checks each frame that it is shown."""

    def __init__(self, size, check):
        self.width, self.height = size
        self.buffer = bytearray(self.width * self.height // 8)
        self.screen = Screen(self, self)
        self.frame = self.screen._frame = Frame(self.screen, self)
        self.shown = set()
        self.check = check

    def play(self, tone):
        pass

    def show(self, name, lines, code):
        self.shown.add(name)
        assert self.frame.outside == [], (name, lines, self.frame.outside)
        rows = sorted(set(self.frame.letters))
        assert all(rows[i][0] + rows[i][1] <= rows[i + 1][0] for i in range(len(rows) - 1)), (lines, rows)
        self.check(lines, len(self.frame.letters))


def letters(text):
    return len(text.replace(" ", ""))


def every_line(lines, drawn):
    """All letters are there; of a line of two parts the left one may be cut."""
    cut = sum([letters(line[: line.rfind("  ")]) for line in lines if "  " in line])
    assert sum([letters(line) for line in lines]) - cut <= drawn <= sum([letters(line) for line in lines]), (
        lines,
        drawn,
    )


def first_line(lines, drawn):
    assert drawn >= min(letters(lines[0]), 8), lines


def toured(language, size, check):
    panel = Panel(size, check)
    tour = Tour(panel.screen, language, lambda name: None)
    tour.go()
    missing = (set(tour.crew._keys) | {"stopped"}) - panel.shown
    assert missing == (set() if panel.screen.shows_receipts else {"receipt"}), missing
    return panel


def test_english_needs_no_chinese_font():
    def loaded():
        raise AssertionError("the Chinese font is loaded")

    chinese, font._chinese = font._chinese, loaded
    try:
        toured("en", LARGE, every_line)
    finally:
        font._chinese = chinese


def test_chinese():
    toured("zh", LARGE, every_line)


def test_english_on_a_small_display():
    panel = toured("en", OLED, first_line)
    assert panel.screen.rows == 4 and not panel.screen.shows_receipts


def test_chinese_on_a_small_display():
    toured("zh", OLED, first_line)


def verdict(panel, code):
    """A digest of the whole picture, and how many of 100 pixels of its bar are lit."""
    panel.screen.show("verdict", ["x"], code=code)
    bar = memoryview(panel.buffer)[: 48 * 30]
    return hashlib.sha256(panel.buffer).digest(), sum([bin(byte).count("1") for byte in bar]) * 100 // (48 * 240)


def test_every_verdict_has_a_picture_of_its_own():
    panel = Panel(LARGE, lambda lines, drawn: None)
    seen = {code: verdict(panel, code) for code in ("", "approved", "already_paid", "cancelled", "stale")}
    assert len({digest for digest, _ in seen.values()}) == 5
    assert verdict(panel, "per_sale") == seen["stale"], "refusals look alike"
    assert seen["approved"][1] > 90 and seen["already_paid"][1] < 30, "light and dark, from across the aisle"


def test_doubled_letters():
    out = bytearray(8)
    double(b"\x81\x3c", 1, out)
    assert out == b"\xc0\x03\xc0\x03\x0f\xf0\x0f\xf0"
    out = bytearray(16)
    double(b"\x81\x3c\xff\x00", 2, out)
    assert out == b"\xc0\x03\x0f\xf0" * 2 + b"\xff\xff\x00\x00" * 2


def test_a_qr_code_has_its_quiet_zone():
    for size, scale in ((LARGE, 5), (OLED, 1)):
        panel = Panel(size, lambda lines, drawn: None)
        panel.screen.show("bill", ["Trolley 2  12.00 EUR"], "CP1B:" + "A" * 70)
        pixel = panel.frame._frame.pixel
        side, zone = 41 * scale, 4 * scale
        left, top = (panel.width - side) // 2, lit_from(pixel, panel)
        assert top + side <= panel.height
        for y in range(side):
            assert not pixel(left - 1, top + y) and not pixel(left + side, top + y)
            for x in range(side):
                quiet = min(x, y, side - 1 - x, side - 1 - y) < zone
                assert not quiet or pixel(left + x, top + y), (x, y)
        assert not pixel(left + zone, top + zone), "a finder's corner"


def lit_from(pixel, panel):
    """The first row below the text that has a lit pixel in the middle."""
    return next(
        y for y in range(layout.TALL_ROW + panel.screen._margin // 2, panel.height) if pixel(panel.width // 2, y)
    )
