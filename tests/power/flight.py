"""A scripted flight: everything that a terminal does between two shown results, from provisioning to a full flash that
a sync makes room on again. Each step begins with a boot on what the step before has left."""

import hashlib

from cutting import HashedSignatures, mounted

import parcel
import world
from cabinpay.agent import crash, journal, store
from cabinpay.agent.errors import Refused
from cabinpay.agent.session import Session
from cabinpay.io.carve import highest
from cabinpay.wire import cbor
from cabinpay.wire.receipts import OTHER

world.ed25519 = HashedSignatures
BLOCKS = 36
# a few receipts in each, so that a flight has many
journal.SEGMENT_SIZE = 3000
# or a flash as small as this one would free at every ack
store.ROOMY = 8192
DAYS = 86400
LATER = 8 * DAYS
LINES = [[1, 1, 4]] * 24
# as shown in the run that nothing cuts: {seq: scanned text}
texts = {}
# and (flash operations before, number) of each receipt
shown = []
PARCEL = {"revoked": parcel.revoked("stolen"), "catalogue": parcel.catalogue()}
FOLLOWING = {"revoked": parcel.revoked(*["stolen %d" % n for n in range(80)] + ["stolen"]), "crew": parcel.crew()}


def booted(flash, later=0):
    w = world.World(mounted(flash), raw=lambda: highest(flash), rtc=world.NOW + 20 + later, crypto=HashedSignatures)
    # the port's randomness is always the same here: nonces may not hang on it
    w.boots = 0
    return w


def its_pass(seq):
    return world.a_pass("abc"[seq % 3], limits=[world.EUR, 10000, 4000, 99], exp=world.NOW + 9 * DAYS)


def scan(w, seq, sale, **how):
    signed = its_pass(seq)
    texts[seq] = world.shown(signed, world.payment(signed, seq, w.rtc - 10, **how))
    return answer(w, texts[seq], sale)


def answer(w, text, sale):
    found = w.terminal.scan(text, sale)
    if found.code == "approved" and not w.files.flash.dead:
        shown.append((w.files.flash.operations, found.number))
    return found.code


def quick(w, seq):
    return scan(w, seq, w.sale(LINES))


def sells(seq):
    def sell(w):
        assert quick(w, seq) == "approved"

    return sell


def bound(w):
    sale = w.sale(LINES)
    assert scan(w, 2, sale, terms=[sale.amount, sale.currency, sale.order]) == "approved"


def challenged(w):
    sale = w.sale(LINES)
    challenge = w.terminal.bill(sale).challenge(cbor)
    assert scan(w, 3, sale, terms=[sale.amount, sale.currency], challenge=challenge) == "approved"


def refused(w):
    before = w.files.flash.operations
    for text, code in (
        (texts[3], "already_paid"),
        (texts[1][:-4], "qr"),
        (world.quick("stolen"), "revoked"),
        (world.quick("z", iat=world.NOW - 900), "stale"),
        (world.quick("z", issuer="nobody"), "issuer"),
    ):
        found = answer(w, text, w.sale(LINES))
        assert found == code or (code == "qr" and found not in ("approved", "storage")), (found, code)
    assert w.files.flash.operations == before, "a refusal wrote"


def void_last(w):
    w.terminal.void(w.terminal.chain.last_sale[0], OTHER)


def opens(w):
    w.terminal.open_shift("1", world.FLIGHT, world.DAY)


def closes(w):
    w.terminal.close_shift()


def brings(parcel_of, version):
    def install(w):
        end = world.NOW + 20 * DAYS
        parcel.stock(w, parcel_of, version=version, not_after=end, issuers=[world.issuer_entry(end=end)])
        assert w.terminal.trust.bundle.version == version

    return install


def logged_in(w):
    host = world.Host(Session(w.terminal))
    assert host.login()[0] == "ok"
    return host


def set_time(w):
    host = logged_in(w)
    assert host.status("time", host.time_text(w.rtc)) == "ok"


def sync(w):
    """Pulls all there is, and acknowledges it; first the time, or nobody knows when the ack came."""
    host = logged_in(w)
    assert host.status("time", host.time_text(w.rtc)) == "ok"
    number = w.terminal.journal.acked
    while number < w.terminal.journal.number:
        items = [result for status, result in host.replies("pull", number + 1, 8) if status == "more"]
        assert items, "the line is dead"
        number = items[-1][0]
        head = hashlib.sha256(items[-1][1]).digest()
    assert host.ask("ack", host.ack_text(number, head)) == ("ok", number)


def acks_again(w):
    """Retention is over, and the ack that was given comes again."""
    host = logged_in(w)
    assert host.status("ack", host.ack_text(w.terminal.journal.acked, bytes(32))) == "ok"
    assert w.terminal.journal._freed, "freed nothing"


def fills(w):
    seq = 100
    while w.terminal.journal.room() > 12000:
        seq += 1
        assert quick(w, seq) == "approved"


def fills_to_the_end(w):
    found = "approved"
    while found == "approved":
        found = quick(w, 1000 + w.terminal.journal.number)
    assert found == "full", found


def refused_when_full(w):
    found = quick(w, 2000)
    assert found == "full", (found, w.terminal.journal.room())
    try:
        opens(w)
    except Refused as e:
        assert e.code == "full"


def crashed(w):
    """An exception ends main.py, and the terminal boots again."""
    crash.leave(w.files, "ValueError")
    w.boot()


# (name, what it does, seconds that have gone by since the flight began)
STEPS = (
    ("provision", lambda w: w.terminal.provision(bytes(32), [world.public(r) for r in world.ROOTS], "T", ""), 0),
    ("bundle", brings(PARCEL, 7), 0),
    ("boot", None, 0),
    ("time", set_time, 0),
    ("open", opens, 0),
    ("quick", sells(1), 0),
    ("bound", bound, 0),
    ("challenged", challenged, 0),
    ("refused", refused, 0),
    ("void", void_last, 0),
    ("sale", sells(4), 0),
    ("crash", crashed, 0),
    ("newer", brings(FOLLOWING, 8), 0),
    ("reopen", opens, 0),
    ("second", sells(5), 0),
    ("close", closes, 0),
    ("sync", sync, 0),
    ("later", set_time, LATER),
    ("freeing", acks_again, LATER),
    ("third", opens, LATER),
    ("roll1", sells(6), LATER),
    ("roll2", sells(7), LATER),
    ("roll3", sells(8), LATER),
    ("fill", fills, LATER),
    ("end", fills_to_the_end, LATER),
    # a boot counts what is free anew, and finds a little more than was counted down
    ("again", fills_to_the_end, LATER),
    ("quite", fills_to_the_end, LATER),
    ("full", refused_when_full, LATER),
    ("fullvoid", void_last, LATER),
    ("fullbundle", brings(FOLLOWING, 9), LATER),
    ("fullclose", closes, LATER),
    ("fullsync", sync, LATER),
    ("fourth", opens, LATER),
    ("last", sells(3000), LATER),
    ("bootlast", None, LATER),
)
NAMES = [step[0] for step in STEPS]
