"""What outlives freed receipts: damaged, cut short, as large as it gets, and for an agent with less room."""

from cabinpay.agent import snapshot
from cabinpay.agent.store import snapshot_size
from cabinpay.wire import cbor, cose
from cabinpay.wire.receipts import BREAK, read_receipt
from test_freeing import acknowledge, numbers, small_segments, sold
from world import DAY, FLIGHT, NOW, bundle, quick, reboot, receipts, selling


@small_segments
def test_a_damaged_snapshot_is_told_and_selling_goes_on():
    for kept in (4, 0):
        world = sold()
        acknowledge(world, 8 - kept)
        world.terminal.store._free(8 - kept, 1 << 30)
        held = numbers(world)
        with world.files.open(snapshot.NAME, "rb") as f:
            data = bytearray(f.read())
        data[len(data) // 2] ^= 1
        with world.files.open(snapshot.NAME, "wb") as f:
            f.write(data)
        reboot(world)
        assert world.terminal.state == "ready" and world.files.exists(snapshot.NAME + ".bad")
        assert numbers(world)[:-1] == held
        last = read_receipt(cose.parse(receipts(world)[-1][1], cbor).payload, cbor)
        assert last.kind == BREAK and last.good == (8 if held else 0) and last.lost[1] >= 8
        world.terminal.open_shift("1", FLIGHT, DAY)
        reboot(world)
        assert world.terminal.state == "ready" and world.terminal.chain.shift


@small_segments
def test_every_byte_of_a_snapshot_counts():
    world = sold()
    acknowledge(world, 6)
    world.terminal.store._free(6, 1 << 30)
    with world.files.open(snapshot.NAME, "rb") as f:
        data = f.read()
    table = type(world.terminal.spend)(20)
    for at in range(len(data)):
        with world.files.open(snapshot.NAME, "wb") as f:
            f.write(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert refused_snapshot(world.files, table), at
    for size in range(len(data)):
        with world.files.open(snapshot.NAME, "wb") as f:
            f.write(data[:size])
        assert refused_snapshot(world.files, table), size
    with world.files.open(snapshot.NAME, "wb") as f:
        f.write(data)
    assert snapshot.load(world.files, cbor, table) and table.used == 3


def refused_snapshot(files, table):
    try:
        snapshot.load(files, cbor, table)
    except ValueError:
        return table.used == 0
    return False


def test_the_largest_snapshot_fits_what_is_kept_free_for_it():
    world = selling(bundle(), max_passes=300)
    spend = world.terminal.spend
    for n in range(300):
        cti = (n * 2654435761 & 0xFFFFFFFF).to_bytes(8, "big")
        spend.add((n % 16).to_bytes(8, "big") + cti, n + 1, n, NOW + 86400 * 5)
    acknowledge(world)
    world.terminal.store._free(1, 1 << 30)
    with world.files.open(snapshot.NAME, "rb") as f:
        assert f.seek(0, 2) <= snapshot_size(300) - 4096
    before = sorted(map(bytes, spend.entries()))
    reboot(world)
    again = world.terminal.spend
    assert again.used == 300 and sorted(map(bytes, again.entries())) == before


def test_an_agent_with_less_room_does_not_forget():
    world = selling(max_passes=3)
    for name in "abc":
        world.pay(quick(name))
    acknowledge(world)
    world.terminal.store._free(4, 1 << 30)
    world.max_passes = 2
    reboot(world)
    assert world.terminal.state == "damaged" and world.files.exists(snapshot.NAME)
    world.max_passes = 3
    reboot(world)
    assert world.terminal.state == "ready" and world.terminal.spend.used == 3
