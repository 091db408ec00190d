"""The crew's screens, continued: the language they are in, and what the crew is told without asking."""

import parcel
from cabinpay.agent import language, records
from cabinpay.agent.errors import Refused
from screens import Tour
from test_crew import ITEMS, Table, at_sale
from texts import TEXTS
from world import CAPS, EUR, JPY, NOW, View, bundle, quick, ready, selling

SIGN_ON = "4711*1234*1408#"
CHINESE = language.Texts(language.CHINESE)


def chinese():
    table = Table(parcel.stocked({"catalogue": parcel.catalogue()}))
    table.press("A" + SIGN_ON)
    return table


def test_one_key_changes_the_language():
    table = Table(ready())
    assert table.view.lines == ["SIGN ON", "crew*flight*DDMM #", "A: 中文"]
    assert table.press("47A") == "sign_on" and table.view.lines == [
        CHINESE.line("SIGN_ON"),
        "47",
        "工号*航班*DDMM#",
        "A: English",
    ]
    table.press("11A")
    assert table.view.lines[:2] == ["SIGN ON", "4711"]
    table.press("D*#")
    assert table.view.lines[0] == "Crew number, flight 1-9999"


def test_the_language_is_remembered_from_sign_on_on():
    table = Table(ready())
    table.press("A")
    table.reboot()
    assert table.view.lines[0] == "SIGN ON", "nobody has signed on in it"
    table.press("A" + SIGN_ON)
    assert table.view.lines[0] == "新销售 EUR"
    for _ in range(2):
        table.reboot()
        assert table.view.lines[0] == "新销售 EUR"
    table.press("##A" + SIGN_ON)
    table.reboot()
    assert table.view.lines[0] == "NEW SALE EUR"


def test_flash_is_written_where_the_language_is_another_only():
    table = Table(ready())
    written = []
    rename = table.world.files.rename
    table.world.files.rename = lambda old, new: written.append(new) or rename(old, new)
    table.press("AAA" + SIGN_ON + "##AA" + SIGN_ON + "##" + SIGN_ON)
    assert [name for name in written if name == language.NAME] == [language.NAME]


def test_a_damaged_choice_is_english():
    for body in (b"", b"zh", b"\xff" * 9):
        table = chinese()
        with table.world.files.open(language.NAME, "wb") as f:
            f.write(body)
        table.reboot()
        assert table.view.lines[0] == "NEW SALE EUR", body


def test_flash_that_does_not_take_the_choice():
    def fails(old, new):
        raise OSError(28)

    table = Table(ready())
    table.world.files.rename = fails
    assert table.press("A" + SIGN_ON) == "verdict" and table.view.lines == CHINESE["storage"]
    assert table.world.terminal.chain.shift is None


def test_a_text_that_the_file_does_not_have():
    assert TEXTS["no such text"] == ["no such text"] and TEXTS.get("length ") is None
    lost = language.Texts("no such language")
    assert lost.get("length") is None and lost.line("SIGN_ON") == "SIGN_ON"


def test_a_sale_in_chinese():
    table = chinese()
    assert table.view.lines[1] == "货号*数量 A，或A: 目录"
    table.press("A12")
    assert table.view.lines[1:3] == ["1 方便面  1 x 3.50", "2 茶  1 x 5.00"]
    table.press("D1*1*50A2*1*20A")
    assert table.view.lines[2:6] == ["1 x 折扣  -0.20", "1 x 小费  0.50", "1 x 茶  5.00", "1 x 方便面  3.50"]
    assert table.press("B") == "scan" and table.view.lines == ["请扫描付款码", "8.80 EUR", "D: 返回"]
    assert table.scan(quick()) == "approved" and table.view.lines == ["付款成功", "8.80 EUR", "收据2", "C: 收据"]
    assert table.press("DDA0") == "list" and table.view.lines[1] == "1 Noodles  600", "no Chinese name"
    table.press("D#")
    assert table.view.lines == ["交班  班次1", "销售1笔  8.80 EUR", "#结束班次，D返回"]


def test_the_last_sale_in_chinese():
    table = chinese()
    table.press("A1B")
    table.scan(quick())
    table.reboot()
    assert table.view.lines == ["上一笔销售", "收据2", "3.50 EUR", "A: 已看过", "D: 取消该销售"]
    assert table.press("D") == "void" and table.view.lines[:3] == ["取消该销售？", "收据2", "3.50 EUR"]
    assert table.press("1") == "verdict" and table.view.lines == ["销售已取消", "3.50 EUR", "收据2"]
    table.reboot()
    assert table.view.lines[3:] == ["已取消", "A: 已看过"]


def test_no_english_on_a_chinese_screen():
    view = View()
    known = ("", "EUR", "JPY", "UTC", "A", "B", "C", "D", "DDMM", "English", "Trolley", "x")

    def check(name):
        for line in view.lines:
            text = "".join([c if "A" <= c <= "z" else " " for c in line])
            assert all(word in known for word in text.split(" ")), (name, line)

    Tour(view, "zh", check).go()


def test_refusals_that_have_no_lines_show_their_own():
    table = Table(ready())
    table.crew._desk.refuse(Refused("new_one", "Do that."))
    assert table.view.lines == ["Do that."]


def filled(table, percent):
    """The journal finds so much of its room taken."""
    journal, capacity = table.world.terminal.journal, table.world.terminal.capacity()
    journal.measure()
    journal._room -= journal.room() + capacity * (percent - 100) // 100


def test_fullness_is_told_from_seventy_percent_on():
    for percent, told in ((69, False), (70, True), (85, True), (99, True), (100, True)):
        table = at_sale()
        filled(table, percent)
        line = "%d %% full: sync soon" % percent
        table.press("#")
        assert (line in table.view.lines) == told, (percent, table.view.lines)
        table.press("D7*1*100A")
        assert (line in table.view.lines) == told, (percent, table.view.lines)
        assert table.view.lines[0] == "1.00 EUR"
    table = at_sale()
    filled(table, 104)
    table.press("#")
    assert "100 % full: sync soon" in table.view.lines, "the reserve is nobody's to sell from"


def test_what_a_ledger_holds_is_room():
    table = at_sale()
    journal, capacity = table.world.terminal.journal, table.world.terminal.capacity()
    for seq in range(5):
        assert table.world.pay(quick(seq=seq + 1), [[1, 1, 1]]) == "approved"
    filled(table, 70)
    table.press("#")
    assert "70 % full: sync soon" in table.view.lines
    journal.append(records.ack(journal.number, records.NO_TIME, b"ack"))
    filled(table, 70)
    table.press("D#")
    assert journal.held() == 4096 and 4096 * 100 // capacity == 1
    assert not [line for line in table.view.lines if "full" in line], table.view.lines
    filled(table, 90)
    table.press("D#")
    assert "89 % full: sync soon" in table.view.lines, table.view.lines


def why(table):
    return [
        code
        for code in ("bundle_expired", "ground_overdue", "no_clock")
        if TEXTS.line("BILLS_ONLY_" + code) in table.view.lines
    ]


def test_without_a_clock_the_crew_is_told_before_it_tries():
    table = Table(selling(rtc=None))
    assert why(table) == ["no_clock"]
    table.press(ITEMS)
    assert why(table) == ["no_clock"]
    table.press("B")
    assert table.scan(quick()) == "mode"
    assert why(at_sale()) == []
    floor = [[EUR, 2, [CAPS[0], CAPS[1], [2000, 1500, 900]], 500000]]
    assert why(Table(selling(bundle(currencies=floor), rtc=None))) == [], "quick codes are allowed"


def test_an_overdue_sync_is_told_when_it_begins_to_matter():
    table = Table(selling(bundle(limits=[60, 864000, 1, 604800])))
    assert why(table) == []
    table.press(ITEMS + "B")
    assert table.scan(quick()) == "approved"
    table.press("D")
    assert why(table) == ["ground_overdue"]
    table = Table(selling(bundle(currencies=[[EUR, 2, CAPS, 900], [JPY, 0, CAPS, 900]])))
    table.press("7*1*900A")
    assert why(table) == []
    table.press("7*1*1A")
    assert why(table) == ["ground_overdue"] and table.press("B") == "scan" and table.scan(quick()) == "ground_overdue"


def test_a_bundle_that_has_run_out_is_told():
    table = Table(selling(bundle(not_after=NOW + 100)))
    assert why(table) == []
    table.world.seconds = 101
    table.press("1")
    assert why(table) == ["bundle_expired"]
    table.press("D" + ITEMS + "B")
    assert table.scan(quick(iat=NOW + 101)) == "bundle_expired"


def test_where_the_bundle_wants_bills_only_nobody_is_told_of_a_fault():
    bills = [[EUR, 2, [CAPS[0], [0, 0, 0], [0, 0, 0]], 500000]]
    table = Table(selling(bundle(currencies=bills, not_after=NOW + 100), rtc=None))
    table.world.seconds = 101
    table.press("1")
    assert why(table) == []
