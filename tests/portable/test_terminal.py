import hashlib

import ed25519
from cabinpay.agent import records
from cabinpay.agent.errors import Refused, StorageError
from cabinpay.agent.journal import FOLDER
from cabinpay.agent.terminal import AGENT
from cabinpay.wire import cbor, cose
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import (
    BY_MISTAKE,
    CLOCK,
    CLOSE,
    FIRST_PREVIOUS,
    FLOOR,
    NOTE,
    OPEN,
    RTC,
    SALE,
    SYNCED,
    VOID,
    Evidence,
    read_receipt,
)
from world import (
    AIRCRAFT,
    AIRLINE,
    AMOUNT,
    DAY,
    EUR,
    FLIGHT,
    LABEL,
    LINES,
    NOW,
    ROOTS,
    World,
    a_pass,
    bundle,
    payment,
    provisioned,
    public,
    quick,
    ready,
    reboot,
    receipts,
    selling,
    shown,
    some,
)


def read_chain(world):
    """Every receipt, its signature, number and place in the chain checked."""
    out, head = [], FIRST_PREVIOUS
    key = world.terminal.keys.public
    for number, signed, _ in receipts(world):
        payload = cose.open(signed, lambda k, m, s: ed25519.verify(key, m, s), cose.AAD_RECEIPT, cbor)
        receipt = read_receipt(payload, cbor)
        assert receipt.number == number == len(out) + 1 and receipt.previous == head
        head = hashlib.sha256(signed).digest()
        out.append(receipt)
    assert (len(out), head) == (world.terminal.journal.number, world.terminal.journal.head)
    return out


def refused(function, *args):
    try:
        function(*args)
    except (Refused, StorageError) as e:
        return e.code
    return None


def provision(world, label=LABEL):
    return world.terminal.provision(some("host entropy", 32), [public(root) for root in ROOTS], label, AIRCRAFT)


class Full:
    """Files that take nothing any more from when `full` is set."""

    def __init__(self, files):
        self._files = files
        self.full = False
        self.folder, self.listed, self.exists = files.folder, files.listed, files.exists
        self.fail_rename = False

    def open(self, name, mode):
        if self.full and mode != "rb":
            raise OSError(28)
        return self._files.open(name, mode)

    def rename(self, old, new):
        if self.fail_rename:
            raise OSError(5)
        self._files.rename(old, new)

    def free(self):
        return self._files.free()


def test_from_blank_to_ready():
    world = World()
    assert world.terminal.state == "blank" and len(world.terminal.drbg.nonce()) == 16
    key = provision(world)
    assert world.terminal.state == "no-bundle" and key == world.terminal.keys.public
    assert refused(provision, world, "another") == "not_blank"
    world.terminal.install(bundle())
    assert world.terminal.state == "ready" and world.terminal.keys.label == LABEL
    assert refused(provision, world) == "not_blank"
    reboot(world)
    assert world.terminal.state == "ready" and world.terminal.keys.public == key


def test_without_a_shift_and_without_a_bundle():
    world = provisioned()
    assert refused(world.terminal.open_shift, "1", FLIGHT, DAY) == "no-bundle"
    world.terminal.install(bundle())
    assert refused(world.terminal.close_shift) == "no_shift"
    assert receipts(world) == []


def test_a_whole_shift():
    world = selling()
    for seq, lines in ((1, LINES), (2, [[7, 1, 100]])):
        world.seconds += 10
        outcome = world.terminal.scan(quick(seq=seq, iat=NOW + world.seconds), world.sale(lines))
        assert (outcome.code, outcome.number, outcome.time) == ("approved", seq + 1, NOW + world.seconds)
    world.terminal.close_shift()
    world.terminal.open_shift("4712", FLIGHT + 1, DAY)
    chain = read_chain(world)
    assert [r.kind for r in chain] == [OPEN, SALE, SALE, CLOSE, OPEN]
    assert [r.shift for r in chain] == [1, 1, 1, 1, 5]
    opened, first, _, closed, _ = chain
    assert (opened.crew, opened.flight, opened.aircraft) == ("4711", [AIRLINE, FLIGHT, DAY], AIRCRAFT)
    assert (opened.agent, opened.bundle) == (AGENT, 7)
    assert (first.mode, first.amount, first.time, first.quality) == (3, [AMOUNT, EUR], NOW + 10, [RTC, 0])
    assert closed.covers == [1, 3] and closed.sums == [[EUR, SALE, 2, AMOUNT + 100]]


def test_evidence_is_what_the_receipt_says():
    world = selling()
    text = quick()
    sale = world.sale()
    bill = world.terminal.bill(sale)
    its = a_pass("second")
    pays = payment(its, 1, terms=[AMOUNT, EUR], challenge=bill.challenge(cbor))
    assert world.terminal.scan(shown(its, pays), sale).code == "approved"
    assert world.pay(text) == "approved"
    stored = receipts(world)
    for (_, _, raw), receipt, nonce in zip(stored[1:], read_chain(world)[1:], (bill.nonce, None)):
        evidence = Evidence.unpack(raw, cbor)
        assert receipt.payment_hash == evidence.payment_hash(cbor)
        assert receipt.lines_hash == evidence.lines_hash(cbor)
        assert evidence.lines == LINES and evidence.nonce == nonce
    first = Evidence.unpack(stored[1][2], cbor)
    assert (first.signed_pass, first.payment) == (its, pays)
    assert stored[0][2] == b""


def test_opening_ends_the_previous_shift_and_its_sums():
    world = selling()
    world.pay(quick())
    world.terminal.open_shift("2", FLIGHT, DAY)
    assert world.terminal.chain.close_fields() == ([3, 3], []) and world.terminal.chain.last_sale is None
    world.pay(quick(seq=2), [[1, 1, 5]])
    assert world.terminal.chain.close_fields() == ([3, 4], [[EUR, SALE, 1, 5]])


def test_a_reboot_in_the_middle_changes_nothing():
    world = selling()
    world.pay(quick())
    before = world.terminal
    for _ in range(2):
        after = reboot(world)
        assert after.state == "ready" and after.chain.shift.number == 1
        assert after.chain.close_fields() == before.chain.close_fields()
        assert after.chain.last_sale == (2, AMOUNT, EUR)
        assert after.since_ground == before.since_ground == (1, {EUR: AMOUNT})
        assert bytes(after.spend._table) == bytes(before.spend._table)
    assert world.pay(quick(seq=2, iat=NOW + 10)) == "approved"
    world.terminal.close_shift()
    reboot(world)
    assert world.terminal.chain.shift is None and refused(world.terminal.close_shift) == "no_shift"
    assert [r.kind for r in read_chain(world)] == [OPEN, SALE, SALE, CLOSE]


def test_the_time_of_receipts():
    world = selling(rtc=None)
    world.terminal.set_time(NOW + 50, b"statement")
    world.seconds = 7
    assert world.pay(quick(iat=NOW + 57)) == "approved"
    reboot(world)
    world.terminal.close_shift()
    opened, noted, sold, closed = read_chain(world)
    assert (noted.event, noted.detail, noted.quality) == (CLOCK, "was %d floor" % (NOW - 7200), [SYNCED, 0])
    assert (opened.time, opened.quality) == (NOW - 7200, [FLOOR, 0])
    assert (sold.time, sold.quality) == (NOW + 57, [SYNCED, 7])
    # a receipt over a synced clock is a floor for good
    assert (closed.time, closed.quality) == (NOW + 57, [FLOOR, 0])


def test_an_rtc_raises_no_floor():
    world = selling(rtc=NOW + 5 * 86400)
    assert world.pay(quick(iat=world.rtc, exp=world.rtc + 1, nbf=NOW)) == "approved"
    world.rtc = None
    reboot(world)
    assert world.terminal.clock.floor() == NOW - 7200


def test_ground_time():
    world = ready(rtc=None)
    world.terminal.set_time(NOW, b"statement")
    assert refused(world.terminal.set_time, NOW - 1, b"statement") == "time_back"
    assert refused(world.terminal.set_time, 1 << 40, b"statement") == "time_ahead"
    assert world.terminal.clock.read() == (NOW, SYNCED, 0)
    reboot(world)
    assert world.terminal.clock.read() == (NOW, FLOOR, 0)
    assert refused(world.terminal.set_time, NOW - 1, b"statement") == "time_back"


def test_ground_time_begins_the_counters_anew():
    world = selling()
    world.pay(quick())
    world.terminal.set_time(NOW + 1, b"statement")
    assert world.terminal.since_ground == (0, {})
    world.pay(quick(seq=2))
    assert world.terminal.since_ground == (1, {EUR: AMOUNT})
    reboot(world)
    assert world.terminal.since_ground == (1, {EUR: AMOUNT})


def test_a_full_terminal_still_closes_acknowledges_and_takes_a_bundle():
    world = selling()
    world.terminal.journal._room = world.terminal.journal._room - world.terminal.journal.room() + records.MAX_RECORD
    assert world.pay(quick()) == "approved"
    assert world.terminal.journal.room() < records.MAX_RECORD
    assert world.pay(quick(seq=2)) == "full"
    assert world.terminal.state == "ready" and world.terminal.since_ground[0] == 1
    world.terminal.acknowledge(1, b"ack")
    world.terminal.set_time(NOW + 1, b"statement")
    world.terminal.install(bundle(version=8))
    world.terminal.void(2, BY_MISTAKE)
    world.terminal.close_shift()
    assert [r.kind for r in read_chain(world)] == [OPEN, SALE, NOTE, NOTE, VOID, CLOSE]


def test_filled_to_the_brim():
    # sales until the terminal says it is full, on a flash as full as it gets, and everything after that works
    world = selling()
    filler = world.files.open("filler", "wb")
    for _ in range((world.terminal.journal.room() - 30000) // 512 if world.terminal.journal.room() < 1 << 20 else 0):
        filler.write(b"f" * 512)
    filler.close()
    reboot(world)
    its = a_pass(limits=[EUR, 0xFFFFFFFF, 4000, 255])
    seq = 0
    while seq < 400:
        seq += 1
        code = world.pay(shown(its, payment(its, seq, NOW + world.seconds)), [[1, 1, 1]])
        if code != "approved":
            break
    assert code in ("full", "count", "ground_overdue", "total", "stale")
    sold = world.terminal.chain.close_fields()[1][0][2]
    assert sold == seq - 1
    world.terminal.acknowledge(3, b"ack")
    world.terminal.install(bundle(version=8))
    world.terminal.close_shift()
    reboot(world)
    assert world.terminal.state == "ready" and world.terminal.journal.number == sold + 3
    assert world.terminal.journal.acked == 3


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
    try:
        world.pay(quick())
        raise AssertionError("sold with a bad signature")
    except WireError as e:
        assert e.code == "signature"
    assert len(receipts(world)) == 1
    world.terminal.keys.sign = sign
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


def test_a_journal_that_was_not_read_is_not_written():
    world = selling()
    world.pay(quick())
    with world.files.open(FOLDER + "/00000001", "rb") as f:
        before = f.read()
    flip(world, "boots", 9)
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
