"""Runs on a Pico: for several secret scalars, how many cycles each step of signing takes that sees them."""

import gc
import hashlib

import machine

from ed25519 import _curve as c
from ed25519 import _engine as e
from ed25519._data import L


@micropython.viper  # noqa: F821
def timed(work) -> int:
    # read here and not by machine.mem32, which allocates what varies in time; in viper no literal has 31 bits
    counter = ptr32(0x20034000 << 1)  # noqa: F821
    start = counter[4]
    work()
    return counter[4] - start


def quiet(work):
    """With nothing else running, from the same state of the heap."""
    gc.collect()
    gc.disable()
    state = machine.disable_irq()
    try:
        return timed(work)
    finally:
        machine.enable_irq(state)
        gc.enable()


out = bytearray(32)
challenge = hashlib.sha256(b"k").digest()[:31] + b"\7"
numbers = [0, 1, L - 1, 2**252, 2**128 - 1]
numbers += [int.from_bytes(hashlib.sha256(b"%d" % i).digest(), "little") % L for i in range(3)]


def steps(scalar):
    wide = scalar + scalar
    yield quiet(lambda: e.reduce(out, wide))
    yield quiet(lambda: e.muladd(out, challenge, scalar, scalar))
    yield quiet(lambda: e.odd(c._odd, scalar))
    yield quiet(lambda: e.comb(c._lanes, 256, c._odd))
    c._program[:4] = c.BEGIN
    yield quiet(lambda: e.weave(c._program, c._lanes, 4, c.BY_BASE))
    at = e.weave(c._program, c._lanes, 4, c.BY_BASE)
    c._program[at : at + 8] = c.END_AFFINE
    yield quiet(lambda: e.run(c._program, c._slots, c._base, c._base))


# What runs for the first time after the heap has grown takes longer, whatever the scalar: the first row is not judged
rows = [list(steps(bytearray(number.to_bytes(32, "little")))) for number in [7] + numbers]  # noqa: RUF005
print(rows[1:])
