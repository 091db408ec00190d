import framebuf

from . import font, qrcode

_BANNER = {"approved": "OK", "already_paid": "!!"}


class Screen:
    """Draws crew screens on a panel: 1 bit a pixel, MONO_HLSB, with `width`, `height`, `buffer` and show(name, lines,
    code). Lines are drawn in framebuf's 8x8 font, twice as large where they fit, for who reads at arm's length; a QR
    code as large as it fits with its quiet zone of 4 modules. Chinese is 16x16, one size."""

    def __init__(self, panel, buzzer):
        self._panel = panel
        self._buzzer = buzzer
        strip = bytearray(panel.width // 2)
        self._strip_frame = framebuf.FrameBuffer(strip, panel.width // 2, 8, framebuf.MONO_HLSB)
        self._frame = framebuf.FrameBuffer(panel.buffer, panel.width, panel.height, framebuf.MONO_HLSB)

    def sound(self, tone):
        self._buzzer.play(tone)

    def show(self, name, lines, qr=None, code=""):
        self._frame.fill(0)
        y = self._verdict(code)
        for line in lines:
            y += self._text(line, y, 2 if name != "items" and len(line) <= self._panel.width // 16 else 1)
        if qr:
            self._qr(qr, y)
        self._panel.show(name, lines, code)

    def _text(self, line, y, scale):
        if any(c > "~" for c in line):
            return self._wide_text(line, y)
        if scale == 1:
            self._frame.text(line, 4, y, 1)
            return 12
        self._strip_frame.fill(0)
        self._strip_frame.text(line, 0, 0, 1)
        for i in range(len(line) * 64):
            if self._strip_frame.pixel(i >> 3, i & 7):
                self._frame.fill_rect(2 * (i >> 3), y + 2 * (i & 7), 2, 2, 1)
        return 22

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
            return 4
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
