import framebuf

from cabinpay.agent.texts import folded

from . import font, qrcode

_BANNER = {"approved": "OK", "already_paid": "!!", "cancelled": "--"}
_MARGIN = 4
# Height of a line of framebuf's 8x8 font, as it is and doubled
_SMALL, _LARGE = 12, 22
# A receipt's QR code and its quiet zone; of modules smaller than two pixels phones read nothing off a small panel
_RECEIPT_MODULES = 57 + 8
_RECEIPT_PIXELS = 2
# Above a QR code: one line of text and the margin
_HEAD = _MARGIN + _SMALL


class Screen:
    """Draws crew screens on a panel: 1 bit a pixel, MONO_HLSB, with `width`, `height`, `buffer` and show(name, lines,
    code). Text is twice as large where the whole screen fits so, for who reads at arm's length; a QR code is as large
    as it can be with its quiet zone of 4 modules. Chinese is 16x16, one size."""

    def __init__(self, panel, buzzer):
        self._panel = panel
        self.shows_receipts = min(panel.width, panel.height - _HEAD) >= _RECEIPT_MODULES * _RECEIPT_PIXELS
        self._buzzer = buzzer
        strip = bytearray(panel.width // 2)
        self._strip = framebuf.FrameBuffer(strip, panel.width // 2, 8, framebuf.MONO_HLSB)
        self._frame = framebuf.FrameBuffer(panel.buffer, panel.width, panel.height, framebuf.MONO_HLSB)

    def sound(self, tone):
        self._buzzer.play(tone)

    def show(self, name, lines, qr=None, code=""):
        self._frame.fill(0)
        y = self._verdict(code)
        columns = (self._panel.width - 2 * _MARGIN) // 8
        large = folded(lines, columns // 2)
        if any(c > "~" for line in lines for c in line):
            for line in lines:
                y += self._wide_text(line, y)
        elif qr or y + len(large) * _LARGE > self._panel.height:
            for line in folded(lines, columns):
                self._frame.text(line, _MARGIN, y, 1)
                y += _SMALL
        else:
            for line in large:
                self._large_text(line, y)
                y += _LARGE
        if qr:
            self._qr(qr, y)
        self._panel.show(name, lines, code)

    def _large_text(self, line, y):
        self._strip.fill(0)
        self._strip.text(line, 0, 0, 1)
        for i in range(len(line) * 64):
            if self._strip.pixel(i >> 3, i & 7):
                self._frame.fill_rect(_MARGIN + 2 * (i >> 3), y + 2 * (i & 7), 2, 2, 1)

    def _wide_text(self, line, y):
        """A line with characters beyond ASCII: 16x16 glyphs, and 8x8 letters on their base line."""
        x = 4
        for c in line:
            if c > "~":
                glyph = framebuf.FrameBuffer(font.glyph(c), 16, 16, framebuf.MONO_HLSB)
                self._frame.blit(glyph, x, y)
                x += 16
            else:
                self._frame.text(c, x, y + 6, 1)
                x += 8
        return 20

    def _verdict(self, code):
        """A bar that tells verdicts apart from across the aisle: filled for approval, framed for anything else."""
        if not code:
            return _MARGIN
        w = self._panel.width
        if code == "approved":
            self._frame.fill_rect(0, 0, w, 36, 1)
        else:
            self._frame.rect(0, 0, w, 36, 1)
            self._frame.rect(3, 3, w - 6, 30, 1)
        self._frame.text(_BANNER.get(code, "NO"), w // 2 - 8, 14, code != "approved")
        return 44

    def _qr(self, text, top):
        size, bitmap = qrcode.encode(text)
        scale = min(self._panel.width, self._panel.height - top) // (size + 8)
        left = (self._panel.width - scale * size) // 2
        top += scale * 4
        self._frame.fill_rect(left - 4 * scale, top - 4 * scale, (size + 8) * scale, (size + 8) * scale, 1)
        stride = (size + 7) // 8
        for row in range(size):
            for column in range(size):
                if bitmap[row * stride + column // 8] & 0x80 >> column % 8:
                    self._frame.fill_rect(left + column * scale, top + row * scale, scale, scale, 0)

