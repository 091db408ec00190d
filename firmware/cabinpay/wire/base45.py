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
    length = len(text)
    if length % 3 == 1:
        raise WireError("base45", "a length of %d characters cannot be" % length)
    out = bytearray(length // 3 * 2 + length % 3 // 2)
    values, at = _VALUES, 0
    for i in range(0, length - 2, 3):
        a, b, c = values[text[i]], values[text[i + 1]], values[text[i + 2]]
        n = a + 45 * b + 2025 * c
        if n > 0xFFFF or a | b | c > 63:  # a foreign character is 255, the alphabet ends at 44
            _refuse(text[i : i + 3])
        out[at] = n >> 8
        out[at + 1] = n & 0xFF
        at += 2
    if length % 3:
        a, b = values[text[-2]], values[text[-1]]
        if a + 45 * b > 0xFF or a > 63:
            _refuse(text[-2:])
        out[at] = a + 45 * b
    return bytes(out)


def _refuse(chars: bytes) -> None:
    for c in chars:
        if _VALUES[c] == 0xFF:
            raise WireError("base45", "character %d is not in the alphabet" % c)
    most = 0xFFFF if len(chars) == 3 else 0xFF
    raise WireError("base45", "%d characters stand for more than %d" % (len(chars), most))
