"""Power cuts at every flash operation of a scripted flight, and again at every one of the boot that follows.

flight_cuts.py AGE EVERY SHARD OF | CASE

AGE: boots more before each step, so that littlefs compacts its own metadata here or there. EVERY: of the second cuts
one in so many is made (0: none). SHARD, OF: the steps whose place modulo OF is SHARD. CASE, as a failure prints it:
AGE/STEP/OPERATION/HOW, or with /OPERATION/HOW of the boot behind it, runs that one alone; AGE/STEP all of the step.
A cut before an operation is one after the last: it is made at the first operation only. Of cuts in a step that leave
the same flash, bit for bit, one is judged.
"""

import binascii
import hashlib
import sys

import flight
from cutting import BLOCK, HOWS, Flash, formatted
from flight import NAMES, STEPS

from cabinpay.agent import records
from cabinpay.agent.errors import Refused, StorageError
from cabinpay.wire.receipts import SALE, VOID


class Past:
    """What has been written in the run that nothing cuts: records, oldest first, whether freed since or not.
    low: how many before the step; acked, version, floor: before it and after."""

    def __init__(self):
        self.records = []
        self.low = 0
        self.facts = [(0, 0, 0)] * 2

    def take(self, w):
        """The step is over, and the terminal has booted again."""
        self.low = len(self.records)
        held = all_records(w)
        known = [key(record) for record in self.records]
        self.records += [record for record in held if key(record) not in known]
        self.facts = [self.facts[1], facts(w)]


def key(record):
    return (record.type, record.kind, record.number, record.floor, record.spend, record.signed)


def all_records(w):
    held = []
    if w.terminal.chain:
        for ordinal in w.terminal.journal._segments.ordinals:
            held += list(w.terminal.journal._segments.records(ordinal))
    return held


def facts(w):
    t = w.terminal
    return t.journal.acked, t.trust.bundle.version if t.trust.bundle else 0, t.clock.floor()


def run(image, step, cut, how):
    """(flash after the step, highest number that was shown in it)."""
    flash = Flash(image)
    del flight.shown[:]
    try:
        if step[1] is None:
            flash.cut, flash.how = cut, how
        w = booted(flash, step)
        flash.operations = flash.operations if step[1] is None else 0
        flash.cut, flash.how = cut, how
        if step[1]:
            step[1](w)
    except (OSError, Refused, StorageError, AssertionError):
        if not flash.dead:
            raise
    return flash, max(flight.shown) if flight.shown else 0


def booted(flash, step):
    w = flight.booted(flash, step[2])
    w.files.flash = flash
    return w


def check(flash, step, past, least):
    """Boots what survived, compares it with the past, and sells on; least: highest number shown in the step."""
    survivor = Flash(flash.memory)
    w = booted(survivor, step)
    name, t = step[0], w.terminal
    if t.state == "blank":
        assert name == "provision", "keys lost"
        STEPS[0][1](w)
    if t.state == "no-bundle":
        assert name in ("provision", "bundle"), "bundle lost"
        STEPS[1][1](w)
    assert t.state == "ready" and not t.journal.lost, t.state
    acked, version, floor = facts(w)
    assert past.facts[0][0] <= acked <= past.facts[1][0], "acked"
    assert past.facts[0][1] <= version <= max(7, past.facts[1][1]), "bundle"
    assert floor >= past.facts[0][2], "floor"
    upto = check_records(w, past, least)
    check_spent(t, past.records[:upto])
    last = check_last_code(w, past.records[:upto])
    check_sells(w, NAMES.index(name) >= NAMES.index("fill"))
    again = booted(survivor, step).terminal
    assert again.journal.number == t.journal.number and again.state == "ready", "next sale lost"
    return last


def check_records(w, past, least):
    """What is held is what was written, up to `upto`, without the oldest that were freed."""
    held = [key(record) for record in all_records(w)]
    wrote = [key(record) for record in past.records]
    if not held:
        first = upto = past.low
    else:
        assert held[0] in wrote, "record from nowhere"
        first = wrote.index(held[0])
        upto = first + len(held)
        assert held == wrote[first:upto], "records"
    assert upto >= past.low, "records lost"
    assert not [r for r in past.records[:first] if r.type == records.RECEIPT and r.number > w.terminal.journal.acked]
    top = [record for record in past.records[:upto] if record.type == records.RECEIPT]
    assert w.terminal.journal.number == (top[-1].number if top else 0) >= least, "shown receipt lost"
    return upto


def check_spent(t, wrote):
    """Spend state and counters, against a replay of all that was ever written."""
    spent, sales, total, ground = {}, 0, 0, 0
    number = 0
    for record in wrote:
        kid, cti, seq, amount, sale, _ = record.spend
        if record.type == records.TIME:
            sales = total = 0
            ground = number
        elif record.type == records.RECEIPT:
            number = record.number
            before = spent.get(kid + cti, (0, 0, 0))
            if record.kind == SALE:
                spent[kid + cti] = (max(before[0], seq), before[1] + amount, before[2] + 1)
                sales, total = sales + 1, total + amount
            elif record.kind == VOID:
                spent[kid + cti] = (before[0], before[1] - amount, before[2])
                total -= amount if sale > ground else 0
    assert t.spend.used == len(spent), "passes"
    assert [ident for ident in spent if t.spend.get(ident) != spent[ident]] == [], "spend state"
    assert (t.store.since_ground[0], sum(t.store.since_ground[1].values())) == (sales, total), "counters"


def check_last_code(w, wrote):
    """The code of the last sale that there is, once more."""
    sales = [record for record in wrote if record.type == records.RECEIPT and record.kind == SALE]
    if not sales:
        return
    voided = [record.spend[4] for record in wrote if record.kind == VOID]
    seq, number = sales[-1].spend[2], sales[-1].number
    found = w.terminal.scan(flight.texts[seq], w.sale(flight.LINES)).code
    if w.terminal.journal.find_sale(number)[0]:
        assert found == ("voided" if number in voided else "already_paid"), found
    else:
        assert found in ("no_shift", "stale", "seq"), found


def check_sells(w, may_be_full):
    try:
        if w.terminal.chain.shift is None:
            flight.opens(w)
        found = flight.quick(w, 9000)
    except Refused as e:
        found = e.code
    if found == "full" and may_be_full:
        if w.terminal.chain.shift:
            flight.void_last(w) if not w.terminal.chain.last_cancelled else None
            flight.closes(w)
        flight.sync(w)
        flight.opens(w)
        found = flight.quick(w, 9000)
    assert found == "approved", "next sale " + found
    assert w.terminal.scan(flight.texts[9000], w.sale(flight.LINES)).code == "already_paid"


def hows(operation):
    return HOWS if operation == 1 else HOWS[1:]


class Cuts:
    """The cuts of one flight. only: parts of one case, or none; failures: cases that failed."""

    def __init__(self, age, every, shard, of, only):
        self.age, self.every, self.shard, self.of, self.only = age, every, shard, of, only
        self.once = self.twice = self.second = 0
        self.failures = self.images = 0
        self.judged = set()
        self.survivor = bytearray(flight.BLOCKS * BLOCK)

    def fly(self):
        image, past = bytearray(formatted(flight.BLOCKS)), Past()
        after = bytearray(image)
        for place, step in enumerate(STEPS):
            for _ in range(self.age):
                flash = Flash(image)
                booted(flash, step)
                image[:] = flash.memory
            flash, _ = run(image, step, 0, "")
            after[:] = flash.memory
            past.take(booted(Flash(after), step))
            print("%s: %d operations" % (step[0], flash.operations))
            if self.only[0] == step[0] if self.only else place % self.of == self.shard:
                self.cut(image, step, past, flash.operations)
            image[:] = after
        for record in past.records:
            if record.type == records.RECEIPT:
                print("RECEIPT", record.number, binascii.hexlify(record.signed).decode())
        count = (self.once + self.twice, self.twice, self.images, self.failures)
        print("%d cut points, %d of them twice, %d flashes, %d failures" % count)

    def cut(self, image, step, past, operations):
        self.judged.clear()
        for n in range(1, operations + 1):
            for how in hows(n):
                if self.only[1:3] in ([], [str(n), how]):
                    flash, least = run(image, step, n, how)
                    self.cut_again(flash, step, past, least, [step[0], str(n), how])

    def cut_again(self, flash, step, past, least, case):
        self.survivor[:] = flash.memory
        if not self.only[3:]:
            self.once += 1
            self.judge(flash, step, past, least, case)
        if not self.every:
            return
        operations = self.boot_cut(step, 0, "").operations
        for n in range(1, operations + 1):
            for how in hows(n):
                self.second += 1
                if self.only[3:] == [str(n), how] or (not self.only[3:] and self.second % self.every == 0):
                    self.twice += 1
                    self.judge(self.boot_cut(step, n, how), step, past, least, case + [str(n), how])

    def boot_cut(self, step, cut, how):
        again = Flash(self.survivor)
        again.cut, again.how = cut, how
        try:
            booted(again, step)
        except OSError:
            if not again.dead:
                raise
        return again

    def judge(self, flash, step, past, least, case):
        image = hashlib.sha256(flash.memory).digest(), least
        if image in self.judged:
            return
        self.judged.add(image)
        self.images += 1
        try:
            check(flash, step, past, least)
        except Exception as e:  # noqa: BLE001 -- reported
            self.failures += 1
            print("FAIL %d/%s:" % (self.age, "/".join(case)))
            sys.print_exception(e, sys.stdout)


def main(args):
    if len(args) == 1:
        parts = args[0].split("/")
        Cuts(int(parts[0]), 1, 0, 1, parts[1:]).fly()
    else:
        age, every, shard, of = (int(arg) for arg in args)
        Cuts(age, every, shard, of, []).fly()


main(sys.argv[1:])
