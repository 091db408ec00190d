from . import font16

_MISSING = "\u25a1"


def glyph(char):
    """Bits of a character, 16 rows: 16 bytes of a printable ASCII one, 32 of any other; a box for what no font has."""
    if " " <= char <= "~":
        return memoryview(font16.ASCII)[16 * ord(char) - 512 : 16 * ord(char) - 496]
    return _wide(font16, char) or _wide(_chinese(), char) or _wide(font16, _MISSING)


def _wide(font, char):
    at = font.CHARS.find(char)
    return memoryview(font.BITS)[32 * at : 32 * at + 32] if at >= 0 else None


def _chinese():
    # loaded when a screen first needs it: a crew that works in English never pays for it
    from . import font16_zh

    return font16_zh
