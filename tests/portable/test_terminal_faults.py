"""The terminal, continued: storage that fails, damage, glitches."""

import ed25519
from cabinpay.agent import crash, records, snapshot, starting
from cabinpay.agent.desk import Desk
from cabinpay.agent.segments import FOLDER, QUARANTINE, Segments
from cabinpay.agent.session import Session
from cabinpay.wire import cbor, cose
from cabinpay.wire.receipts import BREAK, read_receipt
from test_terminal import Full, provision, refused
from world import (
    DAY,
    EUR,
    FLIGHT,
    NOW,
    Host,
    View,
    World,
    a_pass,
    bundle,
    payment,
    quick,
    ready,
    reboot,
    receipts,
    selling,
    shown,
)


def test_storage_that_fails_at_a_sale():
    world = selling()
    files = Full(world.files)
    world.files = files
    world.boot()
    files.full = True
    assert world.pay(quick()) == "storage"
    assert world.terminal.state == "storage" and world.pay(quick(seq=2)) == "storage"
    assert refused(world.terminal.open_shift, "1", FLIGHT, DAY) == "storage"
    assert refused(world.terminal.close_shift) == "storage"
    assert refused(world.terminal.set_time, NOW + 1, b"statement") == "storage"
    assert refused(world.terminal.acknowledge, 1, b"ack") == "storage"
    files.full = False
    assert world.pay(quick()) == "storage"
    world.boot()
    assert world.terminal.state == "ready" and world.pay(quick()) == "approved"


def test_storage_that_fails_at_provisioning():
    for fail in ("full", "fail_rename"):
        world = World()
        world.files = Full(world.files)
        world.boot()
        setattr(world.files, fail, True)
        assert refused(provision, world) == "storage"
        assert world.terminal.state == "storage"
        assert refused(provision, world) == "not_blank"
        setattr(world.files, fail, False)
        world.boot()
        assert world.terminal.state == "blank"
        provision(world)
        assert world.terminal.state == "no-bundle"


def test_storage_that_fails_right_after_the_keys():
    world = World()
    files = world.files = Full(world.files)
    world.boot()

    def no_folder(name):
        raise OSError(28)

    folder, files.folder = files.folder, no_folder
    assert refused(provision, world) == "storage" and world.terminal.state == "storage"
    files.folder = folder
    world.boot()
    assert world.terminal.state == "no-bundle"


def test_reading_that_fails_is_not_taken_for_unpaid():
    world = selling()
    files = world.files = Full(world.files)
    world.boot()
    assert world.pay(quick()) == "approved"

    def broken(name, mode):
        raise OSError(5)

    files.open = broken
    assert world.pay(quick()) == "storage" and world.terminal.state == "damaged"


def test_a_glitch_while_signing_stores_nothing():
    world = selling()

    class Glitch:
        public_key, verify = ed25519.public_key, ed25519.verify

        @staticmethod
        def sign(seed, message):
            signature = ed25519.sign(seed, message)
            return signature[:-1] + bytes([signature[-1] ^ 1])

    sign = world.terminal.keys.sign
    world.terminal.keys.sign = lambda message: Glitch.sign(world.terminal.keys.seed, message)
    assert world.pay(quick()) == "storage"
    assert len(receipts(world)) == 1
    world.terminal.keys.sign = sign
    assert world.pay(quick()) == "storage", "who signs wrongly is switched off and on first"
    reboot(world)
    assert world.pay(quick()) == "approved"


def flip(world, name, at):
    with world.files.open(name, "rb") as f:
        data = bytearray(f.read())
    data[at] ^= 1
    with world.files.open(name, "wb") as f:
        f.write(data)


def read(signed):
    return read_receipt(cose.parse(signed, cbor).payload, cbor)


def test_damage_is_told_by_a_break_and_selling_goes_on_above_it():
    world = selling()
    for seq in (1, 2, 3):
        world.pay(quick(seq=seq))
    flip(world, FOLDER + "/00000001", 1000)
    reboot(world)
    assert world.terminal.state == "ready" and world.files.listed(QUARANTINE) == ["00000001"]
    held = [read(signed) for _, signed, _ in receipts(world)]
    assert [r.number for r in held] == [1, 2, 4, 129 + 1]
    assert (held[3].kind, held[3].good, held[3].lost, held[3].shift) == (BREAK, 2, [3, 129], 0)
    assert held[3].previous == world.terminal.journal.head_at(2)
    # who is at work signs on again: the opening, or sales of this shift, may be what is lost
    assert world.pay(quick(seq=9)) == "no_shift" and world.terminal.chain.last_sale is None
    world.terminal.open_shift("1", FLIGHT, DAY)
    assert [world.pay(quick(seq=seq)) for seq in (1, 3)] == ["already_paid", "already_paid"]
    for _ in range(2):
        reboot(world)
        assert world.terminal.state == "ready" and world.terminal.journal.number == 131
    assert world.terminal.chain.shift.crew == "1"


def test_a_sale_that_damage_took_is_not_made_again():
    for rtc in (NOW, None):
        world = selling(bundle(currencies=[[EUR, 2, [[5000] * 3] * 3, 500000]]), rtc=rtc)
        text = quick()
        assert world.pay(text) == "approved"
        flip(world, FOLDER + "/00000001", 600)
        reboot(world)
        world.terminal.open_shift("1", FLIGHT, DAY)
        # where nobody can tell when the damage was, a bill is asked for: no new code would be any better
        refused_as = "stale" if rtc else "mode"
        assert world.pay(text) == refused_as
        broken = world.terminal.clock.read()[0]
        assert world.pay(quick(seq=2, iat=broken + 50)) == refused_as
        # a bill was asked for after the damage, whatever the clock is worth
        sale = world.sale()
        bill = world.terminal.bill(sale)
        its = a_pass()
        answer = payment(its, 3, terms=[sale.amount, EUR], challenge=bill.challenge(cbor))
        assert world.terminal.scan(shown(its, answer), sale).code == "approved"
        world.seconds = 70
        if rtc is None:
            assert world.pay(quick(seq=4, iat=NOW + 1000)) == "mode"
            world.terminal.set_time(NOW + 1000, b"statement")
            assert world.pay(quick(seq=4, iat=NOW + 1000)) == "stale"
            world.seconds += 70
            assert world.pay(quick(seq=4, iat=NOW + 1070)) == "approved"
        else:
            assert world.pay(quick(seq=4, iat=world.terminal.clock.read()[0])) == "approved"
        reboot(world)
        assert world.pay(text) == "stale"


def test_the_crew_is_told_why_only_bills_are_left_after_damage():
    for rtc in (NOW, None):
        world = selling(bundle(currencies=[[EUR, 2, [[5000] * 3] * 3, 500000]]), rtc=rtc)
        world.pay(quick())
        flip(world, FOLDER + "/00000001", 600)
        reboot(world)
        told = Desk(world.terminal, View(), None).bills_only
        assert bool(told()) == (rtc is None)
        world.terminal.set_time(NOW + 1000, b"statement")
        assert told() == []


def test_bare_acks_behind_a_lost_snapshot_are_no_end_of_selling():
    """Everything is freed, what came since has no receipt in it, and the snapshot that said the rest is damaged."""
    world = selling()
    world.pay(quick())
    world.terminal.set_time(NOW, b"statement")
    number = world.terminal.journal.number
    world.terminal.acknowledge(number, b"ack")
    world.terminal.store._free(number, 1 << 30)
    world.terminal.set_time(NOW, b"statement")
    assert receipts(world) == [] and len(world.files.listed(FOLDER)) == 1
    flip(world, snapshot.NAME, 20)
    reboot(world)
    assert world.terminal.state == "ready"
    found = read(receipts(world)[-1][1])
    assert (found.kind, found.good, found.lost[0]) == (BREAK, 0, 1) and found.lost[1] >= number
    for _ in range(2):
        world.terminal.open_shift("1", FLIGHT, DAY)
        reboot(world)
        assert world.terminal.state == "ready" and not world.terminal.journal.lost


def test_headers_that_cannot_be_read_are_storage_that_failed():
    for ask in (
        lambda t: t.void(2, 1),
        lambda t: t.store._free(3, 1 << 30),
        lambda t: t.journal.head_at(2),
        starting.noted_crash,
    ):
        world = selling()
        world.files = Full(world.files)
        world.pay(quick())
        for _ in range(2):
            world.boot()
            world.terminal.open_shift("1", FLIGHT, DAY)
        world.files.open = broken
        assert refused(ask, world.terminal) == "storage" and world.terminal.state in ("storage", "damaged")


def test_a_header_that_fails_at_the_boot_after_a_crash():
    world = selling()
    reboot(world)
    world.terminal.open_shift("1", FLIGHT, DAY)
    crash.leave(world.files, "ValueError")
    before, Segments.header = Segments.header, broken
    try:
        reboot(world)
        assert world.terminal.state == "damaged"
    finally:
        Segments.header = before


def broken(*_):
    raise OSError(5)


def test_a_bundle_for_a_terminal_that_did_not_come_up():
    world = ready()
    world.files = Full(world.files)
    world.files.full = True  # the boot counter is not to be had
    world.boot()
    assert world.terminal.state == "damaged" and world.terminal.chain is None
    host = Host(Session(world.terminal))
    host.hello()
    assert host.send_bundle(bundle(version=8)) == "login_first"
    assert host.status("file", "revoked", 0, b"x") == "login_first"


def test_where_not_even_the_high_water_number_is_left_it_stays_damaged():
    world = selling()
    world.pay(quick())
    flip(world, "high", 9)
    with world.files.open(FOLDER + "/00000001", "wb") as f:
        f.write(b"?" * 800)
    reboot(world)
    assert world.terminal.state == "damaged" and world.pay(quick(seq=2)) == "damaged"
    assert world.terminal.trust.bundle.version == 7
    assert refused(world.terminal.acknowledge, 1, b"ack") == "storage"


def test_a_break_that_cannot_be_stored():
    world = selling()
    world.pay(quick())
    flip(world, FOLDER + "/00000001", 600)
    files = world.files = Full(world.files)
    files.full = True
    world.boot()
    assert world.terminal.state in ("storage", "damaged") and world.pay(quick(seq=2)) != "approved"
    files.full = False
    world.boot()
    assert world.terminal.state == "ready"


def test_a_damaged_bundle_is_none_and_the_receipts_stay():
    world = selling()
    world.pay(quick())
    flip(world, "bundle", 100)
    reboot(world)
    assert world.terminal.state == "no-bundle" and world.pay(quick()) == "no_bundle"
    assert len(receipts(world)) == 2
    world.terminal.install(bundle())
    assert world.terminal.state == "ready" and world.pay(quick()) == "already_paid"


def test_a_damaged_boot_counter_hides_no_receipt():
    world = selling()
    world.pay(quick())
    flip(world, "boots", 9)
    reboot(world)
    assert world.terminal.state == "ready"
    assert world.terminal.journal.number == 2 and world.pay(quick()) == "already_paid"


def test_a_journal_that_was_not_read_is_not_written():
    world = selling()
    world.pay(quick())
    with world.files.open(FOLDER + "/00000001", "rb") as f:
        before = f.read()
    flip(world, "keys", 9)
    reboot(world)
    assert world.terminal.state == "damaged"
    assert refused(world.terminal.roll_back, 9, b"ack") == "storage"
    assert refused(world.terminal.set_time, NOW + 9, b"time") in ("storage", "time_ahead")
    with world.files.open(FOLDER + "/00000001", "rb") as f:
        assert f.read() == before
    assert world.files.listed(FOLDER) == ["00000001"]


def test_a_formatted_flash_needs_recovery():
    world = World()
    world.carved = 1
    world.boot()
    assert world.terminal.state == "needs-recovery" and refused(provision, world) == "not_blank"


def test_rolled_back_for_good():
    world = selling()
    world.terminal.roll_back(9, b"ack")
    for _ in range(2):
        assert world.terminal.state == "rolled-back" and world.pay(quick()) == "rolled_back"
        assert refused(world.terminal.open_shift, "1", FLIGHT, DAY) == "rolled-back"
        world.terminal.roll_back(10, b"ack")
        reboot(world)
    assert world.terminal.state == "rolled-back"


def test_acks_are_kept_and_never_fall():
    world = selling()
    world.pay(quick())
    world.terminal.acknowledge(2, b"ack")
    world.terminal.acknowledge(1, b"ack")
    assert world.terminal.journal.acked == 2
    reboot(world)
    assert world.terminal.journal.acked == 2 and world.terminal.state == "ready"


def test_the_largest_sale_fits_a_record():
    from cabinpay.wire.claims import MAX_LINES

    world = selling(bundle(currencies=[[EUR, 2, [[0xFFFFFFFF] * 3] * 3, 0xFFFFFFFF]]))
    its = a_pass(flight=[FLIGHT, DAY])
    lines = [[0xFFFFFFFF - n, 255, 70000] for n in range(MAX_LINES)]
    sale = world.sale(lines)
    bill = world.terminal.bill(sale)
    text = shown(its, payment(its, 0xFFFFFFFF, terms=[sale.amount, EUR], challenge=bill.challenge(cbor)))
    assert world.terminal.scan(text, sale).code == "per_sale"
    world = selling()
    lines = [[0xFFFFFFFF - n, 1, 100] for n in range(MAX_LINES)]
    sale = world.sale(lines)
    bill = world.terminal.bill(sale)
    text = shown(its, payment(its, 0xFFFFFFFF, terms=[sale.amount, EUR], challenge=bill.challenge(cbor)))
    assert world.terminal.scan(text, sale).code == "approved"
    _, signed, evidence = receipts(world, 2)[0]
    assert len(signed) + len(evidence) + records.HEAD_SIZE + 4 <= records.MAX_RECORD
