"""The crew's screens, continued: keys and scans that nobody meant, and what is shown."""

import parcel
from cabinpay.agent.words import clock_time, currency_name, money
from cabinpay.wire import cbor
from cabinpay.wire.receipts import Evidence
from test_crew import ITEMS, KEYS, Table, at_sale
from texts import TEXTS
from world import (
    EUR,
    NOW,
    bundle,
    quick,
    ready,
    receipts,
)


def test_cash_up():
    table = at_sale()
    assert table.press("#") == "cash_up" and table.view.lines == ["CASH-UP  shift 1", "# close the shift, D back"]
    assert table.press("D") == "items"
    for seq in (1, 2):
        table.press(ITEMS + "B")
        table.scan(quick(seq=seq))
        table.press("1")
    assert table.press("#") == "cash_up" and table.view.lines[1] == "2 sales  24.00 EUR"
    assert table.press("#") == "sign_on" and table.world.terminal.chain.shift is None
    assert table.scan(quick(seq=3)) == "no_shift"
    assert table.press("1") == "sign_on"


def test_the_last_sale_is_seen_after_a_boot():
    table = at_sale()
    table.press(ITEMS + "B")
    table.scan(quick())
    table.reboot()
    assert table.view.name == "confirm_last"
    assert table.view.lines[:3] == ["LAST SALE", "Receipt 2", "12.00 EUR"]
    assert table.press("0123456789BC*#") == "confirm_last"
    table.scan(quick(seq=2))
    assert table.view.name == "confirm_last" and len(receipts(table.world)) == 2
    assert table.press("A") == "items"
    table.press(ITEMS + "B")
    assert table.scan(quick(seq=2)) == "approved"


def test_what_is_not_shown_after_a_boot():
    table = at_sale()
    table.reboot()
    assert table.view.name == "items", "no sale"
    table.press(ITEMS + "B")
    table.scan(quick())
    table.press("1##")
    table.reboot()
    assert table.view.name == "sign_on", "shift closed"
    table.press("1*1234*1408#")
    table.reboot()
    assert table.view.name == "items", "no sale in this shift"


def test_storage_that_fails_is_said():
    table = at_sale()
    table.press(ITEMS + "B")
    table.world.terminal.journal.fault = "storage"
    assert table.scan(quick()) == "storage"
    assert table.press("1") == "stopped" and table.view.lines == TEXTS["storage"]
    table = at_sale()
    table.press("#")
    table.world.terminal.journal.fault = "storage"
    assert table.press("#") == "verdict" and table.press("1") == "stopped"
    table = Table(ready())
    table.press("1*1234*1408")
    table.world.terminal.journal.fault = "storage"
    assert table.press("#") == "verdict"


def test_a_bundle_that_drops_the_currency_in_the_middle_of_a_sale():
    table = at_sale()
    table.press(ITEMS)
    table.world.terminal.install(bundle(version=8, currencies=[[392, 0, [[9, 9, 9]] * 3, 9]]))
    table.press("B")
    assert table.scan(quick()) == "currency"
    assert table.press("1D") == "items"


def test_keys_off_the_keypad_do_nothing():
    for go in ("", "101*1*1", ITEMS + "B", ITEMS + "C", "#", "A"):
        table = at_sale()
        table.press(go)
        before = table.view.screens[-1]
        for code in range(256):
            if chr(code) not in KEYS:
                table.crew.key(chr(code))
        for odd in ("", "12", "AB", "\u0661", "\u00b2"):
            table.crew.key(odd)
        assert table.view.screens[-1] is before, go


def test_entries_of_line_noise_stay_numbers():
    table = at_sale()
    for noise in ("-1*1*1", "+1*1*1", "1_0*1*1", " 1*1*1", "1.0*1*1", "0x1*1*1", "\u00b2*1*1", "E*F*G"):
        table.press(noise + "A")
        table.press("D")
    assert table.view.name == "items"


def test_every_key_in_every_state():
    states = ("", "1*1*1", ITEMS, ITEMS + "B", ITEMS + "C", "#", "##", "A", "B", "##1*1234*14")
    for state in states:
        for key in KEYS:
            table = at_sale()
            table.press(state)
            table.press(key)
            table.crew.tick()
            table.scan(b"CP1:")
            table.press(key)


def noise(state):
    """A linear congruential generator: the same numbers on every interpreter."""
    return (state * 1103515245 + 12345) & 0x7FFFFFFF


def test_thousands_of_random_keys_and_scans():
    state = 20260814
    table = Table(ready())
    texts = [quick(name, seq) for name in ("a", "b") for seq in (1, 2, 3)] + [b"", b"CP1:", b"CP1:A", b"\xff" * 600]
    keys = KEYS + "***" + "AB#" + "\x00\xff"
    for _ in range(4000):
        state = noise(state)
        pick = state >> 8
        if pick % 23 == 0:
            table.scan(texts[pick // 23 % len(texts)])
        elif pick % 97 == 0:
            table.press("1*1234*1408#")
        elif pick % 89 == 0:
            table.press(ITEMS + "BC"[pick % 2])
        elif pick % 401 == 0:
            table.reboot()
        elif pick % 31 == 0:
            table.world.seconds += pick % 50
            table.crew.tick()
        else:
            table.press(keys[pick % len(keys)])
    assert table.world.terminal.state == "ready"
    numbers = [number for number, _, _ in receipts(table.world)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > 5


def test_random_scans_never_raise():
    table = at_sale()
    table.press(ITEMS + "B")
    state = 4711
    alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    for i in range(600):
        state = noise(state)
        text = bytearray(b"CP1:" if i % 3 else b"")
        for _ in range(state >> 8 & 0x1FF):
            state = noise(state)
            text.append(alphabet[(state >> 8) % 45] if i % 2 else state >> 8 & 0xFF)
        assert table.scan(bytes(text)) in ("length", "prefix", "base45", "cbor", "schema")


def test_changed_codes_are_never_approved():
    table = at_sale()
    table.press(ITEMS + "B")
    good = quick()
    alphabet = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
    for at in range(len(good)):
        changed = bytearray(good)
        changed[at] = alphabet[(alphabet.find(bytes([good[at]])) + 1 + at % 44) % 45]
        if bytes(changed) != good:
            assert table.scan(bytes(changed)) not in ("approved", "already_paid"), at
        table.scan(good[:at])
    assert len(receipts(table.world)) == 1
    assert table.scan(good) == "approved"


def test_scans_that_decode_into_as_much_as_they_can():
    from cabinpay.wire import base45

    table = at_sale()
    table.press(ITEMS + "B")
    for body in (
        b"\x99\x01\x3a" + b"\x80" * 314,
        b"\x99\x01\x3a" + b"\xa0" * 314,
        b"\x81" * 317,
        b"\xb8\x9d" + b"".join(bytes([0x18, n, 0x80]) for n in range(24, 129)),
        b"\x9b" + b"\xff" * 8,
        b"\x5b" + b"\xff" * 8,
    ):
        assert table.scan(b"CP1:" + base45.encode(body).encode()) in ("cbor", "schema")


def test_it_looks_at_the_counter_once_a_second():
    table = at_sale()
    looked = []
    table.world.terminal.ticks = lambda: looked.append(1) or 0
    table.crew.tick()
    assert looked


def test_amounts_and_times():
    assert money(1250, 2) == "12.50" and money(5, 2) == "0.05" and money(0, 2) == "0.00"
    assert money(1250, 0) == "1250" and money(-5, 2) == "-0.05" and money(12345, 3) == "12.345"
    assert clock_time(NOW + 3599) == "06:59 UTC" and clock_time(0) == "00:00 UTC"
    assert currency_name(EUR) == "EUR" and currency_name(8) == "008"


def stocked():
    """A terminal with a catalogue and PINs, signed on in Chinese."""
    table = Table(parcel.stocked({"catalogue": parcel.catalogue(), "crew": parcel.crew()}))
    table.press("A4711*1234*1408#0815#")
    assert table.view.lines[0] == "新销售 EUR"
    return table


def test_every_key_in_every_state_with_a_catalogue():
    for state in ("", "A", "A1", "A*", "A0", "A01", "101", "101*2", "A1B", "A1C", "##", "##4711*1234*1408#", "##A"):
        table = stocked()
        for key in KEYS:
            table.press(state)
            table.press(key)
            table.crew.tick()
            table.scan(b"CP1:")
            table.press("D")


def test_thousands_of_random_keys_with_a_catalogue():
    state = 20261124
    table = stocked()
    texts = [quick(name, seq) for name in ("a", "b") for seq in (1, 2, 3, 4)]
    for _ in range(3000):
        state = noise(state)
        pick = state >> 8
        if pick % 29 == 0:
            table.scan(texts[pick // 29 % len(texts)])
        elif pick % 61 == 0:
            table.press("D4711*1234*1408#0815#")
        elif pick % 53 == 0:
            table.press("DDA1B")
        elif pick % 401 == 0:
            table.reboot()
        else:
            table.press((KEYS + "AAA123")[pick % 22])
    assert table.world.terminal.state == "ready"
    listed = {101: 350, 205: 500}
    sales = [Evidence.unpack(evidence, cbor).lines for _, _, evidence in receipts(table.world) if evidence]
    assert len(sales) > 2
    assert all(price == listed.get(sku, price) for lines in sales for sku, _, price in lines)
