from cabinpay.agent.crew import Crew
from cabinpay.wire import cbor, qrtext
from texts import TEXTS
from world import (
    DAY,
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
    recovery.carved = 1
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
            assert table.view.lines == TEXTS[code]
            assert table.press(KEYS) == name, "no key does anything"
            assert table.scan(quick()) == code


def test_the_ground_brings_the_terminal_up():
    table = Table(World())
    assert table.view.name == "stopped"
    table.world.terminal.provision(bytes(32), [bytes(32), b"1" * 32], "T", "")
    table.crew.start()
    assert table.view.lines == TEXTS["no_bundle"]
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
    assert table.view.lines == TEXTS["rolled_back"]


def test_sign_on():
    table = Table(ready())
    assert table.press("4711*1234*1408") == "sign_on" and table.view.lines[1] == "4711*1234*1408"
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
        assert table.view.lines
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
    assert table.view.lines[1] == "101*2*350"
    assert table.press("A") == "items" and table.view.lines[0] == "7.00 EUR"
    assert table.view.lines[2] == "2 x 101  7.00"
    table.press("205*1*500A")
    assert table.view.lines[0] == "12.00 EUR"
    assert table.view.lines[2:4] == ["1 x 205  5.00", "2 x 101  7.00"], "the newest first"
    table.press("1*D")
    assert table.view.lines[0] == "12.00 EUR", "first the entry"
    table.press("D")
    assert table.view.lines[0] == "NEW SALE EUR"
    assert table.press("B") == "verdict" and table.view.lines == TEXTS["no_sale"]


def test_items_that_are_refused():
    for entry in (
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
        assert table.view.lines[0] == "1.00 EUR", "what was keyed in before stays"


def test_more_lines_than_a_sale_takes():
    table = at_sale()
    for _ in range(24):
        assert table.press("1*1*1A") == "items"
    assert "and 18 more" in table.view.lines
    assert table.press("1*1*1A") == "verdict"
    table.press("1")
    assert table.view.lines[0] == "0.24 EUR"


def test_an_entry_is_bounded():
    table = at_sale()
    table.press("1" * 500)
    assert len(table.view.lines[1]) == 24


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
        assert table.view.lines == TEXTS["already_paid"] + receipt
        assert table.view.sounds[-1] == "attention"
    assert len(receipts(table.world)) == 2


def test_after_approval_the_next_sale_begins_empty():
    table = at_sale()
    table.press(ITEMS + "B")
    table.scan(quick())
    assert table.press("1") == "items" and table.view.lines[0] == "NEW SALE EUR"
    assert table.scan(quick(seq=2)) == "no_sale"


def test_after_a_refusal_the_sale_is_still_there():
    table = at_sale()
    table.press(ITEMS + "B")
    assert table.scan(quick(iat=NOW - 100)) == "stale" and table.view.lines == TEXTS["stale"]
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
    assert table.view.lines == ["Trolley 2  12.00 EUR"]
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
    assert table.view.name == "items" and table.view.lines[0] == "12.00 EUR"
    assert table.scan(text) == "no_sale"


def test_cancelling_a_bill_and_changing_the_sale():
    for keys in ("D", "17*1*100A"):
        table = at_sale()
        table.press(ITEMS + "C")
        text = answer(table)
        table.press(keys)
        assert table.scan(text) == "no_sale", keys
        table.press("1B")
        assert table.scan(text) == "no_bill", keys
    table = at_sale()
    table.press(ITEMS + "C")
    text = answer(table)
    table.press("1C")
    assert table.scan(text) == "other_bill"
    assert table.press("1C") == "bill" and table.scan(answer(table, 2)) == "approved"


def test_what_is_still_being_keyed_in_is_not_sold():
    table = at_sale()
    table.press(ITEMS + "18*2*")
    code = quick()
    assert table.scan(code) == "no_sale"
    assert table.press("1B") == "scan"
    assert table.scan(code) == "approved"


def test_a_bill_for_nothing():
    table = at_sale()
    assert table.press("C") == "verdict"
