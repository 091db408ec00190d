import hashlib

import ed25519
from cabinpay.agent import records
from cabinpay.agent.errors import Refused, StorageError
from cabinpay.agent.terminal import AGENT
from cabinpay.wire import cbor, cose
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
        assert after.store.since_ground == before.store.since_ground == [1, {EUR: AMOUNT}]
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
    assert world.terminal.store.since_ground == [0, {EUR: 0}]
    world.pay(quick(seq=2))
    assert world.terminal.store.since_ground == [1, {EUR: AMOUNT}]
    reboot(world)
    assert world.terminal.store.since_ground == [1, {EUR: AMOUNT}]


def test_a_full_terminal_still_closes_acknowledges_and_takes_a_bundle():
    world = selling()
    world.terminal.journal._room = world.terminal.journal._room - world.terminal.journal.room() + records.MAX_RECORD
    assert world.pay(quick()) == "approved"
    assert world.terminal.journal.room() < records.MAX_RECORD
    assert world.pay(quick(seq=2)) == "full"
    assert world.terminal.state == "ready" and world.terminal.store.since_ground[0] == 1
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
