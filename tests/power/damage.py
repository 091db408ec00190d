"""Damage anywhere on a flash: a bit flips, or a block is lost, one at a time or several, and the terminal boots.

damage.py LIFE [AT [HOW]], or LIFE many FIRST COUNT: cases by number, each of two to eight hits that its number seeds.
Whatever was hit: boot comes to an end, every receipt that it does not give any more is told of (by a break, or by a
state that does not sell), no payment is taken twice, and where it can sell, it does.
LIFE: 0 between flights; 1 power failed in flight, where the file system's own commits of the last sales may be hit.
"""

import random
import sys

from cutting import BLOCK, Flash, HashedSignatures, formatted, mounted

import world
from cabinpay.agent import journal
from cabinpay.io.carve import highest
from cabinpay.wire import cbor, cose
from cabinpay.wire.receipts import BREAK, read_receipt

world.ed25519 = HashedSignatures
BLOCKS = 48
SALES = 10
journal.SEGMENT_SIZE = 2048
HOWS = ("flip", "zeros", "erased", "page")


def booted(flash):
    return world.World(mounted(flash), raw=lambda: highest(flash), rtc=world.NOW + 20, crypto=HashedSignatures)


def code(seq, iat=world.NOW):
    return world.quick("passenger", seq, iat, limits=[world.EUR, 10000, 4000, 99], exp=world.NOW + 9 * 86400)


def made(in_flight):
    """A terminal that has freed some receipts, and has others that no ledger holds."""
    flash = Flash(formatted(BLOCKS))
    w = booted(flash)
    t = w.terminal
    t.provision(bytes(32), [world.public(root) for root in world.ROOTS], "T", "")
    t.install(world.bundle())
    t.open_shift("1", world.FLIGHT, world.DAY)
    for seq in range(1, SALES + 1):
        assert w.pay(code(seq), [[1, 1, seq]]) == "approved"
        if seq == 4:
            t.acknowledge(5, b"a" * 150)
            t.store._free(5, 1)
    if not in_flight:
        t.close_shift()
    return bytes(flash.memory)


def harmed(image, at, how):
    memory = bytearray(image)
    block = at // BLOCK * BLOCK
    if how == "flip":
        memory[at] ^= 1 << at % 8
    elif how == "page":
        memory[at // 256 * 256 : at // 256 * 256 + 256] = bytes(256)
    else:
        memory[block : block + BLOCK] = (b"\x00" if how == "zeros" else b"\xff") * BLOCK
    return memory


def outcome(memory, held, many):
    """One word for what became of it; an AssertionError where it is none that may be. many: of several hits at once?"""
    flash = Flash(memory)
    try:
        w = booted(flash)
    except OSError:
        return "unmountable"  # stock firmware formats; then the board finds records in raw flash
    t = w.terminal
    there = {number: signed for number, signed, _ in world.receipts(w)}
    lost = [number for number in held if there.get(number) != held[number]]
    told = [number for number in there if number not in held]
    if many:
        # two directories that fall back have what was freed since: nothing that was not true then
        told = [number for number in told if number > min(held)]
    assert all(kind(there[number]) == BREAK for number in told), "receipts from nowhere"
    if t.state != "ready":
        assert t.state in ("damaged", "needs-recovery", "no-bundle", "storage", "rolled-back"), t.state
        return t.state
    if many and lost and not told and highest(flash) <= t.journal.number + 1:
        return "untold"  # nothing is left to tell that from a power cut before they were durable
    assert told or not lost, "SILENT loss of " + str(lost)
    check_sales(w)
    return "mended" if told else "whole"


def kind(signed):
    return read_receipt(cose.parse(signed, cbor).payload, cbor).kind


def check_sales(w):
    if w.terminal.chain.shift is None:
        w.terminal.open_shift("3", world.FLIGHT, world.DAY)
    for seq in range(1, SALES + 1):
        found = w.pay(code(seq), [[1, 1, 1]])
        assert found in ("already_paid", "seq", "stale"), "payment %d %s" % (seq, found)
    w.seconds += 90
    found = w.pay(code(99, world.NOW + 110), [[1, 1, 1]])
    assert found == "approved", "next sale " + found


def one_at_a_time(image, only, how):
    """(what it is called on the command line, its image) of each case."""
    for at in places(image):
        for way in HOWS:
            if (way in ("zeros", "erased") and at % BLOCK) or only not in ("", str(at)) or how not in ("", way):
                continue
            yield "%d %s" % (at, way), harmed(image, at, way)


def several_at_once(image, first, count):
    there = list(places(image))
    for case in range(first, first + count):
        random.seed(case)
        memory = image
        for _ in range(random.randint(2, 8)):
            memory = harmed(memory, random.choice(there), random.choice(HOWS))
        yield "many %d 1" % case, memory


def main(in_flight, only, how, count):
    image = made(in_flight)
    held = {number: signed for number, signed, _ in world.receipts(booted(Flash(image)))}
    counts, failures = {}, 0
    many = only == "many"
    for name, memory in several_at_once(image, int(how), int(count)) if many else one_at_a_time(image, only, how):
        try:
            word = outcome(memory, held, many)
        except Exception as e:  # noqa: BLE001 -- reported
            failures += 1
            word = "failed"
            print("FAIL %d %s:" % (in_flight, name))
            sys.print_exception(e, sys.stdout)
        counts[word] = counts.get(word, 0) + 1
    print(", ".join(["%s %d" % (word, counts[word]) for word in sorted(counts)]))
    print("%d cut points, %d failures" % (sum(counts.values()), failures))


def places(image):
    """Offsets in every page that is in use, and the beginning of every block."""
    for page in range(0, len(image), 256):
        if image[page : page + 256] != b"\xff" * 256 or page % BLOCK == 0:
            for at in (page, page + 41, page + 130, page + 217):
                yield at


args = sys.argv[1:] + ["", "", "", ""]
main(int(args[0] or 0), args[1], args[2], args[3])
