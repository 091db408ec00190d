"""filling.py BLOCKS OTHER: a terminal sells until its flash of BLOCKS is full, where OTHER bytes are the agent's own.

Prints lines NAME:VALUE: how many receipts fit, what a sale costs, and how the wear is spread: over many flights, each
synced and freed, how often the block that is erased most is erased a sale.
"""

import sys

import flight
from cutting import BLOCK, PAGE, Flash, HashedSignatures, formatted, mounted

import world
from cabinpay.agent import journal, store

journal.SEGMENT_SIZE = 32768
store.ROOMY = 65536
SAMPLE = 100
PASSES = 1000


class Counted(Flash):
    """erases by block; pages: programmed."""

    def __init__(self, image):
        super().__init__(image)
        self.erases = [0] * (len(image) // BLOCK)
        self.pages = 0

    def _operate(self, at, data):
        if len(data) == BLOCK:
            self.erases[at // BLOCK] += 1
        else:
            self.pages += 1
        return super()._operate(at, data)


def booted(flash):
    w = world.World(mounted(flash), rtc=world.NOW + 20, max_passes=PASSES, crypto=HashedSignatures)
    w.files.flash = flash
    return w


def prepared(blocks, other):
    flash = Counted(formatted(blocks))
    w = booted(flash)
    with w.files.open("agent", "wb") as f:
        for _ in range(other // PAGE):
            f.write(bytes(PAGE))
    w.terminal.provision(bytes(32), [world.public(root) for root in world.ROOTS], "T", "")
    w.terminal.install(
        world.bundle(
            limits=[60, 10 * 86400, 1 << 20, 604800],
            currencies=[[world.EUR, 2, world.CAPS, 1 << 30]],
            issuers=[world.issuer_entry(caps=((world.EUR, 4500, 1 << 30),))],
            not_after=world.NOW + 20 * 86400,
        )
    )
    w.terminal.store.journal.measure()
    flight.opens(w)
    return w, flash


def sale(w, number):
    """A passenger buys two things; a full flash makes no sale."""
    text = world.quick("p%d" % (number % (PASSES - 1)), number, limits=[world.EUR, 1 << 30, 4000, 250])
    return w.pay(text)


def costs(name, w, flash, number):
    """Of SAMPLE sales."""
    erases, pages = sum(flash.erases), flash.pages
    room = w.terminal.journal.room()
    for n in range(number, number + SAMPLE):
        assert sale(w, n) == "approved"
    print("%s, erases a sale:%.2f" % (name, (sum(flash.erases) - erases) / SAMPLE))
    print("%s, bytes programmed a sale:%d" % (name, (flash.pages - pages) * PAGE // SAMPLE))
    print("%s, bytes of its record:%d" % (name, (room - w.terminal.journal.room()) // SAMPLE))
    return number + SAMPLE


def main(blocks, other):
    w, flash = prepared(blocks, other)
    number, told = 1, []
    room = w.terminal.journal.room()
    for name, part in (("half full", 0.5), ("near full", 0)):
        while w.terminal.journal.room() > room * part + SAMPLE * 700:
            assert sale(w, number) == "approved"
            number += 1
        number = costs(name, w, flash, number)
    while True:
        told = sale(w, number)
        if told != "approved":
            break
        number += 1
    assert told == "full", told
    print("receipts that fit:%d" % w.terminal.journal.number)
    flight.void_last(w)
    flight.closes(w)
    flight.sync(w)
    flight.opens(w)
    assert sale(w, number) == "approved"
    wear(w, flash, number)


def wear(w, flash, number):
    """As in years of service: sales, boots, a sync each flight."""
    before, sold = list(flash.erases), 0
    for _ in range(40):
        for _ in range(50):
            number += 1
            sold += 1
            found = sale(w, number)
            assert found == "approved", found
        flight.closes(w)
        flight.sync(w)
        w = booted(flash)
        flight.opens(w)
    most = max(flash.erases[block] - before[block] for block in range(len(before)))
    print("erases a sale of the block that has most:%.4f" % (most / sold))


main(int(sys.argv[1]), int(sys.argv[2]))
