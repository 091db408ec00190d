"""The crew's screens, continued: sales cancelled, receipts shown as codes, tips and discounts."""

from cabinpay.wire import cbor, qrtext
from cabinpay.wire.claims import SKU_DISCOUNT, SKU_TIP
from cabinpay.wire.receipts import Evidence
from test_crew import ITEMS, at_sale
from texts import TEXTS
from world import quick, receipts


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
    assert table.view.lines[:3] == ["CANCEL SALE?", "Receipt 2", "12.00 EUR"]
    assert table.press("056789ABC*#") == "void" and len(receipts(table.world)) == 2, "only a reason confirms"
    assert table.press("D") == "items" and len(receipts(table.world)) == 2
    assert table.press("*D3") == "verdict" and table.view.code == "cancelled"
    assert table.view.lines == ["SALE CANCELLED", "12.00 EUR", "Receipt 2"]
    assert table.view.sounds[-1] == "attention"
    table.press("1" + ITEMS + "B")
    assert table.scan(quick()) == "voided" and table.view.sounds[-1] == "refused"
    assert table.view.lines == TEXTS["voided"] + ["12.00 EUR", "Receipt 2", "06:00 UTC"]
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
    assert table.view.lines == TEXTS["void_unknown"]


def test_what_is_keyed_in_survives_a_cancellation():
    table = at_sale()
    sold(table)
    table.press("7*1*100A*D")
    assert table.view.name == "void"
    table.press("2D")
    assert table.view.name == "items" and table.view.lines[0] == "1.00 EUR"


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
    assert table.view.lines == TEXTS["storage"]
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
    assert table.view.lines[0] == "6.50 EUR"
    assert table.view.lines[2:5] == ["1 x discount  -1.00", "1 x tip  0.50", "2 x 101  7.00"]
    table.press("B")
    assert table.scan(quick()) == "approved"
    evidence = Evidence.unpack(receipts(table.world, 2)[0][2], cbor)
    assert evidence.lines == [[101, 2, 350], [SKU_TIP, 1, 50], [SKU_DISCOUNT, 1, -100]]


def test_a_discount_leaves_something_to_pay():
    table = at_sale()
    for entry in ("2*1*1A", "7*1*100A2*1*100A", "2*255*4294967295A"):
        assert table.press(entry) == "verdict", entry
        assert table.view.lines == TEXTS["discount"]
        table.press("1")
