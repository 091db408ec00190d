"""Base45, RFC 9285: two bytes become three characters of the QR alphanumeric set, a last single byte two."""

from .errors import WireError

ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_VALUES = bytes([ALPHABET.find(bytes([c])) & 0xFF for c in range(256)])


def encode(data: bytes) -> str:
    """Text of len(data) // 2 * 3 + len(data) % 2 * 2 characters."""
    out = bytearray()
    for i in range(0, len(data) - 1, 2):
        n = data[i] << 8 | data[i + 1]
        out.append(ALPHABET[n % 45])
        out.append(ALPHABET[n // 45 % 45])
        out.append(ALPHABET[n // 2025])
    if len(data) & 1:
        out.append(ALPHABET[data[-1] % 45])
        out.append(ALPHABET[data[-1] // 45])
    return bytes(out).decode()


def decode(text: bytes) -> bytes:
    """The bytes behind ASCII `text`; WireError("base45") for a foreign character, a bad length or a group too large."""
    if len(text) % 3 == 1:
        raise WireError("base45", "a length of %d characters cannot be" % len(text))
    out = bytearray()
    for i in range(0, len(text), 3):
        _group(text[i : i + 3], out)
    return bytes(out)


def _group(chars: bytes, out: bytearray) -> None:
    n, weight = 0, 1
    for c in chars:
        value = _VALUES[c]
        if value == 0xFF:
            raise WireError("base45", "character %d is not in the alphabet" % c)
        n += value * weight
        weight *= 45
    if len(chars) == 3:
        if n > 0xFFFF:
            raise WireError("base45", "three characters stand for more than 65535")
        out.append(n >> 8)
    elif n > 0xFF:
        raise WireError("base45", "two characters stand for more than 255")
    out.append(n & 0xFF)
