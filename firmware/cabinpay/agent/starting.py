"""How a terminal that has keys takes up what its flash holds: once a boot, so its code need not be in RAM after it."""

from cabinpay.wire import cose
from cabinpay.wire.receipts import CRASH, NOTE, read_receipt

from . import crash, keystore
from .chain import Chain
from .drbg import Drbg
from .errors import StorageError


def start(terminal):
    keys, files, urandom = terminal.keys, terminal.files, terminal.urandom
    terminal.drbg = Drbg(keys.drbg, keystore.count_boot(files, urandom), urandom(32))
    terminal.chain = Chain(terminal.journal, keys, terminal.codec, terminal.own.verify)
    try:
        terminal.trust.load(keys.roots)
    except ValueError:
        pass  # no bundle, no sales; the receipts can still be pulled once the ground has sent another
    terminal.store.boot(terminal.chain)
    terminal.apply_bundle()
    _mend(terminal)
    _note_crash(terminal)


def _mend(terminal):
    if terminal.journal.lost and not terminal.journal.fault:
        try:
            terminal.chain.mend(terminal.clock.read())
        except StorageError:
            pass  # `state` says so


def _note_crash(terminal):
    """What main.py has left goes once its note is durable: a power cut between makes two notes, never none. A crash
    right after a crash is noted once, or a terminal that crashes at every boot would fill its flash."""
    name = crash.found(terminal.files)
    if name is None or terminal.journal.fault:
        return
    if not noted_crash(terminal):
        terminal.note(CRASH, name)
    crash.clear(terminal.files)


def noted_crash(terminal):
    """Is the last receipt a crash's note?"""
    for _, signed, _ in terminal.journal.records_from(terminal.journal.number):
        receipt = read_receipt(cose.parse(signed, terminal.codec).payload, terminal.codec)
        return receipt.kind == NOTE and receipt.event == CRASH
    return False
