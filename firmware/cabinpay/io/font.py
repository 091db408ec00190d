from .font16 import BITS, CHARS

_SIZE = 32
_MISSING = "\u25a1"


def glyph(char):
    """Bitmap of a character beyond ASCII: 16x16, 32 bytes, MONO_HLSB; a box for one that the font was not made with."""
    low, high = 0, len(BITS) // _SIZE
    while low < high:
        middle = (low + high) // 2
        if CHARS[middle] < char:
            low = middle + 1
        else:
            high = middle
    if low == len(BITS) // _SIZE or CHARS[low] != char:
        return glyph(_MISSING)
    return bytearray(BITS[low * _SIZE : (low + 1) * _SIZE])
