"""One block of SHA-512 in viper: 64-bit words in halves, h and l. Right where a word has 32 bits and where it has 64.

What is shifted left keeps bits above the 32 where a word has 64; `mask` takes them off before anything is compared.
"""
# mypy: ignore-errors
# ruff: noqa: E741, F821


@micropython.viper
def _expand(w: ptr32, block: ptr8):
    """The block's 16 words, most significant byte first there, low half first here."""
    for i in range(32):
        at = 4 * (i ^ 1)
        w[i] = block[at] << 24 | block[at + 1] << 16 | block[at + 2] << 8 | block[at + 3]


@micropython.viper
def _schedule(w: ptr32):
    """The next 16 words, in place of the last 16 (FIPS 180-4 section 6.4.2, step 1)."""
    mask = (uint(1) << 31) + (uint(1) << 31) - 1
    for i in range(16):
        j = (i + 1 & 15) << 1
        l, h = uint(w[j]), uint(w[j + 1])
        sl = ((l >> 1 | h << 31) ^ (l >> 8 | h << 24) ^ (l >> 7 | h << 25)) & mask
        sh = (h >> 1 | l << 31) ^ (h >> 8 | l << 24) ^ h >> 7
        j = (i + 14 & 15) << 1
        l, h = uint(w[j]), uint(w[j + 1])
        tl = ((l >> 19 | h << 13) ^ (h >> 29 | l << 3) ^ (l >> 6 | h << 26)) & mask
        th = (h >> 19 | l << 13) ^ (l >> 29 | h << 3) ^ h >> 6
        j = (i + 9 & 15) << 1
        l, h = uint(w[j]), uint(w[j + 1]) + sh + th
        l = l + sl & mask
        h += uint(l < sl)
        l = l + tl & mask
        h += uint(l < tl)
        j = i << 1
        t = uint(w[j])
        l = l + t & mask
        w[j] = l
        w[j + 1] = uint(w[j + 1]) + h + uint(l < t)


@micropython.viper
def _rounds(v: ptr32, w: ptr32, k: ptr32, first: int):
    """16 rounds on the eight words of v (step 3)."""
    mask = (uint(1) << 31) + (uint(1) << 31) - 1
    for i in range(0, 32, 2):
        l, h = uint(v[8]), uint(v[9])
        tl = ((l >> 14 | h << 18) ^ (l >> 18 | h << 14) ^ (h >> 9 | l << 23)) & mask
        th = (h >> 14 | l << 18) ^ (h >> 18 | l << 14) ^ (l >> 9 | h << 23)
        x = uint(v[12]) ^ l & (uint(v[10]) ^ uint(v[12]))
        th += uint(v[13]) ^ h & (uint(v[11]) ^ uint(v[13]))
        tl = tl + x & mask
        th += uint(tl < x) + uint(v[15]) + uint(k[first + i + 1]) + uint(w[i + 1])
        x = uint(v[14])
        tl = tl + x & mask
        th += uint(tl < x)
        x = uint(k[first + i])
        tl = tl + x & mask
        th += uint(tl < x)
        x = uint(w[i])
        tl = tl + x & mask
        th += uint(tl < x)
        l, h = uint(v[0]), uint(v[1])
        sl = ((l >> 28 | h << 4) ^ (h >> 2 | l << 30) ^ (h >> 7 | l << 25)) & mask
        sh = (h >> 28 | l << 4) ^ (l >> 2 | h << 30) ^ (l >> 7 | h << 25)
        x = l & uint(v[2]) | uint(v[4]) & (l | uint(v[2]))
        sh += h & uint(v[3]) | uint(v[5]) & (h | uint(v[3]))
        sl = sl + x & mask
        sh += uint(sl < x)
        for j in range(15, 1, -1):
            v[j] = v[j - 2]
        x = uint(v[8])
        l = x + tl & mask
        v[8] = l
        v[9] = uint(v[9]) + th + uint(l < x)
        l = sl + tl & mask
        v[0] = l
        v[1] = sh + th + uint(l < sl)


@micropython.viper
def _add(state: ptr32, v: ptr32):
    mask = (uint(1) << 31) + (uint(1) << 31) - 1
    for i in range(0, 16, 2):
        x = uint(v[i])
        l = uint(state[i]) + x & mask
        state[i] = l
        state[i + 1] = uint(state[i + 1]) + uint(v[i + 1]) + uint(l < x)


_words = bytearray(64)


def compress(state, block, constants, schedule):
    """Folds one block of 128 bytes into the state, eight little-endian words."""
    _words[:] = state
    _expand(schedule, block)
    for first in range(0, 160, 32):
        if first:
            _schedule(schedule)
        _rounds(_words, schedule, constants, first)
    _add(state, _words)
