from . import font16

_MISSING = "\u25a1"
# How many characters, 2 bytes (big-endian, as all); the characters in order, 2 bytes each; their bits, 32 bytes each.
# Read when one is drawn: in RAM they would take 8 KB
FILE = __file__[: -len(__file__.split("/")[-1])] + "font16_zh.bin"


def glyph(char):
    """Bits of a character, 16 rows: 16 bytes of an ASCII one (a space where it is not printable), 32 of any other; a
    box for what no font has."""
    if char <= "~":
        at = 16 * (max(ord(char), 32) - 32)
        return memoryview(font16.ASCII)[at : at + 16]
    return _wide(char) or _on_flash(ord(char)) or _wide(_MISSING)


def _wide(char):
    at = font16.CHARS.find(char)
    return memoryview(font16.BITS)[32 * at : 32 * at + 32] if at >= 0 else None


def _on_flash(code):
    try:
        with open(FILE, "rb") as file:
            return _found(file, code)
    except OSError:
        return None


def _found(file, code):
    low, high = 0, _number(file, 0)
    bits = 2 + 2 * high
    while low < high:
        middle = (low + high) // 2
        here = _number(file, 2 + 2 * middle)
        if here == code:
            file.seek(bits + 32 * middle)
            return file.read(32)
        low, high = (middle + 1, high) if here < code else (low, middle)
    return None


def _number(file, at):
    file.seek(at)
    return int.from_bytes(file.read(2), "big")
