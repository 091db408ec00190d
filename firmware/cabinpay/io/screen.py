import framebuf

from . import font, layout, qrcode

# A receipt's QR code and its quiet zone; of modules smaller than two pixels phones read nothing off a small panel
_RECEIPT_MODULES = 57 + 8
_RECEIPT_PIXELS = 2


class Screen:
    """Draws crew screens on a panel: 1 bit a pixel, MONO_HLSB, with `width`, `height`, `buffer` and show(name, lines,
    code). Text is as large as the whole screen fits, for who reads at arm's length; a QR code is as large as it can be
    with its quiet zone of 4 modules below one line of text."""

    def __init__(self, panel, buzzer):
        self._panel = panel
        self._buzzer = buzzer
        # a small panel has no pixels to give away
        self._margin = 8 if panel.width >= 160 else 0
        self._columns = (panel.width - 2 * self._margin) // 8
        self.rows = (panel.height - self._margin) // layout.TALL[0]
        self._head = layout.TALL[0] + self._margin // 2
        self.shows_receipts = min(panel.width, panel.height - self._head) >= _RECEIPT_MODULES * _RECEIPT_PIXELS
        self._frame = _bitmap(panel.buffer, panel.width, panel.height)
        self._half_bits, self._full_bits = bytearray(16), bytearray(32)
        self._half, self._full = _bitmap(self._half_bits, 8, 16), _bitmap(self._full_bits, 16, 16)

    def sound(self, tone):
        self._buzzer.play(tone)

    def show(self, name, lines, qr=None, code=""):
        self._frame.fill(0)
        top = self._margin // 2
        if code:
            top = self._verdict(code) + self._margin
        if qr:
            self._qr(qr)
        height = self._head if qr else self._panel.height - top
        size, pitch, rows = layout.page(lines, self._columns, height)
        for i, row in enumerate(rows):
            self._text(row, top + i * pitch, size)
        self._panel.show(name, lines, code)

    def _text(self, row, y, size):
        x = self._margin
        if size is layout.SMALL:
            self._frame.text(row, x, y, 1)
            return
        draw = self._large if size is layout.LARGE else self._tall
        for c in row:
            x += draw(c, x, y)

    def _tall(self, c, x, y):
        if layout.narrow(c):
            self._half_bits[:] = font.glyph(c)
            self._frame.blit(self._half, x, y)
            return 8
        self._full_bits[:] = font.glyph(c)
        self._frame.blit(self._full, x, y)
        return 16

    def _large(self, c, x, y):
        """framebuf's own 8x8 letter, doubled."""
        self._half.fill(0)
        self._half.text(c, 0, 0, 1)
        for row in range(8):
            bits = doubled(self._half_bits[row])
            at = 4 * row
            self._full_bits[at] = self._full_bits[at + 2] = bits >> 8
            self._full_bits[at + 1] = self._full_bits[at + 3] = bits & 255
        self._frame.blit(self._full, x, y)
        return 16

    def _verdict(self, code):
        """A bar that tells verdicts apart from across the aisle, each with a sign of its own: approval is light and
        ticked, anything else dark in a frame. Returns where it ends."""
        w, h = self._panel.width, max(14, self._panel.height // 5)
        approved = code == "approved"
        self._frame.fill_rect(0, 0, w, h, 1)
        if not approved:
            edge = h // 12
            self._frame.fill_rect(edge, edge, w - 2 * edge, h - 2 * edge, 0)
        size = h * 2 // 3
        left, top, thick = (w - size) // 2, (h - size) // 2, max(2, size // 6)
        for x0, y0, x1, y1 in _SIGNS.get(code, _CROSS):
            self._stroke(left, top, size, thick, (x0, y0, x1, y1), not approved)
        return h

    def _stroke(self, left, top, size, thick, ends, colour):
        """A thick line between two points given in eighths of a square of `size`."""
        x0, y0, x1, y1 = [n * (size - thick) // 8 for n in ends]
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for i in range(steps + 1):
            x, y = x0 + (x1 - x0) * i // steps, y0 + (y1 - y0) * i // steps
            self._frame.fill_rect(left + x, top + y, thick, thick, colour)

    def _qr(self, text):
        top = self._head
        size, bitmap = qrcode.encode(text)
        scale = max(1, min(self._panel.width, self._panel.height - top) // (size + 8))
        side = (size + 8) * scale
        left = (self._panel.width - side) // 2
        top += (self._panel.height - top - side) // 2
        self._frame.fill_rect(left, top, side, side, 1)
        stride = (size + 7) // 8
        for row in range(size):
            for column in range(size):
                if bitmap[row * stride + column // 8] & 0x80 >> column % 8:
                    x, y = left + (column + 4) * scale, top + (row + 4) * scale
                    self._frame.fill_rect(x, y, scale, scale, 0)


_CROSS = ((0, 0, 8, 8), (0, 8, 8, 0))
# strokes in eighths of a square
_SIGNS = {
    "approved": ((0, 4, 3, 8), (3, 8, 8, 1)),
    "already_paid": ((2, 0, 2, 5), (2, 8, 2, 8), (6, 0, 6, 5), (6, 8, 6, 8)),
    "cancelled": ((0, 4, 8, 4),),
}


def doubled(byte):
    """Eight bits, each twice."""
    byte = (byte | byte << 4) & 0x0F0F
    byte = (byte | byte << 2) & 0x3333
    byte = (byte | byte << 1) & 0x5555
    return byte | byte << 1


def _bitmap(buffer, width, height):
    return framebuf.FrameBuffer(buffer, width, height, framebuf.MONO_HLSB)
