"""The terminal, continued: storage that fails, damage, glitches."""

import ed25519
from cabinpay.agent import records
from cabinpay.agent.journal import FOLDER
from cabinpay.wire import cbor
from test_terminal import Full, provision, refused
from world import (
    DAY,
    EUR,
    FLIGHT,
    NOW,
    World,
    a_pass,
    bundle,
    payment,
    quick,
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


def test_damage_stops_selling_and_can_be_pulled_and_keeps_the_bundle():
    world = selling()
    world.pay(quick())
    flip(world, FOLDER + "/00000001", 100)
    reboot(world)
    assert world.terminal.state == "damaged" and world.pay(quick(seq=2)) == "damaged"
    assert world.terminal.trust.bundle.version == 7
    assert refused(world.terminal.acknowledge, 1, b"ack") == "storage"


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
    world.carved = True
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
