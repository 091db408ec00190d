from cabinpay.agent.crew import Crew
from cabinpay.agent.texts import LINES as TEXTS
from cabinpay.agent.texts import WIDTH, clock_time, folded, money, tone
from cabinpay.wire import cbor, qrtext
from cabinpay.wire.claims import SKU_DISCOUNT, SKU_TIP
from cabinpay.wire.receipts import Evidence
from world import (
    AMOUNT,
    DAY,
    EUR,
    FLIGHT,
    NOW,
    View,
    World,
    a_pass,
    bundle,
    payment,
    provisioned,
    quick,
    ready,
    reboot,
    receipts,
    selling,
    shown,
)

KEYS = "0123456789ABCD*#"
ITEMS = "101*2*350A205*1*500A"  # 12.00


class Table:
    """Crew, view and world of one terminal."""

    def __init__(self, world):
        self.world = world
        self.sit_down()

    def sit_down(self):
        self.view = View()
        self.crew = Crew(self.world.terminal, self.view)
        self.crew.start()

    def press(self, keys):
        for key in keys:
            self.crew.key(key)
        return self.view.name

    def scan(self, text):
        self.crew.scanned(text)
        return self.view.code

    def reboot(self):
        reboot(self.world)
        self.sit_down()


def at_sale():
    table = Table(ready())
    table.press("4711*1234*1408#")
    assert table.view.name == "items"
    return table


def answer(table, seq=1):
    """The code of a phone that has scanned the bill on the screen."""
    bill = qrtext.read_bill(table.view.screens[-1][2].encode(), cbor)
    its = a_pass()
    return shown(its, payment(its, seq, terms=[bill.amount, bill.currency], challenge=bill.challenge(cbor)))


def test_first_screens():
    recovery = World()
    recovery.carved = True
    recovery.boot()
    rolled = selling()
    rolled.terminal.roll_back(9, b"ack")
    for world, name, code in (
        (World(), "stopped", "blank"),
        (provisioned(), "stopped", "no_bundle"),
        (recovery, "stopped", "needs_recovery"),
        (rolled, "stopped", "rolled_back"),
        (ready(), "sign_on", ""),
        (selling(), "items", ""),
    ):
        table = Table(world)
        assert table.view.name == name
        if code:
            assert table.view.lines == list(TEXTS[code])
            assert table.press(KEYS) == name, "no key does anything"
            assert table.scan(quick()) == code


def test_the_ground_brings_the_terminal_up():
    table = Table(World())
    assert table.view.name == "stopped"
    table.world.terminal.provision(bytes(32), [bytes(32), b"1" * 32], "T", "")
    table.crew.start()
    assert table.view.lines == list(TEXTS["no_bundle"])
    table = Table(provisioned())
    table.world.terminal.install(bundle())
    table.crew.start()
    assert table.view.name == "sign_on"


def test_the_ground_interrupts_nobody():
    table = at_sale()
    table.press("101*1")
    before = table.view.screens[-1]
    table.crew.start()
    assert table.view.screens[-1] is before
    table.world.terminal.roll_back(9, b"ack")
    table.crew.start()
    assert table.view.lines == list(TEXTS["rolled_back"])


def test_sign_on():
    table = Table(ready())
    assert table.press("4711*1234*1408") == "sign_on" and table.view.lines[-1] == "4711*1234*1408"
    assert table.press("#") == "items"
    shift = table.world.terminal.chain.shift
    assert (shift.crew, shift.flight) == ("4711", ["XC", FLIGHT, DAY])


def test_sign_on_that_is_refused():
    for entry in (
        "",
        "1",
        "1*2",
        "1**1408",
        "*1234*1408",
        "1*1234*",
        "1*1234*1408*1",
        "0*1234*1408",
        "1*0*1408",
        "1*10000*1408",
        "1*99999999999*1408",
        "99999999999*1*1408",
        "1*1234*0",
        "1*1234*3113",
        "1*1234*3002",
        "1*1234*2902",
        "1*1234*9999999999",
        "0000000000*0000000000*00",
        "123456789012345678901234567890",
        "*" * 30,
    ):
        table = Table(ready())
        assert table.press(entry + "#") == "verdict", entry
        assert table.view.lines and all(len(line) <= WIDTH for line in table.view.lines)
        assert table.view.sounds == ["refused"] and receipts(table.world) == []
        assert table.press("1") == "sign_on"
        assert table.press("1*1234*1408#") == "items", "and again from the start"


def test_sign_on_at_the_edges():
    for entry, flight, day in (("1*1*1508", 1, DAY + 1), ("9999999999*9999*1308", 9999, DAY - 1)):
        table = Table(ready())
        assert table.press(entry + "#") == "items"
        assert table.world.terminal.chain.shift.flight[1:] == [flight, day]


def test_sign_on_can_be_begun_anew():
    table = Table(ready())
    table.press("999D")
    assert table.view.name == "sign_on" and table.press("1*1234*1408#") == "items"


def test_items():
    table = at_sale()
    table.press("101*2*350")
    assert table.view.lines[-2] == "101*2*350"
    assert table.press("A") == "items" and table.view.lines[0] == "SALE  total 7.00 EUR"
    assert table.view.lines[1] == "2 x 101  350"
    table.press("205*1*500A")
    assert table.view.lines[0] == "SALE  total 12.00 EUR"
    table.press("D")
    assert table.view.lines[0] == "SALE"
    assert table.press("B") == "verdict" and table.view.lines == [TEXTS["no_sale"][1]]


def test_items_that_are_refused():
    for entry in (
        "",
        "1",
        "1*1",
        "1*1*",
        "*1*1",
        "1*1*1*1",
        "0*1*1",
        "1*0*1",
        "1*256*1",
        "1*1*0",
        "1*1*4294967296",
        "1*255*4294967295",
        "2*1*100",
        "2*2*50",
        "99999999999*1*1",
        "123456789012345678901234567890",
    ):
        table = at_sale()
        table.press("7*1*100A")
        assert table.press(entry + "A") == "verdict", entry
        assert table.press("D") == "items"
        assert table.view.lines[0] == "SALE  total 1.00 EUR", "what was keyed in before stays"


def test_more_lines_than_a_sale_takes():
    table = at_sale()
    for _ in range(24):
        assert table.press("1*1*1A") == "items"
    assert len(table.view.lines) <= 12
    assert table.press("1*1*1A") == "verdict"
    table.press("1")
    assert table.view.lines[0] == "SALE  total 0.24 EUR"


def test_an_entry_is_bounded():
    table = at_sale()
    table.press("1" * 500)
    assert len(table.view.lines[-2]) == 24


def test_a_quick_sale():
    table = at_sale()
    assert table.press(ITEMS + "B") == "scan" and table.view.lines[1] == "12.00 EUR"
    assert table.scan(quick()) == "approved"
    assert table.view.lines == ["APPROVED", "12.00 EUR", "Receipt 2", "C: receipt"]
    assert table.view.sounds == ["approved"]
    # the same code again, at once and with the next sale: another screen and another sound
    for keys in ("", "1" + ITEMS + "B"):
        table.press(keys)
        assert table.scan(quick()) == "already_paid"
        receipt = ["12.00 EUR", "Receipt 2", "06:00 UTC", "C: receipt"]
        assert table.view.lines == list(TEXTS["already_paid"]) + receipt
        assert table.view.sounds[-1] == "attention"
    assert len(receipts(table.world)) == 2


def test_after_approval_the_next_sale_begins_empty():
    table = at_sale()
    table.press(ITEMS + "B")
    table.scan(quick())
    assert table.press("1") == "items" and table.view.lines[0] == "SALE"
    assert table.scan(quick(seq=2)) == "no_sale"


def test_after_a_refusal_the_sale_is_still_there():
    table = at_sale()
    table.press(ITEMS + "B")
    assert table.scan(quick(iat=NOW - 100)) == "stale" and table.view.lines == list(TEXTS["stale"])
    assert table.view.sounds == ["refused"]
    assert table.scan(quick()) == "approved"


def test_a_forgery_sounds_an_alarm():
    table = at_sale()
    table.press(ITEMS + "B")
    its = a_pass()
    assert table.scan(shown(its, payment(its, device="thief"))) == "payment_signature"
    assert table.view.sounds == ["alarm"]


def test_a_bill():
    table = at_sale()
    assert table.press(ITEMS + "C") == "bill"
    assert table.view.lines == ["Trolley 2", "12.00 EUR  120 s"]
    text = answer(table)
    assert table.scan(text) == "approved"
    assert table.scan(text) == "already_paid"


def test_a_bill_that_nobody_pays_leaves_the_screen():
    table = at_sale()
    table.press(ITEMS + "C")
    text = answer(table)
    table.world.seconds = 119
    table.crew.tick()
    assert table.view.name == "bill"
    table.world.seconds = 120
    table.crew.tick()
    assert table.view.name == "items" and table.view.lines[0] == "SALE  total 12.00 EUR"
    assert table.scan(text) == "no_bill"


def test_cancelling_a_bill_and_changing_the_sale():
    for keys in ("D", "17*1*100A"):
        table = at_sale()
        table.press(ITEMS + "C")
        text = answer(table)
        table.press(keys)
        assert table.scan(text) == "no_bill", keys
    table = at_sale()
    table.press(ITEMS + "C")
    text = answer(table)
    table.press("1C")
    assert table.scan(text) == "other_bill"
    assert table.press("1C") == "bill" and table.scan(answer(table, 2)) == "approved"


def test_a_bill_for_nothing():
    table = at_sale()
    assert table.press("C") == "verdict"


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


def sold(table, seq=1, keys=ITEMS):
    """Sells, and goes back to the items."""
    table.press(keys + "B")
    assert table.scan(quick(seq=seq)) == "approved"
    assert table.press("1") == "items"
    table.press("D")


def test_the_last_sale_is_cancelled():
    table = at_sale()
    sold(table)
    assert table.press("*D") == "void"
    assert table.view.lines[:3] == ["CANCEL THIS SALE?", "Receipt 2", "12.00 EUR"]
    assert table.press("056789ABC*#") == "void" and len(receipts(table.world)) == 2, "only a reason confirms"
    assert table.press("D") == "items" and len(receipts(table.world)) == 2
    assert table.press("*D3") == "verdict" and table.view.code == "cancelled"
    assert table.view.lines == ["SALE CANCELLED", "12.00 EUR", "Receipt 2"]
    assert table.view.sounds[-1] == "attention"
    table.press("1" + ITEMS + "B")
    assert table.scan(quick()) == "voided" and table.view.sounds[-1] == "refused"
    assert table.view.lines == list(TEXTS["voided"]) + ["12.00 EUR", "Receipt 2", "06:00 UTC"]
    assert table.scan(quick(seq=2)) == "approved"
    assert table.press("1#") == "cash_up"
    assert table.view.lines[1:3] == ["2 sales  24.00 EUR", "1 cancelled  12.00 EUR"]


def test_any_sale_of_the_shift_is_cancelled_by_its_number():
    table = at_sale()
    for seq in (1, 2, 3):
        sold(table, seq)
    assert table.press("*3D") == "void" and table.view.lines[1] == "Receipt 3"
    assert table.press("1") == "verdict"
    for number, line in (("3", "cancelled already"), ("1", "No such sale"), ("5", "No such sale"), ("99", "No such")):
        assert table.press("1*%sD" % number) == "verdict", number
        assert " ".join(table.view.lines).find(line) >= 0, number
    assert table.press("1*D") == "void" and table.view.lines[1] == "Receipt 4"
    table.press("D")
    for entry in ("**", "*1*1", "*12345678901", "*4294967296"):
        assert table.press(entry + "D") == "verdict", entry
        assert table.press("1") == "items"
    assert len(receipts(table.world)) == 5


def test_nothing_to_cancel():
    table = at_sale()
    assert table.press("*D") == "verdict" and table.view.sounds == ["refused"]
    sold(table)
    table.press("##")
    table.press("1*1234*1408#")
    assert table.press("*D") == "verdict", "the last sale was in another shift"
    assert table.press("1*2D") == "verdict"
    assert table.view.lines[0] == "No such sale in this shift."


def test_what_is_keyed_in_survives_a_cancellation():
    table = at_sale()
    sold(table)
    table.press("7*1*100A*D")
    assert table.view.name == "void"
    table.press("2D")
    assert table.view.name == "items" and table.view.lines[0] == "SALE  total 1.00 EUR"


def test_the_last_sale_is_cancelled_after_a_boot():
    table = at_sale()
    sold(table)
    table.reboot()
    assert table.view.lines[-1] == "D: cancel it"
    assert table.press("D") == "void"
    assert table.press("D") == "confirm_last", "still to be answered"
    table.press("D")
    table.scan(quick(seq=2))
    assert table.view.name == "confirm_last", "no sale before the answer"
    assert table.press("D2") == "verdict" and table.view.code == "cancelled"
    assert table.press("1") == "items"
    table.reboot()
    assert table.view.name == "confirm_last" and table.view.lines[3:] == ["CANCELLED", "A: seen"]
    assert table.press("D") == "verdict" and table.press("1") == "confirm_last", "once"
    assert table.press("A") == "items"
    sold(table, 2)
    table.reboot()
    assert table.view.lines[1] == "Receipt 4" and table.view.lines[-1] == "D: cancel it"


def test_cancelling_on_storage_that_fails():
    table = at_sale()
    sold(table)
    table.reboot()
    table.press("D")
    table.world.terminal.journal.fault = "storage"
    assert table.press("1") == "verdict" and table.press("1") == "stopped"
    assert table.view.lines == list(TEXTS["storage"])
    assert table.scan(quick()) == "storage"


def test_the_receipt_on_the_screen():
    table = at_sale()
    table.press(ITEMS + "B")
    table.scan(quick())
    for scan in (None, quick()):
        if scan:
            table.scan(scan)
        assert table.press("C") == "receipt"
        _, lines, text, _ = table.view.screens[-1]
        assert lines == ["Receipt 2"]
        assert qrtext.read_receipt_text(text.encode()) == receipts(table.world, 2)[0][1]
        assert table.press("C") == "items"
    assert table.scan(b"CP1:") == "base45" or table.view.code
    assert table.press("C") == "items", "no receipt of a refusal"


def test_a_display_too_small_for_receipts():
    table = at_sale()
    table.view.shows_receipts = False
    table.press(ITEMS + "B")
    table.scan(quick())
    assert table.view.lines == ["APPROVED", "12.00 EUR", "Receipt 2"]
    assert table.press("C") == "items"


def test_tips_and_discounts():
    table = at_sale()
    table.press("101*2*350A1*1*50A2*1*100A")
    assert table.view.lines[:4] == ["SALE  total 6.50 EUR", "2 x 101  350", "1 x tip  50", "1 x discount  -100"]
    table.press("B")
    assert table.scan(quick()) == "approved"
    evidence = Evidence.unpack(receipts(table.world, 2)[0][2], cbor)
    assert evidence.lines == [[101, 2, 350], [SKU_TIP, 1, 50], [SKU_DISCOUNT, 1, -100]]


def test_a_discount_leaves_something_to_pay():
    table = at_sale()
    for entry in ("2*1*1A", "7*1*100A2*1*100A", "2*255*4294967295A"):
        assert table.press(entry) == "verdict", entry
        assert table.view.lines == ["A discount must leave", "something to pay."]
        table.press("1")


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
    assert table.press("1") == "stopped" and table.view.lines == list(TEXTS["storage"])
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
    states = ("", "1*1*1", ITEMS, ITEMS + "B", ITEMS + "C", "#", "##", "A", "B", "*D", "##1*1234*14")
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


def test_texts():
    assert money(1250, 2) == "12.50" and money(5, 2) == "0.05" and money(0, 2) == "0.00"
    assert money(1250, 0) == "1250" and money(-5, 2) == "-0.05" and money(12345, 3) == "12.345"
    assert clock_time(NOW + 3599) == "06:59 UTC" and clock_time(0) == "00:00 UTC"
    assert [tone(code) for code in ("approved", "already_paid", "stale", "pass_signature")] == [
        "approved",
        "attention",
        "refused",
        "alarm",
    ]
    assert folded("a bc") == ["a bc"] and folded("") == [""]
    assert folded("x" * 27 + " y " + "z" * 28 + " w") == ["x" * 27, "y", "z" * 28, "w"]
    assert folded("x" * 26 + " y") == ["x" * 26 + " y"]
    assert EUR == 978 and AMOUNT == 1200
