"""QR Code encoder (ISO/IEC 18004) for the screen: alphanumeric mode, error correction level M, version 1..10.

Every symbol carries mask 0. The standard has the encoder try all eight masks and keep the one with the lowest penalty,
but a decoder reads the mask from the format bits and takes any of the eight. Masking and scoring up to 3249 modules
eight times would cost a Cortex-M0+ several times all the rest, for a penalty about a tenth lower.
"""

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"

# Level M of version 1..10: characters, data codewords, blocks, check codewords of each block.
_VERSIONS = (
    (20, 16, 1, 10),
    (38, 28, 1, 16),
    (61, 44, 1, 26),
    (90, 64, 2, 18),
    (122, 86, 2, 24),
    (154, 108, 4, 16),
    (178, 124, 4, 18),
    (221, 154, 4, 22),
    (262, 182, 5, 22),
    (311, 216, 5, 26),
)

_FORMAT = 0x5412  # level M with mask 0 is 00000, so all that is left of the fifteen bits is their fixed XOR pattern
_VERSION_BITS = {7: 0x07C94, 8: 0x085BC, 9: 0x09A99, 10: 0x0A4D3}

# Which rings around the centre of a pattern are dark: bit n is the ring n modules away.
_FINDER = 0b01011  # ring 4 is the light separator
_ALIGNMENT = 0b101


def encode(text: str) -> tuple[int, bytearray]:
    """Size in modules and bitmap (framebuf.MONO_HLSB, 1 is dark) of the smallest symbol; ValueError if none fits."""
    values = _values(text)
    version = 1
    while _VERSIONS[version - 1][0] < len(values):
        version += 1
    symbol = _Symbol(version)
    symbol.draw_patterns()
    symbol.place(_codewords(_data(values, version), version))
    return symbol.size, symbol.dark


def _values(text: str) -> bytearray:
    if not 0 < len(text) <= _VERSIONS[-1][0]:
        raise ValueError("QR text length")
    values = bytearray(len(text))
    for index, character in enumerate(text):
        value = _ALPHABET.find(character)
        if value < 0:
            raise ValueError("QR character")
        values[index] = value
    return values


def _data(values: bytearray, version: int) -> bytearray:
    data = bytearray(_VERSIONS[version - 1][1])
    at = _put(data, 0, 0b0010, 4)
    at = _put(data, at, len(values), 9 if version < 10 else 11)
    for index in range(0, len(values) - 1, 2):
        at = _put(data, at, values[index] * 45 + values[index + 1], 11)
    if len(values) & 1:
        at = _put(data, at, values[-1], 6)
    padding = (at + 4 + 7) >> 3  # four zero bits end the text, as far as there is room, then zeros to a whole byte
    for index in range(padding, len(data)):
        data[index] = 0x11 if (index - padding) & 1 else 0xEC
    return data


def _put(data: bytearray, at: int, value: int, width: int) -> int:
    """Write value from bit `at` on; the position after it."""
    for shift in range(width - 1, -1, -1):
        if value >> shift & 1:
            data[at >> 3] |= 0x80 >> (at & 7)
        at += 1
    return at


def _codewords(data: bytearray, version: int) -> bytearray:
    """Data and check codewords, interleaved over the blocks: first all first ones, then all second ones, ..."""
    _, _, blocks, checks = _VERSIONS[version - 1]
    # One byte more than codewords: the modules left over (at most seven) are zeros.
    codewords = bytearray(len(data) + blocks * checks + 1)
    generator = _generator(checks)
    short = len(data) // blocks
    first_long = blocks - len(data) % blocks  # this block and those after it are one codeword longer
    start = 0
    for block in range(blocks):
        length = short if block < first_long else short + 1
        for index in range(short):
            codewords[index * blocks + block] = data[start + index]
        if length > short:
            codewords[short * blocks + block - first_long] = data[start + short]
        for index, check in enumerate(_checks(data[start : start + length], generator)):
            codewords[len(data) + index * blocks + block] = check
        start += length
    return codewords


def _powers() -> tuple[bytearray, bytearray]:
    """Powers of 2 in GF(256) modulo 0x11D, twice over so that a sum of two logarithms is an index; and logarithms."""
    powers, logarithms = bytearray(510), bytearray(256)
    power = 1
    for exponent in range(255):
        powers[exponent] = powers[exponent + 255] = power
        logarithms[power] = exponent
        power = power << 1 if power < 128 else power << 1 ^ 0x11D
    return powers, logarithms


_POWERS, _LOGARITHMS = _powers()


def _generator(degree: int) -> bytearray:
    """Logarithms of the coefficients of (x - 1)(x - 2)(x - 4)..., highest first, without the leading 1.

    No coefficient is zero at any degree up to 26, the highest in use, so each has a logarithm.
    """
    product = bytearray(degree + 1)
    product[0] = 1
    for root in range(degree):
        for index in range(root + 1, 0, -1):
            product[index] ^= _POWERS[_LOGARITHMS[product[index - 1]] + root]
    for index in range(degree):
        product[index] = _LOGARITHMS[product[index + 1]]
    return product[:degree]


def _checks(block: bytearray, generator: bytearray) -> bytearray:
    """Remainder of the block, followed by zeros, divided by the generator."""
    powers = _POWERS
    rest = block + bytearray(len(generator))
    for index in range(len(block)):
        if rest[index]:
            logarithm = _LOGARITHMS[rest[index]]
            at = index
            for coefficient in generator:
                at += 1
                rest[at] ^= powers[logarithm + coefficient]
    return rest[len(block) :]


class _Symbol:
    """Two bitmaps of one layout: which modules are dark, and which belong to a pattern and carry no codeword."""

    def __init__(self, version: int) -> None:
        self._version = version
        self.size = 17 + 4 * version
        self._stride = (self.size + 7) >> 3
        self.dark = bytearray(self._stride * self.size)
        self._taken = bytearray(self._stride * self.size)

    def draw_patterns(self) -> None:
        far = self.size - 4
        for row, column in ((3, 3), (3, far), (far, 3)):
            self._draw_rings(row, column, 4, _FINDER)
        for index in range(8, self.size - 8):
            self._fix(6, index, ~index & 1)
            self._fix(index, 6, ~index & 1)
        self._draw_alignment()
        self._draw_format()
        self._draw_version()

    def _fix(self, row: int, column: int, dark: int) -> None:
        at = row * self._stride + (column >> 3)
        bit = 0x80 >> (column & 7)
        self._taken[at] |= bit
        if dark:
            self.dark[at] |= bit

    def _draw_rings(self, row: int, column: int, radius: int, rings: int) -> None:
        span = range(-radius, radius + 1)
        for down in span:
            for right in span:
                # A separator ends at the edge of the symbol.
                if 0 <= row + down < self.size and 0 <= column + right < self.size:
                    self._fix(row + down, column + right, rings >> max(abs(down), abs(right)) & 1)

    def _draw_alignment(self) -> None:
        last = self.size - 7
        if self._version == 1:
            return
        centres = (6, last) if self._version < 7 else (6, self.size >> 1, last)
        for row in centres:
            for column in centres:
                if (row, column) not in ((6, 6), (6, last), (last, 6)):  # finders are there
                    self._draw_rings(row, column, 2, _ALIGNMENT)

    def _draw_format(self) -> None:
        """One copy down column 8, one along row 8; both step over the timing patterns."""
        size = self.size
        for index in range(15):
            bit = _FORMAT >> index & 1
            row = index if index < 6 else index + 1 if index < 8 else size - 15 + index
            column = size - 1 - index if index < 8 else 7 if index == 8 else 14 - index
            self._fix(row, 8, bit)
            self._fix(8, column, bit)
        self._fix(size - 8, 8, 1)  # dark in every symbol

    def _draw_version(self) -> None:
        if self._version < 7:
            return
        for index in range(18):
            bit = _VERSION_BITS[self._version] >> index & 1
            near, far = index // 3, self.size - 11 + index % 3
            self._fix(near, far, bit)
            self._fix(far, near, bit)

    def place(self, codewords: bytearray) -> None:
        """Zigzag from the lower right corner in pairs of columns; the timing column is in no pair."""
        at = 0
        rows = range(self.size - 1, -1, -1)
        next_rows = range(self.size)
        for column in range(self.size - 1, 0, -2):
            right = column if column > 6 else column - 1
            at = self._place_pair(right, rows, codewords, at)
            rows, next_rows = next_rows, rows

    def _place_pair(self, right: int, rows: range, codewords: bytearray, at: int) -> int:
        # Every module passes here: attributes are looked up once, and a loop over a literal range allocates nothing.
        dark, taken, stride = self.dark, self._taken, self._stride
        for row in rows:
            for column in range(right, right - 2, -1):
                cell = row * stride + (column >> 3)
                bit = 0x80 >> (column & 7)
                if not taken[cell] & bit:
                    # Mask 0 turns over the modules where row + column is even.
                    if (codewords[at >> 3] >> (~at & 7) ^ row ^ column ^ 1) & 1:
                        dark[cell] |= bit
                    at += 1
        return at
