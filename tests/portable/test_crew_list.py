"""The crew's screens, continued: the catalogue, several currencies, and prices that nobody keys in."""

import parcel
from cabinpay.wire import cbor
from cabinpay.wire.receipts import Evidence
from test_crew import KEYS, Table
from texts import TEXTS
from world import CAPS, EUR, JPY, bundle, quick, receipts

LONG = [(EUR, 100 + i, 50 * i + 50, "Item %d" % i, "商品%d" % i) for i in range(19)]


def seated(items=parcel.ITEMS, **changes):
    table = Table(parcel.stocked({"catalogue": parcel.catalogue(items)}, **changes))
    table.press("4711*1234*1408#")
    assert table.view.name == "items"
    return table


def one_currency(items=parcel.ITEMS):
    return seated([item for item in items if item[0] == EUR], currencies=[[EUR, 2, CAPS, 500000]])


def sold_lines(table):
    return Evidence.unpack(receipts(table.world)[-1][2], cbor).lines


def test_listed_items_need_no_price():
    table = seated()
    assert table.view.lines[1] == "sku*quantity A, or A: list"
    assert table.press("101A") == "items" and table.view.lines[0] == "3.50 EUR"
    assert table.view.lines[2] == "1 x Instant noodles  3.50"
    table.press("205*2A")
    assert table.view.lines[:3] == ["13.50 EUR", "sku*quantity A, or A: list", "2 x Tea  10.00"]
    table.press("101A")
    assert table.view.lines[3] == "2 x Instant noodles  7.00", "one line an item"
    table.press("B")
    assert table.scan(quick()) == "approved"
    assert sold_lines(table) == [[101, 2, 350], [205, 2, 500]]


def test_nobody_keys_in_a_listed_price():
    table = seated()
    for price in ("1", "350", "0"):
        assert table.press("101*1*%sA" % price) == "verdict" and table.view.lines == TEXTS["price"]
        assert table.press("D") == "items" and table.view.lines[0] == "NEW SALE EUR"
    assert table.press("999*1*120A") == "items" and table.view.lines[2] == "1 x 999  1.20", "unlisted ones have none"
    table.press("1*1*50A2*1*20A")
    assert table.view.lines[0] == "1.50 EUR", "tips and discounts neither"


def test_entries_that_name_nothing_listed():
    table = seated()
    for entry, code in (
        ("999", "unlisted"),
        ("999*2", "unlisted"),
        ("1", "unlisted"),
        ("2", "unlisted"),
        ("0", "line"),
        ("4294967296", "line"),
        ("9999999999", "line"),
        ("101*0", "line"),
        ("101*256", "line"),
        ("101*", "entry_item"),
        ("*101*1", "entry_item"),
        ("101*1*1*1", "entry_item"),
    ):
        assert table.press(entry + "A") == "verdict" and table.view.lines == TEXTS[code], entry
        assert table.press("D") == "items" and table.view.lines[0] == "NEW SALE EUR"
    table.press("101*255A")
    assert table.press("101A") == "verdict" and table.view.lines == TEXTS["line"], "255 of one item"
    assert table.press("D") == "items" and table.view.lines[0] == "892.50 EUR"


def test_an_item_is_two_keys_away():
    table = one_currency()
    assert table.press("A") == "list"
    assert table.view.lines == ["NEW SALE EUR", "1 Instant noodles  3.50", "2 Tea  5.00", "B code, C bill, D back"]
    assert table.press("1") == "list"
    assert table.view.lines[:3] == ["3.50 EUR", "1 Instant noodles  1 x 3.50", "2 Tea  5.00"]
    table.press("12")
    assert table.view.lines[:3] == ["12.00 EUR", "1 Instant noodles  2 x 3.50", "2 Tea  1 x 5.00"]
    assert table.press("B") == "scan" and table.view.lines[1] == "12.00 EUR"
    assert table.scan(quick()) == "approved" and sold_lines(table) == [[101, 2, 350], [205, 1, 500]]
    assert table.press("DA2C") == "bill" and table.press("DD") == "items"


def test_keys_of_the_list():
    table = one_currency()
    for key in "34567890A*#":
        assert table.press("A" + key) == "list" and table.view.lines[0] == "NEW SALE EUR", key
        assert table.press("D") == "items"
    assert table.press("AB") == "verdict" and table.view.lines == TEXTS["no_sale"]
    assert table.press("DAC") == "verdict" and table.press("DA2D") == "items"
    assert table.view.lines[2] == "1 x Tea  5.00", "what was taken stays"
    table.press("12A")
    assert table.view.lines == TEXTS["unlisted"]


def test_pages():
    table = seated(LONG)
    table.press("A")
    assert table.view.lines[1] == "1 Item 0  0.50" and table.view.lines[8] == "8 Item 7  4.00"
    assert table.view.lines[9] == "* next page, # back"
    table.press("*")
    assert table.view.lines[1] == "1 Item 8  4.50" and len(table.view.lines) > 9
    table.press("*")
    assert table.view.lines[1:4] == ["1 Item 16  8.50", "2 Item 17  9.00", "3 Item 18  9.50"]
    table.press("4")
    assert table.view.lines[0] == "NEW SALE EUR", "no such item on this page"
    table.press("3")
    assert table.view.lines[0] == "9.50 EUR" and table.view.lines[3] == "3 Item 18  1 x 9.50"
    table.press("#")
    assert table.view.lines[1] == "1 Item 8  4.50"
    table.press("***")
    assert table.view.lines[1] == "1 Item 8  4.50", "from the last to the first again"
    table.press("##")
    assert table.view.lines[1] == "1 Item 0  0.50"
    table.press("*DA")
    assert table.view.lines[1] == "1 Item 0  0.50", "opened at its beginning"


def test_a_small_display_has_small_pages():
    table = seated(LONG)
    table.view.rows = 4
    table.press("A")
    assert table.view.lines[1:4] == ["1 Item 0  0.50", "2 Item 1  1.00", "3 Item 2  1.50"]
    table.press("*4")
    assert table.view.lines[:2] == ["NEW SALE EUR", "1 Item 3  2.00"]


def test_another_currency():
    table = seated()
    table.press("A")
    assert "0: in JPY" in table.view.lines
    table.press("0")
    assert table.view.lines[:2] == ["NEW SALE JPY", "1 Noodles  600"] and "0: in EUR" in table.view.lines
    table.press("1")
    assert table.view.lines[0] == "600 JPY" and "0: in EUR" not in table.view.lines
    table.press("0")
    assert table.view.lines[0] == "600 JPY", "a sale that is begun keeps its currency"
    table.press("D101A101*1*5A")
    assert table.view.lines == TEXTS["price"], "this currency's list"
    table.press("D205*1*70A")
    assert table.view.lines[0] == "1270 JPY" and table.view.lines[2:4] == ["1 x 205  70", "2 x Noodles  1200"]
    table.press("B")
    assert table.scan(quick(limits=[JPY, 9000, 4000, 5])) == "approved"
    table.press("D")
    assert table.view.lines[0] == "NEW SALE EUR", "the next sale is in the first again"
    table.press("A00D")
    assert table.view.lines[0] == "NEW SALE EUR"


def test_currencies_without_a_catalogue():
    table = Table(parcel.stocked({"crew": parcel.crew()}))
    table.press("4711*1234*1408#0815#")
    assert table.press("A0") == "list" and table.view.lines[0] == "NEW SALE JPY"
    assert table.press("D7*1*100A") == "items" and table.view.lines[0] == "100 JPY"
    table = Table(parcel.stocked({"crew": parcel.crew()}, currencies=[[EUR, 2, CAPS, 500000]]))
    table.press("4711*1234*1408#0815#")
    assert table.press("A") == "verdict" and table.view.lines == TEXTS["no_list"]


def test_a_bundle_that_comes_in_the_middle():
    table = seated()
    table.press("A2")
    dearer = [(EUR, 101, 360, "Instant noodles", ""), (EUR, 300, 90, "Water", "")]
    parcel.stock(table.world, {"catalogue": parcel.catalogue(dearer)}, version=8)
    assert table.press("2") == "verdict" and table.view.lines == TEXTS["unlisted"], "tea is sold no more"
    table.press("DA1")
    assert table.view.lines[:2] == ["8.60 EUR", "1 Instant noodles  1 x 3.60"], "and the rest at its price of now"
    table.world.terminal.install(bundle(version=9, currencies=[[JPY, 0, CAPS, 500000]]))
    for key in KEYS:
        table.press(key)
    table.press("DDD")
    assert table.view.name == "items" and table.view.lines[0] == "NEW SALE JPY"


def test_a_currency_chosen_and_then_dropped():
    table = seated()
    table.press("A0")
    table.world.terminal.install(bundle(version=8, currencies=[[EUR, 2, CAPS, 500000]]))
    assert table.press("*") == "list" and table.view.lines[0] == "NEW SALE EUR"


def test_a_catalogue_that_cannot_be_read():
    table = seated()
    table.press("A")
    for name in table.world.files.listed("trust"):
        table.world.files.remove("trust/" + name)
    assert table.press("1") == "verdict" and table.view.lines == TEXTS["storage"]
    assert table.press("DA") == "verdict" and table.press("D101A") == "verdict"
    assert table.press("D") == "items"


def test_a_name_that_is_no_text_is_not_shown():
    table = seated([(EUR, 101, 350, "Tea", "")])
    broken = parcel.catalogue([(EUR, 101, 350, "Tea", "茶")]).replace("茶".encode(), b"\xe8\x8c\xff")
    parcel.stock(table.world, {"catalogue": broken}, version=8)
    assert table.press("A") == "verdict" and table.view.lines == TEXTS["storage"]
    assert table.press("D101A") == "verdict" and table.view.lines == TEXTS["storage"]


def test_as_many_items_as_a_sale_takes():
    table = seated([(EUR, 100 + i, 1, "Item", "") for i in range(30)])
    table.press("A12345678*12345678*12345678")
    assert table.view.lines[0] == "0.24 EUR"
    assert table.press("*1") == "verdict" and table.view.lines == TEXTS["lines"]
    assert table.press("D") == "items" and table.view.lines[0] == "0.24 EUR"
