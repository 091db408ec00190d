"""The engine that runs here, operation by operation, against big integers: operands at every edge, then random ones."""

import hashlib

from ed25519 import _engine as engine
from ed25519._data import FIXED, L, P

MUL, SQR, ADD, SUB = 1, 2, 3, 4
KINDS = bytes((8, 44, 59, 26, 4, 6, 14, 29, 0, 1, 255))
GUARD = 64
EDGES = (
    0, 1, 2, 18, 19, 20, 37, 38, 39, P - 2, P - 1, P, P + 1, P + 18, 2**255 - 1, 2**255, 2**255 + 19, 2 * P - 1, 2 * P,
    2 * P + 1, 2**256 - 39, 2**256 - 38, 2**256 - 37, 2**256 - 1, 2**128 - 1, 2**128, 2**128 + 1, 2**256 - 2**128,
    (2**128 - 1) << 128 | 1, 2**127, 2**224 - 1, 2**252 - 1, 2**252, L - 1, L, L + 1, 2**13 - 1, 2**13, 2**247 - 1,
    sum(0xFFFF << 32 * i for i in range(8)), sum(0xFFFF0000 << 32 * i for i in range(8)),
    sum(0x1FFF << 26 * i for i in range(10)), sum(0x80008000 << 32 * i for i in range(8)),
)  # fmt: skip
# A half that times 38 ends in as many ones as it can, with ones below: the rarest carry of a reduction, in every word
RARE = sum(0x35E5FFFF << 32 * i for i in range(8))


def _root(number):
    """The smallest integer whose square is not below."""
    low, high = 0, 1 << 256
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if middle * middle < number else (low, middle)
    return high


class Guarded:
    """A buffer between two guards that must stay as they are."""

    def __init__(self, size):
        self._all = bytearray(b"\x5a" * (size + 2 * GUARD))
        self.view = memoryview(self._all)[GUARD : GUARD + size]

    def check(self):
        assert self._all[:GUARD] == b"\x5a" * GUARD and self._all[-GUARD:] == b"\x5a" * GUARD


def _slots():
    plain = engine.new()
    return plain if isinstance(plain, list) else Guarded(len(plain))


def _view(guarded):
    return guarded.view if isinstance(guarded, Guarded) else guarded


def _check(*buffers):
    for buffer in buffers:
        if isinstance(buffer, Guarded):
            buffer.check()


def _random(label, bits):
    number = b"".join([hashlib.sha256(b"%s %d" % (label, i)).digest() for i in range(2)])
    return int.from_bytes(number, "little") >> (512 - bits)


def _operands(count):
    yield 2**255, 2 * RARE
    yield _root(RARE << 256), 2**256 - RARE
    for bits in (224, 240):
        # Products just above a word's end whose upper halves' product is below it: a carry through every word
        yield 2**bits - 1, 2**bits + 2
        yield _root(3 << 2 * bits), _root(3 << 2 * bits) + 2**100
    for i in range(len(EDGES)):
        yield EDGES[i], EDGES[(i * 7 + 3) % len(EDGES)]
        yield EDGES[i], EDGES[i]
        yield EDGES[i], EDGES[-1 - i]
    for i in range(count):
        a, b = _random(b"a%d" % i, 256), _random(b"b%d" % i, 256)
        yield a, b
        yield (EDGES[i % len(EDGES)] + a % 3 - 1) % 2**256, b


def _one(slots, operation, a, b):
    """The operation into a third slot, into either operand's, and of one slot with itself; the last slot used too."""
    program = Guarded(FIXED)
    for d, x, y in ((5, 6, 7), (6, 6, 7), (7, 6, 7), (58, 0, 57)):
        program.view[:8] = bytes((operation, d, x, y, 0, 0, 0, 0))
        engine.put(_view(slots), x, a)
        engine.put(_view(slots), y, b)
        engine.run(program.view, _view(slots), bytearray(96), bytearray(96))
        yield engine.get(_view(slots), d) % P
    _check(slots, program)


def test_field_operations():
    slots = _slots()
    for a, b in _operands(20):
        for operation, right in ((MUL, a * b), (ADD, a + b), (SUB, a - b)):
            for result in _one(slots, operation, a, b):
                assert result == right % P, (operation, a, b)



def test_squares_and_their_chains():
    slots, program = _slots(), Guarded(FIXED)
    for a in [a for pair in _operands(20) for a in pair]:
        for times in (1, 2, 5):
            for d in (9, 10):
                engine.put(_view(slots), 10, a)
                program.view[:8] = bytes((SQR, d, 10, times, 0, 0, 0, 0))
                engine.run(program.view, _view(slots), bytearray(96), bytearray(96))
                assert engine.get(_view(slots), d) % P == pow(a, 2**times, P), (a, times)
    _check(slots, program)


def test_results_are_fit_to_be_operands_again():
    slots, program = _slots(), Guarded(FIXED)
    steps = ((ADD, 6, 6, 7), (ADD, 7, 7, 6), (SUB, 6, 6, 7), (MUL, 8, 6, 7), (SUB, 7, 7, 8), (ADD, 6, 8, 8))
    program.view[:28] = b"".join([bytes(step) for step in steps]) + bytes(4)
    for start in (P - 1, 2**255 - 1, 1, 0):
        x, y = start, P - 1 - start % P
        engine.put(_view(slots), 6, x)
        engine.put(_view(slots), 7, y)
        for _ in range(30):
            engine.run(program.view, _view(slots), bytearray(96), bytearray(96))
            x = x + y
            y = y + x
            x = x - y
            z = x * y % P
            y = (y - z) % P
            x = 2 * z % P
            assert (engine.get(_view(slots), 6) % P, engine.get(_view(slots), 7) % P) == (x, y)
    _check(slots, program)


def test_tables_and_calls():
    """A table's entry and four slots reach the addend; a called program runs as often as said."""
    # at the place of the programs: slot 20 = N0 + N1; slot 20 = slot 20 + N2; then the end
    body = bytes((ADD, 20, 15, 16, ADD, 20, 20, 17, 0, 0, 0, 0)) + bytes((ADD, 21, 21, 20, 0, 0, 0, 0))
    slots, program = _slots(), Guarded(FIXED + len(body))
    program.view[FIXED:] = body
    values = [EDGES[i] % P for i in range(9, 18)]
    table = b"".join([value.to_bytes(32, "little") for value in values])
    for operation, entry in ((6, 1), (7, 2), (8, 30)):
        for i in range(4):
            engine.put(_view(slots), 30 + i, EDGES[i + 4])
        engine.put(_view(slots), 21, 0)
        program.view[:12] = bytes((operation, 0, entry, 0, 5, 3, 3, 0, 0, 0, 0, 0))
        engine.run(program.view, _view(slots), bytearray(table), bytearray(table))
        parts = values[3 * entry : 3 * entry + 3] if operation < 8 else EDGES[4:7]
        assert engine.get(_view(slots), 21) % P == 3 * sum(parts) % P, operation
    program.view[:8] = bytes((9, 54, 0, 0, 0, 0, 0, 0))
    engine.run(program.view, _view(slots), bytearray(96), bytearray(96))
    assert [engine.get(_view(slots), 54 + i) for i in range(4)] == [engine.get(_view(slots), 15 + i) for i in range(4)]
    _check(slots, program)


def _scalars():
    for number in (0, 1, 2, L - 1, L - 2, 2**252, 2**252 - 1, 2**128 - 1, (2**252 - 1) // 3, (2**252 - 1) // 31 * 16):
        yield number
    for i in range(25):
        yield _random(b"scalar %d" % i, 512) % L


def _bytes(number, size=32):
    return number.to_bytes(size, "little")


def test_reduction_modulo_l():
    out = Guarded(32)
    numbers = [i * L + j for i in (0, 1, 2**127, 2**259) for j in (0, 1, L - 1)] + [2**512 - 1, 2**511, 2**252, 2**256]
    for number in numbers + [_random(b"wide %d" % i, 512) for i in range(40)]:
        engine.reduce(out.view, _bytes(number % 2**512, 64))
        assert int.from_bytes(bytes(out.view), "little") == number % 2**512 % L
    out.check()


def test_multiplication_modulo_l():
    out = Guarded(32)
    clamped = 2**254 + 2**254 - 8
    for k in _scalars():
        for a in (clamped, 2**254, _random(b"secret %d" % (k % 97), 253) + 2**254):
            r = k * 7 % L
            engine.muladd(out.view, bytearray(_bytes(k)), bytearray(_bytes(a)), bytearray(_bytes(r)))
            assert int.from_bytes(bytes(out.view), "little") == (k * a + r) % L
    out.check()


def _columns(scalar):
    """The sum that 43 columns stand for."""
    odd, lanes = Guarded(33), Guarded(299)
    engine.odd(odd.view, scalar)
    engine.comb(lanes.view, 256, odd.view)
    odd.check()
    lanes.check()
    total = 0
    for column in range(43):
        entry, negative = lanes.view[256 + column] - 1 >> 1, lanes.view[256 + column] - 1 & 1
        digits = [1 if entry >> tooth & 1 else -1 for tooth in range(5)] + [1]
        total += sum([digit << 43 * tooth for tooth, digit in enumerate(digits)]) << column if not negative else 0
        total -= sum([digit << 43 * tooth for tooth, digit in enumerate(digits)]) << column if negative else 0
    return total


def test_comb_columns_stand_for_the_scalar():
    for scalar in list(_scalars()) + [2**254, 2**255 - 8]:
        total = _columns(_bytes(scalar))
        assert total & 1 and total % L == scalar % L and total in (scalar, scalar + L)


def test_digits_stand_for_the_scalar():
    lanes = Guarded(299)
    for scalar in _scalars():
        engine.naf(lanes.view, bytearray(_bytes(scalar)))
        total, last = 0, -5
        for i in range(256):
            if lanes.view[i]:
                digit = (lanes.view[i] - 1 >> 1) * 2 + 1
                total += -digit << i if lanes.view[i] - 1 & 1 else digit << i
                assert digit < 16 and i - last >= 5
                last = i
        assert total == scalar
    lanes.check()


def test_woven_programs_calculate_the_sum():
    """What is woven, with numbers for points: doublings and additions of 2 * entry + 1 (first lane) or of columns."""
    lanes, odd = Guarded(299), bytearray(33)
    for scalar in _scalars():
        engine.naf(lanes.view, bytearray(_bytes(scalar)))
        engine.odd(odd, _bytes(scalar))
        engine.comb(lanes.view, 256, odd)
        program = Guarded(FIXED)
        end = engine.weave(program.view, lanes.view, 112, KINDS)
        assert end <= FIXED - 8 and bytes(program.view[:112]) == b"\x5a" * 112
        total = columns = 0
        for at in range(112, end, 4):
            operation, d, a = program.view[at], program.view[at + 1], program.view[at + 2]
            if operation == 5:
                assert d == 0
                total, columns = total << a, columns << a
            elif operation == 8:
                assert d in (44, 59) and (a - 26) % 4 == 0
                total += (1 if d == 44 else -1) * ((a - 26) // 2 + 1)
            else:
                assert operation == 6 and d in (14, 29) and a < 32
                digits = [1 if a >> tooth & 1 else -1 for tooth in range(5)] + [1]
                columns += (1 if d == 14 else -1) * sum([digit << 43 * i for i, digit in enumerate(digits)])
        assert total == scalar and columns in (scalar, scalar + L)
        program.check()
    lanes.check()


def test_lanes_that_are_not_there_are_not_read():
    lanes = Guarded(299)
    engine.comb(lanes.view, 256, bytearray(b"\x07" + bytes(31) + b"\x04"))
    program = Guarded(FIXED)
    end = engine.weave(program.view, lanes.view, 4, bytes(5) + bytes((6, 14, 29, 0, 1, 42)))
    operations = [program.view[at] for at in range(4, end, 4)]
    assert operations == [6] + [5, 6] * 42
    program.check()


def test_sha512_blocks_stay_in_their_buffers():
    from ed25519 import _sha512

    for i in range(20):
        state, room = Guarded(64), Guarded(704)
        state.view[:] = hashlib.sha256(b"s%d" % i).digest() * 2
        block = bytearray(hashlib.sha256(b"b%d" % i).digest() * 4)
        before = bytes(state.view), bytes(block)
        engine.compress(state.view, block, _sha512._ROUNDS, room.view)
        assert bytes(block) == before[1] and bytes(state.view) == _compressed(*before, _sha512._ROUNDS)
        state.check()
        room.check()


def _compressed(state, block, rounds):
    """FIPS 180-4 section 6.4.2, written out."""
    mask = 2**64 - 1

    def turn(x, *amounts):
        total = 0
        for amount in amounts:
            total ^= (x >> amount | x << 64 - amount) & mask
        return total

    w = [int.from_bytes(block[i : i + 8], "big") for i in range(0, 128, 8)]
    for i in range(16, 80):
        x, y = w[i - 15], w[i - 2]
        w.append(w[i - 16] + (turn(x, 1, 8) ^ x >> 7) + w[i - 7] + (turn(y, 19, 61) ^ y >> 6) & mask)
    start = [int.from_bytes(state[i : i + 8], "little") for i in range(0, 64, 8)]
    a, b, c, d, e, f, g, h = start
    for i in range(80):
        k = int.from_bytes(bytes(rounds[8 * i : 8 * i + 8]), "little")
        t = h + turn(e, 14, 18, 41) + (e & f ^ ~e & g) + k + w[i]
        u = turn(a, 28, 34, 39) + (a & b ^ a & c ^ b & c)
        h, g, f, e, d, c, b, a = g, f, e, d + t & mask, c, b, a, t + u & mask
    return b"".join([(x + y & mask).to_bytes(8, "little") for x, y in zip(start, (a, b, c, d, e, f, g, h))])
