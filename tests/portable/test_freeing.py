"""Receipts that a ledger holds are freed when there is reason to, and nothing that must outlive them goes with them."""

from cabinpay.agent import journal, snapshot
from cabinpay.agent.segments import FOLDER, QUARANTINE
from cabinpay.agent.session import Session
from cabinpay.wire import cbor
from cabinpay.wire.receipts import OTHER
from test_terminal import Full, refused
from world import (
    DAY,
    EUR,
    FLIGHT,
    NOW,
    Host,
    a_pass,
    kid_of,
    payment,
    quick,
    reboot,
    receipts,
    selling,
    shown,
    some,
)

WEEK = 604800


def facts(world):
    """What freeing may not change, rebooted or not."""
    t = world.terminal
    shift = t.chain.shift and t.chain.shift.pack(cbor)
    counters = (t.store.since_ground[0], sorted(t.store.since_ground[1].items()))
    spent = [t.spend.get(kid_of("issuer") + some(name, 8)) for name in "abc"]
    values = (t.journal.number, t.journal.head, t.journal.acked, shift, t.chain.sums, t.chain.last_sale)
    return values + (t.chain.last_cancelled, t.chain.bundle, counters, spent)


def small_segments(test):
    """Segments of a few receipts."""

    def run():
        size, journal.SEGMENT_SIZE = journal.SEGMENT_SIZE, 1600
        try:
            test()
        finally:
            journal.SEGMENT_SIZE = size

    return run


def sold(count=6, **options):
    """A terminal with a synced clock and `count` sales by the passes a, b, c in turn."""
    world = selling(**options)
    world.terminal.set_time(NOW, b"statement")
    for n in range(count):
        assert world.pay(lasting("abc"[n % 3], n + 1), [[1, 1, n + 1]]) == "approved"
    return world


def lasting(name, seq):
    """A payment of a pass that outlives the retention."""
    return quick(name, seq, exp=NOW + 9 * 86400, limits=[EUR, 10000, 4000, 99])


def numbers(world):
    return [number for number, _, _ in receipts(world)]


def acknowledge(world, number=None):
    world.terminal.acknowledge(number or world.terminal.journal.number, b"ack")


def run_short(world):
    """Leaves no room but the reserve."""
    journal_ = world.terminal.journal
    journal_._room -= journal_.room()


@small_segments
def test_nothing_is_freed_before_its_time_or_need():
    world = sold()
    acknowledge(world)
    assert numbers(world)[0] == 1
    world.seconds = WEEK - 60
    acknowledge(world)
    assert numbers(world)[0] == 1 and not world.files.exists(snapshot.NAME)


@small_segments
def test_retention_is_over():
    world = sold()
    number = world.terminal.journal.number
    acknowledge(world)
    before = facts(world)
    world.seconds = WEEK + 120
    for _ in range(2):
        world.terminal.acknowledge(number, b"the same again")
        assert numbers(world) == [] and world.files.listed(FOLDER) == []
    assert facts(world) == before
    for _ in range(2):
        reboot(world)
        assert facts(world) == before and world.terminal.state == "ready"
    assert world.terminal.clock.floor() >= NOW + WEEK
    assert world.terminal.journal.head_at(number) is None


@small_segments
def test_only_what_was_acked_is_freed():
    for acked in range(1, 9):
        world = sold()
        acknowledge(world, acked)
        world.seconds = WEEK + 120
        before = facts(world)
        acknowledge(world, acked)
        held = numbers(world)
        first = held[0] if held else 9
        assert held == list(range(first, 9)) and first <= acked + 1 and facts(world) == before
        reboot(world)
        assert numbers(world) == held and facts(world) == before and world.terminal.state == "ready"
        world.terminal.close_shift()
        reboot(world)
        assert numbers(world) == held + [9] and not world.terminal.journal.lost


@small_segments
def test_an_ack_whose_time_nobody_knows_frees_nothing_by_itself():
    world = selling()
    for n in range(6):
        world.pay(quick(seq=n + 1), [[1, 1, 1]])
    assert world.terminal.clock.read()[1] != 2
    acknowledge(world, 5)
    world.seconds = 9 * 86400
    world.terminal.set_time(NOW + 9 * 86400, b"statement")
    acknowledge(world)
    assert numbers(world)[0] == 1
    world.seconds += WEEK + 120
    acknowledge(world, 1)
    assert numbers(world) == []


@small_segments
def test_where_space_is_needed_the_oldest_go_first_and_no_more_than_needed():
    world = sold(12)
    acknowledge(world, 9)
    store = world.terminal.store
    before = facts(world)
    store._free(9, 4096)
    first = numbers(world)[0]
    assert 1 < first < 9 and facts(world) == before
    run_short(world)
    assert world.pay(lasting("a", 50), [[1, 1, 1]]) == "approved"
    assert numbers(world)[0] in (8, 9, 10)
    run_short(world)
    assert world.pay(lasting("a", 51)) == "full" and numbers(world)[0] in (8, 9, 10)
    world.terminal.close_shift()
    run_short(world)
    assert refused(world.terminal.open_shift, "1", FLIGHT, DAY) == "full"
    acknowledge(world)
    world.terminal.open_shift("1", FLIGHT, DAY)
    reboot(world)
    assert world.terminal.state == "ready" and numbers(world)[-1] == world.terminal.journal.number


@small_segments
def test_a_rescan_of_a_freed_payment_is_never_approved():
    world = sold()
    texts = [quick("abc"[n % 3], n + 1) for n in range(6)]
    acknowledge(world)
    world.terminal.store._free(8, 1 << 30)
    assert numbers(world) == []
    for _ in range(2):
        for text in texts:
            assert world.pay(text, [[1, 1, 1]]) == "seq"
        reboot(world)
    assert world.pay(quick("a", 7, iat=world.rtc), [[1, 1, 1]]) == "approved"
    assert world.pay(quick("a", 7, iat=world.rtc), [[1, 1, 1]]) == "already_paid"


@small_segments
def test_limits_go_on_over_freed_receipts():
    world = selling()
    limited = {"limits": [EUR, 100, 100, 3]}
    for n in (1, 2):
        assert world.pay(quick("a", n, **limited), [[1, 1, 40]]) == "approved"
    acknowledge(world)
    world.terminal.store._free(3, 1 << 30)
    for _ in range(2):
        assert world.pay(quick("a", 9, **limited), [[1, 1, 21]]) == "total"
        reboot(world)
    assert world.pay(quick("a", 9, world.rtc, **limited), [[1, 1, 20]]) == "approved"
    assert world.pay(quick("a", 10, world.rtc, limits=[EUR, 1000, 100, 3]), [[1, 1, 1]]) == "count"


@small_segments
def test_a_sale_that_was_freed_is_not_cancelled_here():
    world = sold()
    acknowledge(world)
    world.terminal.store._free(8, 1 << 30)
    assert refused(world.terminal.void, 8, OTHER) == "void_unknown"
    assert world.terminal.close_shift().sums == [[EUR, 1, 6, 21]]


@small_segments
def test_a_snapshot_between_a_sale_and_its_void():
    world = sold()
    acknowledge(world, 5)
    world.terminal.store._free(5, 1 << 30)
    world.terminal.void(8, OTHER)
    before = facts(world)
    reboot(world)
    assert facts(world) == before
    assert world.pay(quick("c", 6), [[1, 1, 1]]) == "voided"


@small_segments
def test_expired_passes_are_dropped_and_the_floor_says_so():
    world = selling()
    world.terminal.set_time(NOW, b"statement")
    assert world.pay(quick("a", exp=NOW + 100)) == world.pay(quick("b")) == "approved"
    acknowledge(world)
    world.seconds = WEEK + 120
    acknowledge(world)
    assert world.terminal.spend.used == 0
    world.rtc = None
    reboot(world)
    assert world.terminal.spend.used == 0 and world.terminal.clock.floor() >= NOW + WEEK
    assert world.pay(quick("a", exp=NOW + 100)) == "pass_expired"


def test_a_full_table_makes_room_of_expired_passes():
    world = selling(max_passes=2)
    world.terminal.set_time(NOW, b"statement")
    assert world.pay(quick("a", exp=NOW + 100)) == world.pay(quick("b")) == "approved"
    assert world.pay(quick("c")) == "passes_full"
    world.seconds = 110
    # an RTC alone, which may be wrong, lets no pass expire
    assert world.pay(quick("c", iat=NOW + 110)) == "approved"
    assert world.pay(quick("d", iat=NOW + 110)) == "passes_full"
    for _ in range(2):
        assert world.pay(quick("a", exp=NOW + 100)) == "pass_expired"
        assert world.terminal.spend.used == 2 and world.terminal.clock.floor() >= NOW + 100
        assert world.pay(quick("b")) == "already_paid"
        world.rtc = None
        reboot(world)


def test_the_rtc_lets_no_pass_be_forgotten():
    world = selling(max_passes=1)
    assert world.pay(quick("a", exp=NOW + 100)) == "approved"
    world.seconds = 3600
    assert world.terminal.clock.read()[0] > NOW + 100 > world.terminal.clock.floor()
    assert world.pay(quick("b", iat=NOW + 3600)) == "passes_full"


@small_segments
def test_a_roll_back_frees_nothing():
    world = sold()
    world.seconds = WEEK + 120
    world.terminal.roll_back(99, b"ack")
    assert numbers(world) == list(range(1, 9))
    reboot(world)
    assert world.terminal.state == "rolled-back" and numbers(world) == list(range(1, 9))


@small_segments
def test_storage_that_fails_while_freeing():
    for how in ("full", "fail_rename", "remove"):
        world = sold()
        acknowledge(world)
        before = facts(world)
        files = world.files = Full(world.files)
        files.remove = files._files.remove
        world.boot()
        if how == "remove":
            files.remove = None

            def broken(name):
                raise OSError(5)

            files.remove = broken
        else:
            setattr(files, how, True)
        assert refused(world.terminal.store._free, 8, 1 << 30) == "storage"
        assert world.terminal.state == "storage" and world.pay(quick("a", 60)) == "storage"
        files.full = files.fail_rename = False
        files.remove = files._files.remove
        world.boot()
        assert world.terminal.state == "ready" and facts(world) == before
        assert (numbers(world) == []) == (how == "remove")


@small_segments
def test_a_damaged_segment_is_kept_until_space_is_needed():
    world = sold()
    with world.files.open(FOLDER + "/00000002", "rb") as f:
        data = bytearray(f.read())
    data[200] ^= 1
    with world.files.open(FOLDER + "/00000002", "wb") as f:
        f.write(data)
    reboot(world)
    assert world.files.listed(QUARANTINE) == ["00000002"]
    world.terminal.set_time(NOW + 60, b"statement")
    acknowledge(world)
    world.seconds = WEEK + 300
    acknowledge(world)
    assert numbers(world) == [] and world.files.listed(QUARANTINE) == ["00000002"]
    reboot(world)
    assert numbers(world) == [] and world.terminal.state == "ready"
    run_short(world)
    world.terminal.store.full()
    assert world.files.listed(QUARANTINE) == []


def test_a_pass_that_comes_back_under_its_own_id():
    world = sold(3)
    its = a_pass("a", exp=NOW + 86400)
    acknowledge(world)
    world.terminal.store._free(5, 1 << 30)
    assert world.pay(shown(its, payment(its, 1))) == "seq"


@small_segments
def test_over_the_link_an_ack_given_again_frees_what_is_due_and_a_pull_begins_with_what_is_held():
    world = sold()
    host = Host(Session(world.terminal))
    host.login()
    held = world.terminal.journal
    text = host.ack_text(6, held.head_at(6))
    assert host.ask("ack", text) == ("ok", 6) and numbers(world)[0] == 1
    world.seconds = WEEK - 60
    assert host.ask("ack", text) == ("ok", 6) and numbers(world)[0] == 1
    world.seconds = WEEK + 120
    assert host.ask("ack", text) == ("ok", 6)
    first = numbers(world)[0]
    assert 1 < first <= 7
    replies = host.replies("pull", 1, 64)
    assert [result[0] for _, result in replies[:-1]] == list(range(first, 9))
    assert host.attested(replies[-1][1])[2:5] == [1, 8, held.head]
    # a ledger that was restored acks less than was acked before
    assert host.ask("ack", host.ack_text(3, bytes(32))) == ("ok", 6)
