"""Sales that are cancelled, and notes: what a terminal signs beside sales, openings and closings."""

import hashlib

from cabinpay.agent import crash, records
from cabinpay.agent.errors import Refused, StorageError
from cabinpay.wire import cbor, cose, qrtext
from cabinpay.wire.claims import SKU_TIP
from cabinpay.wire.receipts import (
    BUNDLE,
    BY_MISTAKE,
    CHANGED_MIND,
    CLOCK,
    CLOSE,
    CRASH,
    FLOOR,
    NOTE,
    OPEN,
    OTHER,
    SALE,
    VOID,
    Sale,
    read_receipt,
)
from cabinpay.wire.schema import MAX_TIME, U32
from world import (
    AMOUNT,
    CAPS,
    DAY,
    EUR,
    FLIGHT,
    NOW,
    World,
    bundle,
    delegation,
    issuer_entry,
    provisioned,
    quick,
    ready,
    reboot,
    receipts,
    selling,
    some,
)


def chain(world):
    return [read_receipt(cose.parse(signed, cbor).payload, cbor) for _, signed, _ in receipts(world)]


def refused(function, *args):
    try:
        function(*args)
    except (Refused, StorageError) as e:
        return e.code
    return None


def spent(world):
    """(highest seq, sum, count) of the usual passenger."""
    kid, cti = sale_record(world).spend[:2]
    return world.terminal.spend.get(kid + cti)


def sale_record(world):
    return world.terminal.journal.find_sale(2)[0]


def test_a_void_gives_back_the_sum_and_nothing_else():
    world = selling()
    world.pay(quick())
    world.pay(quick(seq=2), [[7, 1, 100]])
    world.terminal.void(2, CHANGED_MIND)
    void = chain(world)[3]
    assert (void.kind, void.shift, void.reason) == (VOID, 1, CHANGED_MIND)
    assert void.sale == hashlib.sha256(receipts(world, 2)[0][1]).digest()
    for _ in range(2):
        assert spent(world) == (2, 100, 2) and world.terminal.store.since_ground == [2, {EUR: 100}]
        assert world.pay(quick()) == "voided" and world.pay(quick(seq=2)) == "already_paid"
        assert world.terminal.chain.close_fields()[1] == [[EUR, SALE, 2, AMOUNT + 100], [EUR, VOID, 1, AMOUNT]]
        assert refused(world.terminal.void, 2, OTHER) == "void_twice"
        reboot(world)
    closed = world.terminal.close_shift()
    assert closed.covers == [1, 4]
    assert closed.sums == [[EUR, SALE, 2, AMOUNT + 100], [EUR, VOID, 1, AMOUNT]]


def test_what_a_rescanned_code_of_a_cancelled_sale_tells():
    world = selling()
    world.pay(quick())
    world.seconds = 60
    world.terminal.void(2, BY_MISTAKE)
    outcome = world.terminal.scan(quick(), world.sale())
    assert (outcome.code, outcome.number, outcome.amount, outcome.currency) == ("voided", 2, AMOUNT, EUR)
    assert outcome.time == NOW + 60
    assert world.pay(quick(seq=2, iat=NOW + 60)) == "approved", "a new code pays"


def test_the_sum_that_a_void_gives_back_can_be_spent_again():
    world = selling()
    text = [quick(seq=seq, limits=[EUR, AMOUNT, AMOUNT, 2]) for seq in (1, 2, 3)]
    assert world.pay(text[0]) == "approved" and world.pay(text[1]) == "total"
    world.terminal.void(2, BY_MISTAKE)
    assert world.pay(text[1]) == "approved"
    world.terminal.void(4, BY_MISTAKE)
    assert world.pay(text[2]) == "count", "its place in the count stays used"


def test_voids_that_are_refused():
    world = ready()
    assert refused(world.terminal.void, 1, OTHER) == "no_shift"
    world.terminal.open_shift("1", FLIGHT, DAY)
    world.pay(quick())
    for number in (0, 1, 3, U32, U32 + 1):
        assert refused(world.terminal.void, number, OTHER) == "void_unknown", number
    world.terminal.close_shift()
    assert refused(world.terminal.void, 2, OTHER) == "no_shift"
    world.terminal.open_shift("1", FLIGHT, DAY)
    assert refused(world.terminal.void, 2, OTHER) == "void_unknown", "of an earlier shift"
    assert [r.kind for r in chain(world)] == [OPEN, SALE, CLOSE, OPEN]


def test_a_flight_change_without_a_close_ends_voids_too():
    world = selling()
    world.pay(quick())
    world.terminal.open_shift("1", FLIGHT + 1, DAY)
    assert refused(world.terminal.void, 2, OTHER) == "void_unknown"
    assert world.pay(quick(seq=2)) == "approved"
    world.terminal.void(4, OTHER)
    assert world.terminal.chain.close_fields()[1] == [[EUR, SALE, 1, AMOUNT], [EUR, VOID, 1, AMOUNT]]


def test_a_void_of_a_sale_before_ground_time_gives_the_counters_nothing():
    world = selling()
    world.pay(quick())
    world.terminal.set_time(NOW + 1, b"statement")
    world.pay(quick(seq=2), [[7, 1, 100]])
    world.terminal.void(2, OTHER)
    for _ in range(2):
        assert world.terminal.store.since_ground == [1, {EUR: 100}] and spent(world) == (2, 100, 2)
        reboot(world)


def test_a_void_in_another_segment_than_its_sale():
    from cabinpay.agent import journal, segments

    size, journal.SEGMENT_SIZE = journal.SEGMENT_SIZE, 1024
    try:
        world = selling()
        for seq in (1, 2, 3, 4, 5):
            world.pay(quick(seq=seq), [[7, 1, 1]])
        world.terminal.void(2, OTHER)
        assert len(world.files.listed(segments.FOLDER)) > 2
        for _ in range(2):
            assert world.pay(quick()) == "voided" and world.pay(quick(seq=2)) == "already_paid"
            assert refused(world.terminal.void, 2, OTHER) == "void_twice"
            assert spent(world)[1] == 4
            reboot(world)
    finally:
        journal.SEGMENT_SIZE = size


def test_voids_leave_room_for_the_close():
    world = selling()
    world.pay(quick())
    world.pay(quick(seq=2))
    journal = world.terminal.journal
    journal._room -= journal.room()
    assert world.pay(quick(seq=3)) == "full"
    world.terminal.void(2, OTHER)
    journal._room -= journal.spare()
    assert refused(world.terminal.void, 3, OTHER) == "full"
    world.terminal.close_shift()


def test_a_void_that_cannot_be_stored():
    world = selling()
    world.pay(quick())
    world.terminal.journal.fault = "storage"
    assert refused(world.terminal.void, 2, OTHER) == "storage"
    assert spent(world) == (1, AMOUNT, 1)


def test_several_shifts_without_a_sync():
    world = ready()
    assert world.pay(quick()) == "no_shift"
    for n in (1, 2, 3):
        world.terminal.open_shift("%d" % n, FLIGHT + n, DAY)
        assert world.pay(quick(seq=n), [[7, 1, n]]) == "approved"
        closed = world.terminal.close_shift()
        assert closed.covers == [3 * n - 2, 3 * n - 1] and closed.sums == [[EUR, SALE, 1, n]]
        assert world.pay(quick(seq=n + 1)) == "no_shift"
        reboot(world)
    assert [r.shift for r in chain(world)] == [1, 1, 1, 4, 4, 4, 7, 7, 7]


def test_ground_time_is_noted_when_it_sets_the_clock():
    world = ready(rtc=None)
    world.terminal.set_time(NOW, b"statement")
    (note,) = chain(world)
    assert (note.kind, note.event, note.shift, note.time) == (NOTE, CLOCK, 0, NOW)
    assert note.detail == "was %d floor" % (NOW - 7200)
    world.terminal.set_time(NOW + 1, b"statement")
    assert len(chain(world)) == 1, "it went right already"
    world.terminal.set_time(NOW + 10, b"statement")
    assert chain(world)[1].detail == "was %d synced" % (NOW + 1)
    world = selling()
    world.terminal.set_time(NOW + 3, b"statement")
    assert (chain(world)[1].detail, chain(world)[1].shift) == ("was %d rtc" % NOW, 1)


def test_a_bundle_that_changes_is_noted():
    world = ready()
    assert chain(world) == [], "the first one is part of setting up"
    for data in (bundle(), bundle(version=8), bundle(version=8)):
        world.terminal.install(data)
    (note,) = chain(world)
    assert (note.event, note.detail, note.shift) == (BUNDLE, "version 8", 0)
    assert refused(world.terminal.install, bundle(delegation=delegation(serial=9))) == "bundle_older"
    assert len(chain(world)) == 1


def test_time_and_bundle_hold_without_their_notes():
    # a signature that failed its own check stops sales until the next boot, whatever it was for
    for fault, state in (("full", "ready"), ("crypto", "storage")):
        world = selling(rtc=None)
        terminal = world.terminal
        if fault == "full":
            terminal.journal._room -= terminal.journal.spare()
            world.files.free = lambda room=terminal.journal._room: room
        else:
            sign = terminal.keys.sign
            terminal.keys.sign = lambda message, s=sign: bytes([s(message)[0] ^ 1]) + s(message)[1:]
        terminal.set_time(NOW + 5, b"statement")
        terminal.install(bundle(version=8))
        assert terminal.clock.read()[0] == NOW + 5 and terminal.trust.bundle.version == 8
        assert len(receipts(world)) == 1 and terminal.state == state
        reboot(world)
        assert world.terminal.state == "ready" and world.terminal.trust.bundle.version == 8
        assert world.terminal.clock.read() == (NOW + 5, FLOOR, 0)


def test_storage_that_fails_at_a_note_fails_nothing_before_it():
    world = selling(rtc=None)
    journal = world.terminal.journal
    write, journal._write = journal._write, None

    def once(record):
        if record.type == records.RECEIPT:
            raise OSError(28)
        write(record)

    journal._write = once
    world.terminal.set_time(NOW + 5, b"statement")
    assert world.terminal.clock.read()[0] == NOW + 5 and world.terminal.state == "storage"
    world.terminal.install(bundle(version=8))
    assert world.terminal.trust.bundle.version == 8
    reboot(world)
    assert world.terminal.state == "ready" and world.terminal.clock.floor() == NOW + 5


def test_a_crash_is_noted_at_the_next_boot():
    world = selling()
    crash.leave(world.files, "ValueError")
    reboot(world)
    opened, note = chain(world)
    assert (note.kind, note.event, note.detail, note.shift) == (NOTE, CRASH, "ValueError", opened.number)
    reboot(world)
    assert len(receipts(world)) == 2 and world.pay(quick(iat=NOW + 10)) == "approved"


def test_a_terminal_that_crashes_at_every_boot_does_not_fill_its_flash():
    world = selling()
    for _ in range(5):
        crash.leave(world.files, "MemoryError")
        reboot(world)
    assert len(receipts(world)) == 2 and not world.files.exists(crash.NAME)
    world.pay(quick(iat=world.rtc))
    crash.leave(world.files, "MemoryError")
    reboot(world)
    assert [r.kind for r in chain(world)] == [OPEN, NOTE, SALE, NOTE]


def test_what_a_crash_leaves_may_be_anything():
    for name, detail in (("", ""), ("A" * 300, "A" * 64), ("caf\u00e9\n\x00x", "cafx")):
        world = ready()
        crash.leave(world.files, name)
        reboot(world)
        assert chain(world)[0].detail == detail
    world = ready()
    with world.files.open(crash.NAME, "wb") as f:
        f.write(b"torn")
    reboot(world)
    assert chain(world)[0].detail == "unknown" and world.terminal.state == "ready"


def test_a_crash_before_it_was_set_up_is_noted_first_thing():
    world = World()
    crash.leave(world.files, "OSError")
    world.boot()
    assert world.terminal.state == "blank" and world.files.exists(crash.NAME)
    world.terminal.provision(some("host entropy", 32), [bytes(32), b"1" * 32], "T", "")
    assert [(r.number, r.event, r.detail) for r in chain(world)] == [(1, CRASH, "OSError")]


def test_a_crash_on_a_terminal_that_may_not_write():
    world = selling()
    world.terminal.roll_back(9, b"ack")
    crash.leave(world.files, "OSError")
    reboot(world)
    assert world.terminal.state == "rolled-back" and len(receipts(world)) == 1


def test_crash_files_that_cannot_be_written():
    class Broken:
        def open(self, name, mode):
            raise OSError(28)

    crash.leave(Broken(), "OSError")


def test_the_longest_receipt_of_a_sale_fits_its_code():
    world = provisioned()
    fields = {"mode": 3, "amount": [U32, 999], "payment_hash": bytes(16), "lines_hash": bytes(16)}
    receipt = Sale(
        number=U32, previous=bytes(32), kind=SALE, time=MAX_TIME, quality=[2, 120 * 10000], shift=U32, **fields
    )
    keys = world.terminal.keys
    signed = cose.sign(receipt.pack(cbor), keys.kid, keys.sign, cose.AAD_RECEIPT, cbor)
    assert len(qrtext.receipt_text(signed)) <= qrtext.MAX_RECEIPT_TEXT


def test_the_receipt_of_a_sale_as_text():
    world = selling()
    world.pay(quick(), [[101, 1, 500], [SKU_TIP, 1, 50]])
    text = world.terminal.receipt_text(2)
    assert qrtext.read_receipt_text(text.encode()) == receipts(world, 2)[0][1]
    for number in (3, 99):
        assert refused(world.terminal.receipt_text, number) == "receipt"


def test_a_shift_in_every_currency_that_a_bundle_has_can_be_closed():
    numbers = list(range(900, 916))
    caps = [[number, 4500, 15000] for number in numbers]
    w = selling(bundle(currencies=[[n, 2, CAPS, 500000] for n in numbers], issuers=[issuer_entry(caps=caps)]))

    def sell(name, currency):
        sale = w.terminal.new_sale(currency)
        sale.add(101, 1, 100)
        return w.terminal.scan(quick(name, limits=[currency, 10000, 4000, 5]), sale)

    for number in numbers:
        w.terminal.void(sell("in %d" % number, number).number, OTHER)
    # and no currency that a later bundle brings is one too many
    caps = [[number, 4500, 15000] for number in (900, 916)]
    currencies = [[n, 2, CAPS, 500000] for n in (900, 916)]
    w.terminal.install(bundle(version=8, currencies=currencies, issuers=[issuer_entry(caps=caps)]))
    assert sell("one more", 916).code == "currency" and sell("again", 900).code == "approved"
    reboot(w)
    assert len(w.terminal.close_shift().sums) == 32
    reboot(w)
    w.terminal.open_shift("1", FLIGHT, DAY)
    assert sell("next", 916).code == "approved"
