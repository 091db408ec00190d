"""The files that travel with a bundle: formats, staging by hash, all at once or not at all."""

import gc

import parcel
from cabinpay.agent.errors import Refused, StorageError
from cabinpay.agent.journal import RESERVE
from cabinpay.agent.session import Session
from cabinpay.agent.shelf import FOLDER
from cabinpay.wire import files, pins
from entries import named_file, objects, octets
from world import DAY, EUR, FLIGHT, JPY, NOW, Host, bundle, provisioned, public, quick, ready, reboot, selling, some

REVOKED = {"revoked": parcel.revoked("thief")}
ALL = {"revoked": parcel.revoked("thief", "lost"), "catalogue": parcel.catalogue(), "crew": parcel.crew()}


def code(function, *args):
    try:
        function(*args)
    except (Refused, StorageError) as e:
        return e.code
    return None


def held(world):
    """Names of the files on the terminal's shelf."""
    return sorted(world.files.listed(FOLDER)) if world.files.exists(FOLDER) else []


def test_vectors():
    reader = {"revoked": lambda row: row, "catalogue": files.read_item, "crew": files.read_crew}
    for entry in objects("revoked", "catalogue", "crew"):
        data, name = octets(entry["encoded"]), entry["form"]
        rows = files.Rows(name, len(data), lambda at, size, d=data: d[at : at + size])
        assert rows.ascending() and [reader[name](rows.at(i)) for i in range(rows.count)]
    data = named_file("catalogue")
    rows = files.Rows("catalogue", len(data), lambda at, size: data[at : at + size])
    items = [files.read_item(rows.at(i)) for i in range(rows.count)]
    assert items == [
        [101, "Instant noodles", "方便面", 600, JPY],
        [101, "Instant noodles", "方便面", 350, EUR],
        [205, "Tea", "", 500, EUR],
    ]
    number, count, salt, expected = files.read_crew(named_file("crew"))
    assert (number, count) == (4711, 8) and pins.verifier(4711, "0815", salt, 8) == expected


def rows_of(count, step=2):
    data = b"".join([(i * step).to_bytes(16, "big") for i in range(1, count + 1)])
    return files.Rows("revoked", len(data), lambda at, size: data[at : at + size])


def test_searching():
    for count in (1, 2, 3, 7, 64):
        rows = rows_of(count)
        assert rows.count == count and rows.ascending()
        for n in range(2 * count + 3):
            found = rows.find(n.to_bytes(16, "big"))
            assert (found is not None) == (n % 2 == 0 and 0 < n <= 2 * count), (count, n)


def test_searching_reads_little():
    reads = []
    rows = files.Rows("revoked", 65536, lambda at, size: reads.append(at) or at.to_bytes(16, "big")[:size])
    assert rows.find((16 * 77).to_bytes(16, "big")) and len(reads) <= 14


def test_order():
    for data, good in ((b"ab", True), (b"aa", False), (b"ba", False), (b"a", True), (b"abcb", False)):
        full = b"".join([bytes([c]) * 16 for c in data])
        assert files.Rows("revoked", len(full), lambda at, size, f=full: f[at : at + size]).ascending() == good


def test_a_bundle_waits_for_its_files():
    world = ready()
    missing = world.terminal.install(parcel.bundle_with(ALL, version=8))
    assert missing == [["catalogue", 0], ["crew", 0], ["revoked", 0]]
    for name in ("revoked", "crew", "catalogue"):
        assert world.terminal.trust.bundle.version == 7 and not world.terminal.trust.has(name)
        parcel.send(world.terminal, ALL, [[name, 0]])
    assert world.terminal.trust.bundle.version == 8 and len(held(world)) == 3
    reboot(world)
    assert world.terminal.trust.bundle.version == 8 and world.terminal.trust.has("crew")
    assert world.terminal.install(parcel.bundle_with(ALL, version=8)) == [], "same again is harmless"
    assert world.terminal.install(parcel.bundle_with(ALL, version=9)) == [], "what is here is not sent again"
    assert code(world.terminal.install, parcel.bundle_with(ALL, version=8)) == "bundle_older"


def test_files_of_the_bundle_before_are_freed():
    world = parcel.stocked(ALL)
    before = held(world)
    newer = dict(ALL, revoked=parcel.revoked("thief", "lost", "third"))
    missing = world.terminal.install(parcel.bundle_with(newer, version=8))
    assert missing == [["revoked", 0]] and held(world) == before
    assert not world.terminal.trust.revoked(newer["revoked"][:16]) or newer["revoked"][:16] in ALL["revoked"]
    parcel.send(world.terminal, newer, missing)
    assert len(held(world)) == 3 and held(world) != before
    world.terminal.install(bundle(version=9))
    assert held(world) == [] and not world.terminal.trust.has("revoked")


def test_a_file_is_resumed_where_it_was_left():
    data = b"".join([n.to_bytes(16, "big") for n in range(700)])
    many = {"revoked": data}
    signed = parcel.bundle_with(many, version=8)
    world = ready()
    world.terminal.install(signed)
    for at in range(0, 9000, 200):
        world.terminal.add_file("revoked", at, data[at : at + 200])
    assert world.terminal.install(signed) == [["revoked", 8400]], "whole blocks are on flash"
    assert code(world.terminal.add_file, "revoked", 0, data[:9]) == "file_chunk", "not from the start again"
    world.terminal.add_file("revoked", 8400, data[8400:8600])
    reboot(world)
    assert code(world.terminal.add_file, "revoked", 8400, data[8400:8600]) == "file_unknown", "the bundle comes first"
    missing = world.terminal.install(signed)
    assert missing == [["revoked", 8400]]
    parcel.send(world.terminal, many, missing)
    assert world.terminal.trust.bundle.version == 8 and world.terminal.trust.revoked((699).to_bytes(16, "big"))


def test_pieces_that_are_refused():
    world = ready()
    assert code(world.terminal.add_file, "revoked", 0, b"x") == "file_unknown"
    world.terminal.install(parcel.bundle_with(REVOKED, version=8))
    for name, offset, chunk, expected in (
        ("crew", 0, b"x", "file_unknown"),
        ("../keys", 0, b"x", "file_unknown"),
        ("revoked", 1, b"x", "file_chunk"),
        ("revoked", 0, bytes(17), "file_chunk"),
        ("revoked", 0, bytes(16), "file_hash"),
    ):
        assert code(world.terminal.add_file, name, offset, chunk) == expected, (name, offset)
        assert world.terminal.trust.bundle.version == 7
    parcel.send(world.terminal, REVOKED, [["revoked", 0]])
    assert world.terminal.trust.bundle.version == 8


def test_a_file_out_of_order_is_no_list():
    world = ready()
    backwards = {"revoked": b"b" * 16 + b"a" * 16}
    world.terminal.install(parcel.bundle_with(backwards, version=8))
    assert code(parcel.send, world.terminal, backwards, [["revoked", 0]]) == "file_order"
    assert world.terminal.trust.bundle.version == 7


def test_a_damaged_file_stops_selling_and_is_sent_again():
    world = parcel.stocked(ALL)
    name = FOLDER + "/" + held(world)[0]
    with world.files.open(name, "rb") as f:
        data = f.read()
    with world.files.open(name, "wb") as f:
        f.write(bytes([data[0] ^ 1]) + data[1:])
    reboot(world)
    assert world.terminal.state == "no-bundle" and len(held(world)) == 2
    missing = world.terminal.install(parcel.bundle_with(ALL))
    assert len(missing) == 1
    parcel.send(world.terminal, ALL, missing)
    assert world.terminal.state == "ready" and len(held(world)) == 3


def test_a_file_that_cannot_be_read_approves_nothing():
    world = parcel.stocked(REVOKED)
    world.terminal.open_shift("1", FLIGHT, DAY)
    world.files.remove(FOLDER + "/" + held(world)[0])
    assert world.pay(quick()) == "storage"


def test_no_room():
    world = ready()
    room = world.terminal.journal.room()
    size = min(65536, room // 16 * 16 + 16 if room < 60000 else 65536)
    files_free = world.files.free
    # short even of the half of the reserve that a bundle may use
    world.files.free = lambda: files_free() - room + size - RESERVE // 2 - 1
    signed = bundle(version=8, files=[["revoked", size, bytes(32)]])
    assert code(world.terminal.install, signed) == "full"
    assert code(world.terminal.add_file, "revoked", 0, b"x") == "file_unknown"
    world.files.free = files_free
    assert world.terminal.install(signed) == [["revoked", 0]]
    assert world.terminal.journal.room() <= room - size


def test_a_full_terminal_takes_a_bundle_with_small_files():
    """As one whose issuer has to be changed before it can sync."""
    world = selling()
    world.terminal.journal._room = world.terminal.journal.reserve
    world.files.free = lambda: world.terminal.journal.reserve
    assert world.pay(quick()) == "full"
    parcel.stock(world, REVOKED, version=8)
    assert world.terminal.trust.bundle.version == 8 and world.pay(quick()) == "full"


def test_room_that_files_are_to_take_is_not_given_away():
    """Freeing counts the flash anew, and what a bundle waits for is no part of it."""
    data = {"revoked": b"".join([n.to_bytes(16, "big") for n in range(700)])}
    world = ready()
    world.files.free = lambda: 300000
    journal = world.terminal.journal
    missing = world.terminal.install(parcel.bundle_with(data, version=8))
    for _ in range(2):
        assert journal.room() == 300000 - journal.reserve - 11200
        world.terminal.install(bundle())  # anybody may send the present one again
        journal.free(0)
    parcel.send(world.terminal, {"revoked": data["revoked"][:8400]}, missing)
    journal.free(0)
    assert journal.room() == 300000 - journal.reserve - 2800
    parcel.send(world.terminal, data, [["revoked", 8400]])
    assert world.terminal.trust.bundle.version == 8
    journal.free(0)
    assert journal.room() == 300000 - journal.reserve


def test_revoked_passes_pay_no_more():
    world = selling()
    assert world.pay(quick("thief")) == "approved"
    parcel.stock(world, REVOKED, version=8)
    assert world.pay(quick("thief", 2)) == "revoked"
    # "ask for another payment" would make whoever has paid pay twice
    assert world.pay(quick("thief", 1)) == "already_paid"
    assert world.pay(quick("thief", 1, NOW + 1)) == "already_paid"
    assert world.pay(quick("thief", 3), []) == "no_sale", "after everything cheap"
    assert world.pay(quick("honest")) == "approved"
    reboot(world)
    assert world.pay(quick("thief", 2, NOW + 5)) == "revoked"
    parcel.stock(world, {"revoked": parcel.revoked("other")}, version=9)
    assert world.pay(quick("thief", 2, NOW + 5)) == "approved"


def test_the_list_is_not_shown_to_forgers():
    world = parcel.stocked(REVOKED)
    world.terminal.open_shift("1", FLIGHT, DAY)
    for name in ("thief", "honest"):
        code = quick(name, device="phone")
        assert world.pay(code[:-6] + b"000000") in ("payment_signature", "cbor", "base45", "schema", "cose"), name


def test_the_catalogue():
    trust = parcel.stocked(ALL).terminal.trust
    assert trust.catalogue(101, EUR) == [101, "Instant noodles", "方便面", 350, EUR]
    assert trust.catalogue(101) == trust.catalogue(101, EUR), "the bundle's first currency"
    assert trust.catalogue(101, JPY) == [101, "Noodles", "", 600, JPY]
    assert trust.catalogue(102, EUR) is None and trust.catalogue(205, JPY) is None
    assert [item[0] for item in trust.catalogue_page(EUR, 0, 9)] == [101, 205]
    assert [item[0] for item in trust.catalogue_page(EUR, 1, 1)] == [205]
    assert trust.catalogue_page(EUR, 2, 5) == [] and trust.catalogue_page(1, 0, 5) == []
    empty = ready().terminal.trust
    assert empty.catalogue(101, EUR) is None and empty.catalogue_page(EUR, 0, 5) == []


def test_pages_cover_a_long_catalogue():
    items = [(EUR, 100 + 3 * i, i + 1, "Item %d" % i, "") for i in range(100)] + [(JPY, 5, 5, "Yen", "")]
    trust = parcel.stocked({"catalogue": parcel.catalogue(items)}).terminal.trust
    gc.collect()
    found = []
    for first in range(0, 110, 7):
        found += [item[0] for item in trust.catalogue_page(EUR, first, 7)]
    assert found == [100 + 3 * i for i in range(100)]


def test_over_the_link():
    world = ready()
    host = Host(Session(world.terminal))
    host.login()
    data = parcel.bundle_with(ALL, version=8)
    for at in range(0, len(data), 150):
        status, result = host.ask("bundle", len(data), at, data[at : at + 150])
        assert status == "ok"
    assert result == [["catalogue", 0], ["crew", 0], ["revoked", 0]]
    for name, _ in result:
        for at in range(0, len(ALL[name]), 50):
            piece = ALL[name][at : at + 50]
            assert host.ask("file", name, at, piece) == ("ok", at + len(piece))
    assert world.terminal.trust.bundle.version == 8
    assert host.status("file", "crew", 0, b"x") == "file_unknown"
    assert host.status("file", "x" * 17, 0, b"x") == "bad_args"


def test_files_of_a_bundle_need_no_login():
    world = provisioned()
    host = Host(Session(world.terminal))
    assert host.status("file", "revoked", 0, b"x") == "file_unknown"
    data = parcel.bundle_with(REVOKED)
    assert host.send_bundle(data) == "ok"
    assert world.terminal.state == "no-bundle"
    assert host.status("file", "revoked", 0, REVOKED["revoked"]) == "ok"
    assert world.terminal.state == "ready"
    # and later ones none either, as the bundle that names them by hash; but only what a bundle waits for is taken
    assert host.status("file", "revoked", 0, b"x") == "file_unknown"


def test_gateway_pins_are_kept():
    pin, following = some("gateway", 32), some("gateway next", 32)
    world = ready(bundle(gateway=[pin, following]))
    reboot(world)
    assert world.terminal.trust.bundle.gateway == [pin, following] and public("root")
