"""Every screen of both languages drawn on the panels: nothing lies outside, nothing overlaps, no line is lost."""

import hashlib

import framebuf

from cabinpay.io import font, layout, letters, screen
from cabinpay.io.screen import Screen
from screens import Tour

LARGE, OLED = (240, 240), (128, 64)


class Frame:
    """A screen's framebuf, of one band of it, that notes what would lie beyond its edges and where letters are."""

    def __init__(self, screen, panel):
        self._frame = screen._frame
        self._screen = screen
        self._panel = panel
        self.fill = self._frame.fill
        self.begin()

    def begin(self):
        self.outside = []
        self.letters = set()

    def _note(self, x, y, w, h):
        y += self._screen._top
        if x < 0 or y < 0 or x + w > self._panel.width or y + h > self._panel.height:
            self.outside.append((x, y, w, h))
        return y

    def fill_rect(self, x, y, w, h, colour):
        self._note(x, y, w, h)
        self._frame.fill_rect(x, y, w, h, colour)

    def text(self, text, x, y, colour):
        top = self._note(x, y, 8 * len(text), 8)
        self.letters.update((top, 8, i) for i in range(len(text)) if text[i] != " ")
        self._frame.text(text, x, y, colour)

    def plain(self, glyph, columns, out, stride, height, column, top):
        self._letter(glyph, 8 * column, top, 8 * columns, 16)
        letters.plain(glyph, columns, out, stride, height, column, top)

    def doubled(self, glyph, columns, out, stride, height, column, top):
        self._letter(glyph, 8 * column, top, 16 * columns, 32)
        letters.doubled(glyph, columns, out, stride, height, column, top)

    def _letter(self, glyph, x, y, w, h):
        top = self._note(x, y, w, h)
        if any(glyph):
            self.letters.add((top, h, x))


class Panel:
    """Checks each frame that it is shown. `band` as on the boards, which draw a large panel in parts."""

    def __init__(self, size, check):
        self.width, self.height = size
        self.band = min(self.height, 48)
        self.buffer = bytearray(self.width * self.band // 8)
        self.picture = bytearray(self.width * self.height // 8)
        self.screen = Screen(self, self)
        self.frame = self.screen._frame = screen.letters = Frame(self.screen, self)
        self.shown = set()
        self.check = check

    def play(self, tone):
        pass

    def draw(self, top):
        part = memoryview(self.picture)[top * self.width // 8 :][: len(self.buffer)]
        part[:] = memoryview(self.buffer)[: len(part)]

    def show(self, name, lines, code):
        self.shown.add(name)
        frame = self.frame
        assert frame.outside == [], (name, lines, frame.outside)
        rows = sorted({(y, h) for y, h, _ in frame.letters})
        assert all(rows[i][0] + rows[i][1] <= rows[i + 1][0] for i in range(len(rows) - 1)), (lines, rows)
        self.check(lines, len(frame.letters))
        frame.begin()


def printed(text):
    return len(text.replace(" ", ""))


def every_line(lines, drawn):
    """All letters are there; of a line of two parts the left one may be cut."""
    cut = sum([printed(line[: line.rfind("  ")]) for line in lines if "  " in line])
    assert sum([printed(line) for line in lines]) - cut <= drawn <= sum([printed(line) for line in lines]), (
        lines,
        drawn,
    )


def first_line(lines, drawn):
    assert drawn >= min(printed(lines[0]), 8), lines


def toured(language, size, check):
    panel = Panel(size, check)
    tour = Tour(panel.screen, language, lambda name: None)
    tour.go()
    missing = (set(tour.crew._keys) | {"stopped"}) - panel.shown
    assert missing == (set() if panel.screen.shows_receipts else {"receipt"}), missing
    return panel


def test_english_needs_no_chinese_font():
    name, font.FILE = font.FILE, "no such file"
    try:
        toured("en", LARGE, every_line)
    finally:
        font.FILE = name


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
    bar = memoryview(panel.picture)[: 48 * 30]
    return hashlib.sha256(panel.picture).digest(), sum([bin(byte).count("1") for byte in bar]) * 100 // (48 * 240)


def test_every_verdict_has_a_picture_of_its_own():
    panel = Panel(LARGE, lambda lines, drawn: None)
    seen = {code: verdict(panel, code) for code in ("", "approved", "already_paid", "cancelled", "stale")}
    assert len({digest for digest, _ in seen.values()}) == 5
    assert verdict(panel, "per_sale") == seen["stale"], "refusals look alike"
    assert seen["approved"][1] > 90 and seen["already_paid"][1] < 30, "light and dark, from across the aisle"


def drawn(put, glyph, columns, size, top):
    """Rows of a bitmap of 8 bytes a row and 40 rows after a glyph was put at its second byte."""
    out = bytearray(320)
    put(glyph, columns, out, 8, 40, 1, top)
    return [bytes(out[i : i + 1 + columns * size]) for i in range(0, 320, 8)]


def test_letters_row_by_row():
    one, two = b"\x81" + bytes(14) + b"\x3c", b"\x81\x3c" + bytes(28) + b"\xff\x00"
    rows = drawn(letters.plain, one, 1, 1, 3)
    assert rows[3] == b"\0\x81" and rows[18] == b"\0\x3c" and not any(rows[2] + rows[4] + rows[19])
    rows = drawn(letters.plain, two, 2, 1, 24)
    assert rows[24] == b"\0\x81\x3c" and rows[39] == b"\0\xff\0"


def test_doubled_letters():
    one, two = b"\x81" + bytes(14) + b"\x3c", b"\x81\x3c" + bytes(28) + b"\xff\x00"
    rows = drawn(letters.doubled, one, 1, 2, 3)
    assert rows[3] == rows[4] == b"\0\xc0\x03" and rows[33] == rows[34] == b"\0\x0f\xf0" and not any(rows[5])
    rows = drawn(letters.doubled, two, 2, 2, 8)
    assert rows[8] == rows[9] == b"\0\xc0\x03\x0f\xf0" and rows[38] == rows[39] == b"\0\xff\xff\0\0"


def test_letters_at_the_edges_of_a_band():
    glyph = bytes(range(1, 17))
    for put, size in ((letters.plain, 1), (letters.doubled, 2)):
        whole = drawn(put, glyph, 1, size, 0)[: 16 * size]
        above, below = drawn(put, glyph, 1, size, -5), drawn(put, glyph, 1, size, 33)
        assert above[: 16 * size - 5] == whole[5:] and not any(b"".join(above[16 * size - 5 :]))
        assert below[33:] == whole[:7] and not any(b"".join(below[:33]))


def test_a_qr_code_has_its_quiet_zone():
    for size, scale in ((LARGE, 5), (OLED, 1)):
        panel = Panel(size, lambda lines, drawn: None)
        panel.screen.show("bill", ["Trolley 2  12.00 EUR"], "CP1B:" + "A" * 70)
        pixel = framebuf.FrameBuffer(panel.picture, panel.width, panel.height, framebuf.MONO_HLSB).pixel
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


def test_a_picture_is_the_same_in_bands():
    whole, parts = Panel((240, 240), lambda lines, drawn: None), Panel((240, 240), lambda lines, drawn: None)
    whole.band = 240
    whole.buffer = bytearray(len(whole.picture))
    whole.screen = Screen(whole, whole)
    whole.frame = whole.screen._frame = Frame(whole.screen, whole)
    for shown in ((["APPROVED", "12.00 EUR", "中文"], None, "approved"), (["Bill  5.00"], "CP1B:" + "AB3" * 40, "")):
        for panel in (whole, parts):
            panel.screen.show("bill", shown[0], qr=shown[1], code=shown[2])
        assert any(whole.picture) and whole.picture == parts.picture
