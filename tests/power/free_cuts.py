"""Power cuts at every flash operation of what happens rarely: freeing, space running out, damage found at boot.

free_cuts.py AGE [STEP [OPERATION [HOW]]], as sale_cuts.py. Each step begins on a flash that was made for it. What a
flash holds that dies there is booted, has the same done again, and must be whole: no receipt lost that was not
acknowledged or damaged before, no payment taken twice, and the terminal sells on.
"""

import sys

from cutting import Flash, HashedSignatures, cuts, formatted, mounted

import world
from cabinpay.agent import journal
from cabinpay.agent.segments import FOLDER
from cabinpay.io.carve import highest
from cabinpay.wire import cbor, cose
from cabinpay.wire.receipts import BREAK, read_receipt

world.ed25519 = HashedSignatures
args = sys.argv[1:] + [""] * 4
AGE = int(args[0] or 0)
BLOCKS = 64
# a few receipts in each, so that there are several to free
journal.SEGMENT_SIZE = 2048
SALES = 12
ACKED = 9
LATER = 8 * 86400
EXP = world.NOW + 9 * 86400


def booted(flash, later=0, passes=20):
    rtc = world.NOW + 20 + later
    w = world.World(mounted(flash), rtc, passes, HashedSignatures, lambda: highest(flash))
    w.boots = 0
    return w


def code(seq, iat=world.NOW, name="passenger", exp=EXP):
    return world.quick(name, seq, iat, limits=[world.EUR, 10000, 4000, 99], exp=exp)


def pay(w, seq, **changes):
    return w.pay(code(seq, **changes), [[1, 1, seq]])


def sold(w):
    """A shift with a dozen sales, of which a ledger holds the first ones."""
    w.terminal.provision(bytes(32), [world.public(root) for root in world.ROOTS], "T", "")
    w.terminal.install(world.bundle(not_after=world.NOW + 20 * 86400))
    w.terminal.set_time(world.NOW + 20, b"t" * 150)
    w.terminal.open_shift("1", world.FLIGHT, world.DAY)
    for seq in range(1, SALES + 1):
        assert pay(w, seq) == "approved"
        if seq == ACKED:
            w.terminal.acknowledge(w.terminal.journal.number, b"a" * 150)


def damaged(w):
    sold(w)
    name = FOLDER + "/%08d" % w.terminal.journal._segments.ordinals[-2]
    w.terminal.journal._close()
    with w.files.open(name, "rb") as f:
        data = bytearray(f.read())
    data[700] ^= 4
    with w.files.open(name, "wb") as f:
        f.write(data)


def gone(w):
    sold(w)
    w.terminal.journal._close()
    w.files.remove(FOLDER + "/%08d" % w.terminal.journal._segments.ordinals[-1])


def crowded(w):
    """A table full of passes of which one has expired."""
    sold(w)
    assert pay(w, 1, name="short", exp=world.NOW + 60) == "approved"


def freed_before(w):
    """There is a snapshot already."""
    sold(w)
    w.terminal.store._free(5, 1)
    assert w.files.exists("snapshot")


def retained(w):
    w.terminal.set_time(world.NOW + LATER, b"t" * 150)
    w.terminal.acknowledge(w.terminal.journal.acked, b"a" * 150)


def short_of_room(w):
    w.terminal.journal._room -= w.terminal.journal.room()
    assert w.pay(code(40, iat=world.NOW + 20), [[1, 1, 40]]) == "approved"


def purged(w):
    w.terminal.set_time(world.NOW + 125, b"t" * 150)
    assert pay(w, 1, name="another", iat=world.NOW + 120) == "approved"


def to_quarantine_and_free(w):
    w.terminal.acknowledge(w.terminal.journal.number, b"a" * 150)
    # receipts first, and what damage was found in only where that was not enough
    for _ in range(2):
        w.terminal.journal._room -= w.terminal.journal.room()
        w.terminal.store.full()
    w.terminal.journal.measure()


# (name, what makes its flash, what is cut: None for the boot itself, later: seconds that its RTC has gone on, passes)
STEPS = (
    ("retained", sold, retained, LATER, 20),
    ("again", freed_before, retained, LATER, 20),
    ("short", sold, short_of_room, 0, 20),
    ("purged", crowded, purged, 100, 2),
    ("damaged", damaged, None, 0, 20),
    ("gone", gone, None, 0, 20),
    ("quarantine", damaged, to_quarantine_and_free, 0, 20),
)


def run(image, step):
    """(flash at the step's first operation, its operations)."""
    _, _, act, later, passes = step
    record = []
    flash = Flash(image, record)
    w = booted(flash, later, passes)
    if act:
        image = bytes(flash.memory)
        del record[:]
        act(w)
    return image, record


class Before:
    """What a step begins with; held: {number: signed bytes}; paid: seqs whose receipts are held."""

    def __init__(self, image, step):
        w = booted(Flash(image), step[3], step[4])
        t = w.terminal
        # a break is what this boot made of the damage
        held = [(number, signed) for number, signed, _ in world.receipts(w) if kind(signed) != BREAK]
        self.held = dict(held)
        self.high = max(self.held)
        self.acked = t.journal.acked
        self.spent = t.spend.get(ident())
        self.shift = t.chain.shift


def kind(signed):
    return read_receipt(cose.parse(signed, cbor).payload, cbor).kind


def ident():
    return world.kid_of("issuer") + world.some("passenger", 8)


def check(step, memory, before):
    name, _, _, later, passes = step
    survivor = Flash(memory)
    w = booted(survivor, later, passes)
    t = w.terminal
    assert t.state == "ready", "state " + t.state
    assert t.journal.acked >= before.acked, "ack lost"
    check_receipts(w, before)
    assert t.spend.get(ident())[:1] >= before.spent[:1] and t.spend.get(ident())[2] >= before.spent[2], "spend lost"
    if t.chain.shift is None:
        assert name in ("damaged", "gone", "quarantine"), "shift lost"
        t.open_shift("1", world.FLIGHT, world.DAY)
    for seq in range(1, SALES + 1):
        found = pay(w, seq)
        assert found in ("already_paid", "seq", "stale"), "payment %d %s" % (seq, found)
    complete(name, w)
    check_receipts(w, before)
    now = t.clock.read()[0]
    w.seconds += 90
    found = pay(w, 99, iat=now + 90)
    assert found == "approved", "next sale " + found
    held = world.receipts(w)
    again = booted(Flash(survivor.memory), later + 90, passes)
    assert again.terminal.state == "ready" and world.receipts(again) == held and not again.terminal.journal.lost
    assert pay(again, 99, iat=now + 90) == "already_paid"


def check_receipts(w, before):
    """Nothing unacknowledged went, what is there is what was there, and holes are those of breaks."""
    held = {number: signed for number, signed, _ in world.receipts(w)}
    for number, signed in before.held.items():
        if number > before.acked or number in held:
            assert held.get(number) == signed or w.terminal.journal.acked >= number, "receipt %d" % number
    last = None
    for number in sorted(held):
        if last is not None and number != last + 1 and last >= before.high:
            assert kind(held[number]) == BREAK, "hole before %d" % number
        last = number


def complete(name, w):
    """Does again what was cut, and it comes to its end."""
    if name in ("retained", "again"):
        retained(w)
        assert world.receipts(w)[0][0] > 5, "not freed"
        assert len(world.receipts(w)) < SALES, "not freed"
    elif name == "short":
        assert w.pay(code(40, iat=world.NOW + 20), [[1, 1, 40]]) in ("approved", "already_paid")
    elif name == "purged":
        w.terminal.set_time(world.NOW + 130, b"t" * 150)
        found = pay(w, 1, name="another", iat=world.NOW + 120)
        assert found in ("approved", "already_paid"), found
        assert pay(w, 1, name="short", exp=world.NOW + 60) in ("pass_expired", "already_paid")
    elif name == "quarantine":
        to_quarantine_and_free(w)
        assert not w.files.exists("quarantine") or w.files.listed("quarantine") == []


def main(age, only, operation, how):
    points = failures = 0
    for step in STEPS:
        if only not in ("", step[0]):
            continue
        image = aged(prepared(step), step, age)
        before = Before(image, step)
        begun, record = run(image, step)
        for n, way, memory in cuts(begun, record):
            if operation in (0, n) and how in ("", way):
                points += 1
                failures += failed("%d %s %d %s" % (age, step[0], n, way), step, memory, before)
        print("%s: %d operations" % (step[0], len(record)))
    print("%d cut points, %d failures" % (points, failures))


def prepared(step):
    flash = Flash(formatted(BLOCKS))
    step[1](booted(flash, 0, step[4]))
    return bytes(flash.memory)


def aged(image, step, boots):
    flash = Flash(image)
    # a boot would find the damage that is to be found at the one that is cut
    for _ in range(0 if step[1] in (damaged, gone) and step[2] is None else boots):
        booted(flash, step[3], step[4])
    return bytes(flash.memory)


def failed(case, step, memory, before):
    try:
        check(step, memory, before)
        return 0
    except Exception as e:  # noqa: BLE001 -- reported
        print("FAIL %s:" % case)
        sys.print_exception(e, sys.stdout)
        return 1


main(AGE, args[1], int(args[2] or 0), args[3])
