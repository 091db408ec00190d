import framebuf

from . import font, layout, letters

# A receipt's QR code and its quiet zone; of modules smaller than two pixels phones read nothing off a small panel
_RECEIPT_MODULES = 57 + 8
_RECEIPT_PIXELS = 2
# Screens that say something; the others have keys and numbers, each in a row of its own
_SENTENCES = ("verdict", "stopped")


class Screen:
    """Draws crew screens on a panel, band by band, for a whole picture is a tenth of a small board's free memory: 1 bit
    a pixel, MONO_HLSB, with `width`, `height`, `band` (rows in `buffer`), draw(top) for the band from row `top` on and
    show(name, lines, code) at the end. Text is as large as the whole screen fits, for who reads at arm's length; a QR
    code is as large as it can be with its quiet zone of 4 modules below one line of text."""

    def __init__(self, panel, buzzer):
        self._panel = panel
        self._buzzer = buzzer
        # a small panel has no pixels to give away
        self._margin = 8 if panel.width >= 160 else 0
        self._columns = (panel.width - 2 * self._margin) // 8
        self.rows = (panel.height - self._margin) // layout.TALL_ROW
        self._head = layout.TALL_ROW + self._margin // 2
        self.shows_receipts = min(panel.width, panel.height - self._head) >= _RECEIPT_MODULES * _RECEIPT_PIXELS
        self._frame = _bitmap(panel.buffer, panel.width, panel.band)
        # the band being drawn
        self._top = 0

    def sound(self, tone):
        self._buzzer.play(tone)

    def show(self, name, lines, qr=None, code=""):
        panel = self._panel
        begin = self._bar() + self._margin if code else self._margin // 2
        size, modules = _encoded(qr) if qr else (0, b"")
        height = self._head if qr else panel.height
        rows = layout.page(lines, self._columns, height - begin, name in _SENTENCES)
        for self._top in range(0, panel.height, panel.band):
            self._frame.fill(0)
            if code:
                self._verdict(code)
            if qr:
                self._qr(size, modules)
            for y, row, large in rows:
                if self._seen(begin + y, 16 * large or 8):
                    self._text(row, begin + y - self._top, large)
            panel.draw(self._top)
        panel.show(name, lines, code)

    def _seen(self, y, height):
        """Does something of this lie in the band?"""
        return self._top - height < y < self._top + self._panel.band

    def _rect(self, x, y, w, h, colour):
        self._frame.fill_rect(x, y - self._top, w, h, colour)

    def _text(self, row, y, size):
        x = self._margin
        if size is layout.SMALL:
            self._frame.text(row, x, y, 1)
            return
        put = letters.doubled if size is layout.BIG else letters.plain
        buffer, stride, band = self._panel.buffer, self._panel.width // 8, self._panel.band
        x //= 8
        for c in row:
            columns = 1 if layout.narrow(c) else 2
            put(font.glyph(c), columns, buffer, stride, band, x, y)
            x += columns * size

    def _bar(self):
        """Height of the bar that tells verdicts apart from across the aisle."""
        return max(14, self._panel.height // 5)

    def _verdict(self, code):
        """Each bar has a sign of its own: approval is light and ticked, anything else dark in a frame."""
        w, h = self._panel.width, self._bar()
        if not self._seen(0, h):
            return
        approved = code == "approved"
        self._rect(0, 0, w, h, 1)
        if not approved:
            edge = h // 12
            self._rect(edge, edge, w - 2 * edge, h - 2 * edge, 0)
        size = h * 2 // 3
        left, top, thick = (w - size) // 2, (h - size) // 2, max(2, size // 6)
        for x0, y0, x1, y1 in _SIGNS.get(code, _CROSS):
            self._stroke(left, top, size, thick, (x0, y0, x1, y1), not approved)

    def _stroke(self, left, top, size, thick, ends, colour):
        """A thick line between two points given in eighths of a square of `size`."""
        x0, y0, x1, y1 = [n * (size - thick) // 8 for n in ends]
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(steps + 1):
            x, y = x0 + (x1 - x0) * i // steps, y0 + (y1 - y0) * i // steps
            self._rect(left + x, top + y, thick, thick, colour)

    def _qr(self, size, modules):
        top = self._head
        scale = max(1, min(self._panel.width, self._panel.height - top) // (size + 8))
        side = (size + 8) * scale
        left = (self._panel.width - side) // 2
        top += (self._panel.height - top - side) // 2
        self._rect(left, top, side, side, 1)
        stride = (size + 7) // 8
        for row in range(size):
            y = top + (row + 4) * scale
            for column in range(size if self._seen(y, scale) else 0):
                if modules[row * stride + column // 8] & 0x80 >> column % 8:
                    self._rect(left + (column + 4) * scale, y, scale, scale, 0)


_CROSS = ((0, 0, 8, 8), (0, 8, 8, 0))
# strokes in eighths of a square
_SIGNS = {
    "approved": ((0, 4, 3, 8), (3, 8, 8, 1)),
    "already_paid": ((2, 0, 2, 5), (2, 8, 2, 8), (6, 0, 6, 5), (6, 8, 6, 8)),
    "cancelled": ((0, 4, 8, 4),),
}


def _encoded(text):
    # 4 KB that a terminal which is only shown codes never needs
    from . import qrcode

    return qrcode.encode(text)


def _bitmap(buffer, width, height):
    return framebuf.FrameBuffer(buffer, width, height, framebuf.MONO_HLSB)
