"""What a terminal does for the ground: set up, trust bundles, time, acks, the prompt. Terminal's methods of these names
say what each is; this file is loaded when the first of them is called."""

import hashlib
from binascii import hexlify

from cabinpay.wire.receipts import BUNDLE, CLOCK, MAINTENANCE, SYNCED, Note

from . import crash, keystore, records, starts
from .errors import Refused, StorageError
from .files import write_whole
from .heap import make_room, often, seldom
from .journal import ROLLED_BACK

# A clock set by no more than this leaves no note: it is the line's delay and clocks drifting, and would fill the chain
NOTED_SECONDS = 5
# By quality of the clock: RTC, SYNCED, FLOOR
_QUALITIES = ("", "rtc", "synced", "floor")


def provision(terminal, host_entropy, roots, label, aircraft):
    if terminal.state != "blank":
        raise Refused("not_blank", "Only a blank terminal can be provisioned; this one is " + terminal.state + ".")
    try:
        keys = new_keys(terminal.urandom(64), host_entropy, roots, label, aircraft)
        write_whole(terminal.files, keystore.NAME, keys.pack(terminal.codec))
        terminal.keys = keystore.load(terminal.files, terminal.codec, terminal.crypto)
        terminal.start()
    except OSError:
        terminal.damage = "storage"
        raise StorageError()
    return terminal.keys.public


def new_keys(entropy, host_entropy, roots, label, aircraft):
    """From 64 bytes of the terminal's own entropy and 32 of the host's."""
    seed = hashlib.sha256(b"cabinpay-terminal-key" + entropy[:32] + host_entropy).digest()
    drbg = hashlib.sha256(b"cabinpay-terminal-drbg" + entropy[32:] + host_entropy).digest()
    return keystore.Keystore(seed=seed, drbg=drbg, roots=roots, label=label, aircraft=aircraft)


def install(terminal, data):
    before = terminal.trust.bundle
    missing = terminal.trust.install(data, terminal.keys.roots, terminal.clock.floor(), terminal.chain.bundle)
    if missing:
        _make_room(terminal)
    else:
        _bundle_in_force(terminal, before)
    return missing


def add_file(terminal, name, offset, chunk):
    before = terminal.trust.bundle
    if terminal.trust.add_file(name, offset, chunk):
        _bundle_in_force(terminal, before)


def _make_room(terminal):
    terminal.journal.measure()
    # as voids and notes, a bundle's files may take of the reserve what close and ack do not need
    if terminal.store.full(0) and terminal.journal.spare() < 0:
        terminal.trust.unstage()
        terminal.journal.measure()
        raise Refused("full", "No room for the bundle's files. Take the receipts in first.")


def _bundle_in_force(terminal, before):
    bundle = terminal.trust.bundle
    if bundle is before:
        return
    terminal.apply_bundle()
    terminal.journal.measure()
    # the first bundle of a new terminal is part of setting it up, and its first opening receipt names it
    if before or terminal.journal.number:
        terminal.note(BUNDLE, "version %d" % bundle.version)


def open_prompt(terminal, by, anyway):
    journal = terminal.journal
    if journal.number > journal.acked and not anyway:
        raise Refused("not_synced", "Receipts are not in the ledger yet. Sync first, or say that it is to be so.")
    if journal.fault:
        crash.leave(terminal.files, starts.OPENED)  # a chain that takes no note now may take it later
    elif terminal.keys:
        detail = "granted by " + hexlify(by).decode()
        terminal.chain.append(Note, terminal.clock.read(), event=MAINTENANCE, detail=detail)
    starts.open_next(terminal.files)


def set_time(terminal, now, statement):
    if now < terminal.clock.floor():
        raise Refused("time_back", "The terminal has seen a later time. Check the computer's clock.")
    if not terminal.clock.possible(now):
        # the floor never falls: a laptop whose clock is years ahead would end this terminal's life
        raise Refused("time_ahead", "That is long after the bundle's end. Check the computer's clock.")
    make_room()
    now = 0 + now  # what the clock has of it stays: a copy, made where there is room now
    before, quality, _ = terminal.clock.read()
    terminal.journal.append(records.Record(records.TIME, 0, 0, now, records.NO_SPEND, statement))
    terminal.clock.sync(now)
    terminal.store.ground_spoke(now)
    # a clock that went right already was not set: a second sync leaves nothing for a third
    if quality != SYNCED or abs(now - before) > NOTED_SECONDS:
        terminal.note(CLOCK, "was %d %s" % (before, _QUALITIES[quality]))


def acknowledge(terminal, number, statement):
    _note_ack(terminal, number, statement)
    if not terminal.trust.bundle:
        return
    before = seldom()
    try:
        terminal.store.free_old(terminal.trust.bundle.limits[3])
    finally:
        often(before)


def _note_ack(terminal, number, statement):
    if number > terminal.journal.acked:
        time, quality, _ = terminal.clock.read()
        terminal.journal.append(records.ack(number, time if quality == SYNCED else records.NO_TIME, statement))


def roll_back(terminal, number, statement):
    if terminal.journal.fault != ROLLED_BACK:
        _note_ack(terminal, number, statement)
    terminal.journal.fault = ROLLED_BACK
