"""Letters drawn into a bitmap of 1 bit a pixel, MONO_HLSB. A screen has two hundred of them, and crews wait for it."""

import micropython


@micropython.viper
def plain(glyph: ptr8, columns: int, out: ptr8, stride: int, height: int, column: int, top: int):
    """Puts a glyph, 16 rows of `columns` bytes, into `out`, `height` rows of `stride` bytes, from byte `column` of row
    `top` on; rows outside are left out."""
    at = 0
    for row in range(16):
        y = top + row
        if y >= 0 and y < height:
            for i in range(columns):
                out[y * stride + column + i] = glyph[at + i]
        at += columns


@micropython.viper
def doubled(glyph: ptr8, columns: int, out: ptr8, stride: int, height: int, column: int, top: int):
    """As `plain`, twice as large."""
    at = 0
    for _ in range(16):
        for i in range(columns):
            # each bit twice: first they are moved apart
            b = int(glyph[at + i])
            b = (b | b << 4) & 0x0F0F
            b = (b | b << 2) & 0x3333
            b = (b | b << 1) & 0x5555
            b |= b << 1
            for y in range(top, top + 2):
                if y >= 0 and y < height:
                    to = y * stride + column + 2 * i
                    out[to] = b >> 8
                    out[to + 1] = b
        at += columns
        top += 2
