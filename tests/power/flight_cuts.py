"""Power cuts at every flash operation of a scripted flight, and again at every one of the boot that follows.

flight_cuts.py AGE EVERY SHARD OF | CASE

AGE: boots more before each step, so that littlefs compacts its own metadata here or there. EVERY: of the second cuts
one in so many is made (0: none). SHARD, OF: the steps whose place modulo OF is SHARD. CASE, as a failure prints it:
AGE/STEP/OPERATION/HOW, or with /OPERATION/HOW of the boot behind it, runs that one alone; AGE/STEP all of the step.
What a flash that dies holds is worked out from the operations of a run that nothing cuts; one first cut in DIES, and
any that runs alone, is made in the run itself as well. Of cuts in a step that leave the same flash, bit for bit, one
is judged.
"""

import binascii
import hashlib
import sys

import flight
from cutting import Flash, cuts, formatted
from flight import NAMES, STEPS

from cabinpay.agent import records
from cabinpay.agent.errors import Refused, StorageError
from cabinpay.wire.receipts import SALE, VOID

# Of the first cuts one in so many is also made on a flash that dies in the run itself
DIES = 50


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


def run(image, step, cut=0, how="", record=None):
    """(flash at the step's first operation, flash after it); record: a list that takes up its operations."""
    flash = Flash(image, record)
    del flight.shown[:]
    try:
        if step[1] is None:
            flash.cut, flash.how = cut, how
        w = booted(flash, step)
        if step[1]:
            image = bytes(flash.memory)
            flash.operations = 0
            if record:
                record.clear()
            flash.cut, flash.how = cut, how
            step[1](w)
    except (OSError, Refused, StorageError, AssertionError):
        if not flash.dead:
            raise
    return image, flash


def booted(flash, step):
    w = flight.booted(flash, step[2])
    w.files.flash = flash
    return w


def check(memory, step, past, least):
    """Boots what survived, compares it with the past, and sells on; least: highest number shown in the step."""
    survivor = Flash(memory)
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


def places(record):
    return [(at, len(data)) for at, data in record]


class Cuts:
    """The cuts of one flight. only: parts of one case, or none; failures: cases that failed."""

    def __init__(self, age, every, shard, of, only):
        self.age, self.every, self.shard, self.of, self.only = age, every, shard, of, only
        self.once = self.twice = self.second = self.died = 0
        self.failures = self.images = 0
        self.judged = set()
        # {flash, and highest number shown before: how many second cuts it has}
        self.behind = {}

    def fly(self):
        image, past = bytearray(formatted(flight.BLOCKS)), Past()
        after = bytearray(image)
        for place, step in enumerate(STEPS):
            for _ in range(self.age):
                flash = Flash(image)
                booted(flash, step)
                image[:] = flash.memory
            record = []
            begun, flash = run(image, step, record=record)
            shown = list(flight.shown)
            after[:] = flash.memory
            past.take(booted(Flash(after), step))
            print("%s: %d operations" % (step[0], len(record)))
            if self.only[0] == step[0] if self.only else place % self.of == self.shard:
                self.cut(image, begun, step, past, record, shown)
            image[:] = after
        for record in past.records:
            if record.type == records.RECEIPT:
                print("RECEIPT", record.number, binascii.hexlify(record.signed).decode())
        count = (self.once + self.twice, self.twice, self.images, self.died, self.failures)
        print("%d cut points, %d of them twice, %d flashes, %d died, %d failures" % count)

    def cut(self, image, begun, step, past, record, shown):
        self.judged.clear()
        self.behind.clear()
        for n, how, memory in cuts(begun, record):
            if self.only[1:3] in ([], [str(n), how]):
                case = [step[0], str(n), how]
                least = max([0] + [number for before, number in shown if before < n])
                if self.only or self.once % DIES == 0:
                    self.attempt(case, self.die, image, step, (n, how), record, past, least)
                self.cut_again(bytes(memory), step, past, least, case)

    def die(self, image, step, cut, record, past, least):
        """The run itself, on a flash that dies there: up to then it does what the other did (but for the times that
        littlefs gives its files), and what it leaves is whole."""
        self.died += 1
        again = []
        _, flash = run(image, step, *cut, again)
        assert flash.dead and places(again) == places(record[: cut[0]]), "ran otherwise"
        check(flash.memory, step, past, least)

    def cut_again(self, memory, step, past, least, case):
        if not self.only[3:]:
            self.once += 1
            self.judge(memory, step, past, least, case)
        if not self.every:
            return
        image = self.key(memory, least)
        if self.every == 1 and image in self.behind and not self.only:
            # the same flash, and so the same second cuts, all of them judged
            self.twice += self.behind[image]
            return
        record = []
        booted(Flash(memory, record), step)
        before = self.second
        for n, how, again in cuts(memory, record):
            self.second += 1
            if self.only[3:] == [str(n), how] or (not self.only[3:] and self.second % self.every == 0):
                self.twice += 1
                self.judge(again, step, past, least, case + [str(n), how])
        self.behind[image] = self.second - before

    def key(self, memory, least):
        return hashlib.sha256(memory).digest(), least

    def judge(self, memory, step, past, least, case):
        image = self.key(memory, least)
        if image not in self.judged:
            self.judged.add(image)
            self.images += 1
            self.attempt(case, check, memory, step, past, least)

    def attempt(self, case, act, *args):
        try:
            act(*args)
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
