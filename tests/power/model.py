"""Reads operations, one a line, from the standard input and does them on a terminal with real littlefs; says after each
what its journal holds. cut N HOW: the power fails in the N-th flash operation from here on."""

import sys

import flight
from cutting import Flash, formatted

import world
from cabinpay.agent.errors import Refused, StorageError


class Bench:
    """seq: of the last payment; number: of the last receipt that was shown."""

    def __init__(self):
        self.flash = Flash(formatted(flight.BLOCKS))
        self.seq = 0
        self.cut = (0, "")
        self.boot()
        for _, act, _ in flight.STEPS[:2]:
            act(self.w)

    def boot(self):
        """Power off and on."""
        self.flash = Flash(self.flash.memory)
        self.w = flight.booted(self.flash)
        self.w.files.flash = self.flash

    def do(self, words):
        if words[0] == "cut":
            self.flash.cut, self.flash.how = self.flash.operations + int(words[1]), words[2]
            return "ok"
        try:
            found = getattr(self, words[0])()
        except (OSError, StorageError, AssertionError):
            if not self.flash.dead:
                raise
            found = "off"
        except Refused as e:
            found = e.code
        if self.flash.dead:
            self.boot()
            found = "off"
        return found

    def sale(self):
        self.seq += 1
        return flight.quick(self.w, self.seq)

    def rescan(self):
        return flight.answer(self.w, flight.texts[self.seq], self.w.sale(flight.LINES)) if self.seq else "seq"

    def void(self):
        if not self.w.terminal.chain.last_sale:
            return "void_unknown"
        flight.void_last(self.w)
        return "ok"

    def open(self):
        flight.opens(self.w)
        return "ok"

    def close(self):
        flight.closes(self.w)
        return "ok"

    def sync(self):
        if self.w.terminal.journal.number > self.w.terminal.journal.acked:
            flight.sync(self.w)
        return "ok"

    def reboot(self):
        self.boot()
        return "ok"


def main():
    bench = Bench()
    for line in sys.stdin:
        found = bench.do(line.split())
        t = bench.w.terminal
        spent = sum(t.spend.get(world.kid_of("issuer") + world.some(name, 8))[1] for name in "abc")
        held = [number for number, _, _ in world.receipts(bench.w)]
        print(found, t.state, t.journal.number, t.journal.acked, spent, held[0] if held else 0, len(held))


main()
