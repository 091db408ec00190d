import gc

from cabinpay.agent.spend import MAX_ISSUERS, SpendTable


def ident(n, slot=0):
    """16 bytes, of one of 16 issuers; `slot` decides where in a table it is looked for first."""
    return (n % 16).to_bytes(8, "big") + slot.to_bytes(4, "big") + n.to_bytes(4, "big")


def test_one_cti_of_two_issuers_is_two_passes():
    table = SpendTable(4)
    table.add(b"issuer A" + bytes(8), 5, 100, 1)
    assert table.get(b"issuer B" + bytes(8)) == (0, 0, 0)
    table.add(b"issuer B" + bytes(8), 7, 300, 1)
    assert table.get(b"issuer A" + bytes(8)) == (5, 100, 1) and table.get(b"issuer B" + bytes(8)) == (7, 300, 1)
    assert table.used == 2


def test_issuers_are_bounded_too():
    table = SpendTable(1000)
    for n in range(MAX_ISSUERS):
        table.add(n.to_bytes(8, "big") + n.to_bytes(8, "big"), 1, 1, 1)
    one_more = MAX_ISSUERS.to_bytes(8, "big")
    assert not table.room_for(one_more + bytes(8)) and table.room_for(bytes(8) + one_more)
    entries = [bytes(entry) for entry in table.entries()]
    again = SpendTable(1000)
    for entry in entries:
        again.put(entry)
    assert again.get(bytes(16)) == (1, 1, 1) and not again.room_for(one_more + bytes(8))


def test_an_unknown_pass_has_spent_nothing():
    table = SpendTable(4)
    assert table.get(ident(1)) == (0, 0, 0) and table.room_for(ident(1)) and table.used == 0


def test_sales_add_up_and_the_highest_seq_stays():
    table = SpendTable(4)
    for seq, amount, expected in ((5, 100, (5, 100, 1)), (9, 50, (9, 150, 2)), (7, 1, (9, 151, 3))):
        table.add(ident(1), seq, amount, 1000)
        assert table.get(ident(1)) == expected
    assert table.used == 1 and table.get(ident(2)) == (0, 0, 0)


def test_largest_figures():
    table = SpendTable(1)
    table.add(ident(1), 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    assert table.get(ident(1)) == (0xFFFFFFFF, 0xFFFFFFFF, 1)
    table = SpendTable(1)
    for _ in range(255):
        table.add(ident(1), 1, 1, 1)
    assert table.get(ident(1)) == (1, 255, 255)


def test_a_full_table_refuses_new_passes_and_forgets_none():
    table = SpendTable(3)
    for n in range(1, 4):
        table.add(ident(n, n * 17), n, n, 1)
    assert not table.room_for(ident(4)) and table.room_for(ident(2, 34))
    try:
        table.add(ident(4), 1, 1, 1)
        raise AssertionError("a fourth pass of three")
    except ValueError:
        pass
    assert table.get(ident(4)) == (0, 0, 0) and table.used == 3
    table.add(ident(2, 34), 9, 5, 1)
    assert [table.get(ident(n, n * 17)) for n in range(1, 4)] == [(1, 1, 1), (9, 7, 2), (3, 3, 1)]


def test_passes_that_collide_are_kept_apart():
    table = SpendTable(8)
    for n in range(1, 9):
        table.add(ident(n, 3), n, 10 * n, 1)
    assert [table.get(ident(n, 3)) for n in range(1, 9)] == [(n, 10 * n, 1) for n in range(1, 9)]
    assert table.get(ident(9, 3)) == (0, 0, 0)


def test_the_last_slot_wraps_around_to_the_first():
    table = SpendTable(8)
    slots = 8 + 8 // 4 + 1
    for n in range(1, 5):
        table.add(ident(n, slots - 1), n, n, 1)
    assert [table.get(ident(n, slots - 1)) for n in range(1, 5)] == [(n, n, 1) for n in range(1, 5)]
    assert table.get(ident(7, slots - 1)) == (0, 0, 0)


def test_passes_of_two_issuers_with_one_cti_are_two():
    table = SpendTable(4)
    table.add(b"issuer 1" + b"one cti.", 5, 100, 1)
    assert table.get(b"issuer 2" + b"one cti.") == (0, 0, 0)


def test_a_table_of_one():
    table = SpendTable(1)
    table.add(ident(1), 1, 1, 1)
    assert table.get(ident(2, 1)) == (0, 0, 0) and not table.room_for(ident(2, 1))


def test_a_thousand_passes_in_bounded_memory():
    gc.collect()
    before = gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0
    table = SpendTable(1000)
    gc.collect()
    taken = (gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0) - before
    for n in range(1000):
        table.add(ident(n, n * 2654435761 & 0xFFFFFFFF), n + 1, n, 1)
    assert not table.room_for(ident(1000))
    for n in range(1000):
        assert table.get(ident(n, n * 2654435761 & 0xFFFFFFFF)) == (n + 1, n, 1)
    assert taken < 25 * 1024
    print("spend table of 1000 passes:", taken, "bytes")
