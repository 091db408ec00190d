"""How lines are laid on a panel: nothing is wider than it, and what does not fit is what matters least."""

from cabinpay.io.layout import LARGE, SMALL, TALL, folded, page, width


def test_columns():
    assert width("") == 0 and width("2 x Tea") == 7 and width("2 x 绿茶") == 8 and width("\t\x7f\u0100") == 6


def test_lines_are_broken_between_words():
    assert folded(["a bc", "", "d"], 28) == ["a bc", "", "d"]
    assert folded(["x" * 27 + " y " + "z" * 28 + " w"], 28) == ["x" * 27, "y", "z" * 28, "w"]
    assert folded(["x" * 26 + " y"], 28) == ["x" * 26 + " y"]
    assert folded(["Take no payment. Report it."], 14) == ["Take no", "payment.", "Report it."]


def test_inside_a_word_only_where_it_is_longer_than_a_row():
    assert folded(["1001*2*1500*1001*2 A"], 14) == ["1001*2*1500*10", "01*2 A"]
    assert folded(["请旅客出示付款码"], 6) == ["请旅客", "出示付", "款码"]
    assert folded(["请旅客出示付款码"], 7) == ["请旅客", "出示付", "款码"], "half a character is none"
    assert folded(["a请旅客"], 4) == ["a请", "旅客"]


def test_two_parts_are_spread_over_the_row():
    assert folded(["Tea  5.00"], 12) == ["Tea     5.00"]
    assert folded(["Tea  5.00"], 8) == ["Tea 5.00"]
    assert folded(["Green tea  5.00"], 12) == ["Green t 5.00"]
    assert folded(["绿茶绿茶  5.00"], 12) == ["绿茶绿  5.00"] and folded(["绿茶绿茶  5.00"], 11) == ["绿茶绿 5.00"]
    assert folded(["a  b  5.00"], 12) == ["a  b    5.00"], "a name may have two spaces in it"
    assert folded(["Tea  12345678"], 8) == ["12345678"]


def test_no_row_is_wider_than_the_panel():
    texts = ("Tea  5.00", "请旅客出示付款码", "a 请b旅c客 dd", "x" * 40, "绿茶 with 奶  12.00 EUR", "", " ", "*" * 24)
    for columns in range(9, 30):
        for text in texts:
            assert all(width(row) <= columns for row in folded([text], columns)), (text, columns)


def test_as_large_as_everything_fits():
    size, pitch, rows = page(["APPROVED", "35.00 CNY"], 28, 180)
    assert (size, pitch, rows) == (LARGE, 22, ["APPROVED", "35.00 CNY"])
    assert page(["x"] * 11, 28, 232)[0] is LARGE and page(["x"] * 12, 28, 232)[0] is TALL
    assert page(["付款"], 28, 232)[:2] == (TALL, 20)
    assert page(["x"] * 15, 28, 232)[0] is SMALL
    assert page(["crew*flight*DDMM #"], 28, 232)[0] is TALL, "no word is broken to be large"
    assert page(["12345678  9012345"], 28, 232)[0] is TALL, "and no row cut"
    assert page(["1234  56"], 28, 232)[2] == ["1234        56"]


def test_rows_move_together_before_any_is_left_out():
    assert page(["付"] * 13, 28, 232)[1] == 17 and len(page(["付"] * 14, 28, 232)[2]) == 14
    size, pitch, rows = page(["付%d" % i for i in range(20)], 28, 232)
    assert (size, pitch) == (TALL, 16) and rows == ["付%d" % i for i in range(14)]
    assert page(["%d" % i for i in range(9)], 16, 64) == (SMALL, 10, ["%d" % i for i in range(6)])
    assert page([], 16, 64)[2] == []
