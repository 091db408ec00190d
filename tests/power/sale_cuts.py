"""Power cuts at every flash operation of a terminal's life, on real littlefs.

sale_cuts.py AGE [STEP [OPERATION [HOW]]]

AGE boots more happen before each step, so that littlefs compacts its own metadata here or there: every few boots.
An odd AGE has long segments, an even one short.
For each step (what a terminal does between two shown results), each flash operation of it, and each way in which it can
end (HOW): what a flash holds that dies there is booted and must be whole. One line a failure, which names the arguments
that run it alone. Signatures are stood in for by hashes: nothing here depends on them.
"""

import hashlib
import sys

from cutting import Flash, HashedSignatures, cuts, formatted, mounted

import parcel
import world
from cabinpay.agent import crash, journal
from cabinpay.io.carve import highest
from cabinpay.wire import cbor, cose
from cabinpay.wire.receipts import CRASH, FIRST_PREVIOUS, NOTE, OTHER, SALE, VOID, read_receipt

world.ed25519 = HashedSignatures
BLOCKS = 64
args = sys.argv[1:] + [""] * 4
AGE = int(args[0] or 0)
# even ages: segments so short that the sales of one step come to lie in several of them; odd ages: one long segment,
# whose last block littlefs copies at every append
journal.SEGMENT_SIZE = 32768 if AGE % 2 else 1024
MORE = tuple(range(2, 12 if AGE % 2 else 5))


def booted(flash):
    # the port's randomness is always the same here: nonces may not hang on it
    w = world.World(mounted(flash), raw=lambda: highest(flash), rtc=world.NOW + 20, crypto=HashedSignatures)
    w.boots = 0
    return w


def provision(w):
    return w.terminal.provision(bytes(32), [world.public(root) for root in world.ROOTS], "T", "")


def sell(w, seq):
    return w.pay(world.quick(seq=seq, limits=[world.EUR, 10000, 4000, 99]), [[1, 1, 4]] * 24)


def crashed(w):
    """An exception ends main.py, and the terminal boots again."""
    crash.leave(w.files, "ValueError")
    return w.boot()


# files of several blocks, so that a cut finds them begun; the catalogue travels with both bundles
PARCEL = {"revoked": b"".join([n.to_bytes(16, "big") for n in range(300)]), "catalogue": parcel.catalogue()}
FOLLOWING = {"revoked": b"".join([n.to_bytes(16, "big") for n in range(150)]), "catalogue": parcel.catalogue()}

# what happens between two shown results, in the order of a terminal's life; each begins with a boot on what was before
STEPS = (
    ("provision", provision),
    ("bundle", lambda w: w.terminal.install(world.bundle())),
    ("boot", None),
    ("open", lambda w: w.terminal.open_shift("1", world.FLIGHT, world.DAY)),
    ("sale", lambda w: sell(w, 1)),
    ("second", lambda w: [sell(w, seq) for seq in MORE]),
    ("void", lambda w: w.terminal.void(2, OTHER)),
    ("crash", crashed),
    ("time", lambda w: w.terminal.set_time(world.NOW + 10, b"t" * 150)),
    ("ack", lambda w: w.terminal.acknowledge(2, b"a" * 150)),
    ("newer", lambda w: w.terminal.install(world.bundle(version=8))),
    ("files", lambda w: parcel.stock(w, PARCEL, version=9)),
    ("following", lambda w: parcel.stock(w, FOLLOWING, version=10)),
    ("close", lambda w: w.terminal.close_shift()),
)
# seqs of the payments that have been shown as approved before the step, and of those that the step tries
ALL = (1,) + MORE
SHOWN = {"second": (1,)}
for _late in ("crash", "time", "ack", "newer", "files", "following", "close"):
    SHOWN[_late] = ALL
SHOWN["void"] = MORE
TRIED = {"sale": (1,), "second": MORE}
# receipts that a step may leave behind unshown: sales, a void, a note each; a crash whose note was made twice is two
NEW = {"sale": 1, "second": len(MORE), "crash": 2}


def run(image, step):
    """(flash at the step's first operation, its operations, a nonce that may have been used, flash after it)."""
    nonce, record = None, []
    flash = Flash(image, record)
    w = booted(flash)
    if step[1]:
        if w.terminal.keys:
            nonce = w.terminal.drbg.nonce()
        image = bytes(flash.memory)
        del record[:]
        step[1](w)
    return image, record, nonce, bytes(flash.memory)


def chain(w):
    """The signed receipts, the chain between them checked."""
    out, head = [], FIRST_PREVIOUS
    for number, signed, _ in world.receipts(w):
        receipt = read_receipt(cose.parse(signed, cbor).payload, cbor)
        assert number == receipt.number == len(out) + 1, "numbers"
        assert receipt.previous == head, "chain"
        head = hashlib.sha256(signed).digest()
        out.append(signed)
    assert w.terminal.journal.number == len(out) and w.terminal.journal.head == head
    return out


def tally(w, kind):
    """{seq of a payment: how many receipts of `kind` over it the journal holds}"""
    found = {}
    for name in w.terminal.journal._segments.ordinals:
        for record in w.terminal.journal._segments.records(name):
            if record.kind == kind:
                found[record.spend[2]] = found.get(record.spend[2], 0) + 1
    return found


def check(name, memory, before, nonce):
    """Boots what survived, compares it with the receipts of before, and carries on."""
    survivor = Flash(memory)
    w = booted(survivor)
    t = w.terminal
    late = [step for step, _ in STEPS[[step for step, _ in STEPS].index(name) :]]
    if t.state == "blank":
        assert name == "provision", "keys lost"
        provision(w)
    if t.state == "no-bundle":
        assert name in ("provision", "bundle"), "bundle lost"
        t.install(world.bundle())
    assert t.state == "ready", "state " + t.state
    assert nonce is None or t.drbg.nonce() != nonce, "nonce repeated"
    now = chain(w)
    assert now[: len(before)] == before and len(now) <= len(before) + NEW.get(name, 1), "shown receipts"
    if t.chain.shift is None:
        assert name in ("close", "provision", "bundle", "boot", "open"), "shift lost"
        t.open_shift("1", world.FLIGHT, world.DAY)
    if "time" not in late:
        assert t.clock.floor() >= world.NOW + 10, "floor fell"
    if "ack" not in late:
        assert t.journal.acked == 2, "ack lost"
    if "newer" not in late:
        assert t.trust.bundle.version >= 8, "older bundle"
    check_files(name, w, late)
    now = chain(w)
    if "void" not in late:
        assert 1 in tally(w, VOID), "void lost"
    if "crash" not in late:
        assert noted(now) >= 1, "crash lost"
    sales, voids = sum(tally(w, SALE).values()), sum(tally(w, VOID).values())
    assert voids <= 1 and w.terminal.spend.get(ident())[1] == 96 * (sales - voids), "sum"
    check_payments(name, w)
    code = sell(w, 99)
    assert code == "approved", "next sale " + code
    again = booted(Flash(survivor.memory))
    assert chain(again)[: len(now)] == now and tally(again, SALE)[99] == 1 and sell(again, 99) == "already_paid"


def noted(signed_receipts):
    """How many crashes are noted."""
    receipts = [read_receipt(cose.parse(signed, cbor).payload, cbor) for signed in signed_receipts]
    return sum(1 for r in receipts if r.kind == NOTE and r.event == CRASH)


def ident():
    return world.kid_of("issuer") + world.some("passenger", 8)


def check_files(name, w, late):
    """Old or new is whole, and the next try completes what was begun."""
    trust = w.terminal.trust
    for step, version, parcel_of in (("files", 9, PARCEL), ("following", 10, FOLLOWING)):
        if step not in late:
            assert trust.bundle.version >= version, "bundle with files lost"
        if trust.bundle.version == version:
            last = (len(parcel_of["revoked"]) // 16 - 1).to_bytes(16, "big")
            assert trust.revoked(last) and not trust.revoked(b"\xff" * 16), "files of another bundle"
            assert trust.catalogue(101, world.EUR), "catalogue lost"
        elif step == name:
            parcel.stock(w, parcel_of, version=version)
            assert trust.bundle.version == version and trust.has("catalogue"), "not completed"


def check_payments(name, w):
    paid, voided = tally(w, SALE), tally(w, VOID)
    for seq in SHOWN.get(name, ()):
        code = "voided" if seq in voided else "already_paid"
        assert paid[seq] == 1 and sell(w, seq) == code, "shown payment %d" % seq
    for seq in TRIED.get(name, ()):
        code = "already_paid" if seq in paid else "approved"
        assert sell(w, seq) == code and sell(w, seq) == "already_paid", "payment %d" % seq
    again = tally(w, SALE)
    assert all(again[seq] == 1 for seq in TRIED.get(name, ())), "paid twice"


def main(age, only, operation, how):
    image, before, points, failures = formatted(BLOCKS), [], 0, 0
    for step in STEPS:
        image, record, nonce, after = run(aged(image, age), step)
        for n, way, memory in cuts(image, record) if only in ("", step[0]) else ():
            if operation in (0, n) and how in ("", way):
                points += 1
                failures += failed("%d %s %d %s" % (age, step[0], n, way), step[0], memory, before, nonce)
        print("%s: %d operations" % (step[0], len(record)))
        image = after
        w = booted(Flash(image))
        paid = tally(w, SALE) if w.terminal.chain else {}
        assert all(paid[seq] == 1 for seq in TRIED.get(step[0], ())), step[0]
        before = chain(w) if w.terminal.chain else []
    print("%d cut points, %d failures" % (points, failures))


def aged(image, boots):
    flash = Flash(image)
    for _ in range(boots):
        booted(flash)
    return bytes(flash.memory)


def failed(case, name, memory, before, nonce):
    try:
        check(name, memory, before, nonce)
        return 0
    except Exception as e:  # noqa: BLE001 -- reported
        print("FAIL %s:" % case)
        sys.print_exception(e, sys.stdout)
        return 1


main(AGE, args[1], int(args[2] or 0), args[3])
