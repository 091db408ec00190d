"""How lines are laid on a panel: nothing is wider than it, and what does not fit is what matters least."""

from cabinpay.io.layout import BIG, SMALL, TALL, folded, page, width


def test_columns():
    assert width("") == 0 and width("2 x Tea") == 7 and width("2 x 绿茶") == 8 and width("\t\x7f\u0100") == 5


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


def sizes(lines, columns=28, height=236, sentences=False):
    return [size for _, _, size in page(lines, columns, height, sentences)]


def test_the_first_lines_are_big_while_the_rest_fits():
    assert page(["APPROVED", "付款成功"], 28, 180) == [(0, "APPROVED", BIG), (34, "付款成功", BIG)]
    assert page(["12.00 EUR", "Tea  5.00"], 28, 236) == [(0, "12.00 EUR", BIG), (34, "Tea" + " " * 21 + "5.00", TALL)]
    assert sizes(["x"] * 6) == [BIG] * 6 and sizes(["x"] * 7) == [BIG] * 6 + [TALL]
    assert sizes(["x"] * 12) == [BIG] + [TALL] * 11 and sizes(["x"] * 13) == [TALL] * 13
    assert sizes(["x", "x" * 15, "x"]) == [BIG, TALL, TALL], "none is larger than one before it"
    assert sizes(["x", "a  b", "x"]) == [BIG, TALL, TALL], "tables are not"


def test_sentences_are_broken_to_be_big():
    assert sizes(["Show a bill: key C."]) == [TALL]
    assert page(["Show a bill: key C."], 28, 236, True) == [(0, "Show a bill:", BIG), (34, "key C.", BIG)]
    assert sizes(["请旅客 出示付款码"], sentences=True) == [BIG, BIG]
    assert sizes(["crew*flight*DDMM #"], sentences=True) == [TALL], "but no word is"
    assert sizes(["请旅客出示付款码"], sentences=True) == [TALL]


def test_rows_move_together_before_any_is_left_out():
    ys = [y for y, _, _ in page(["付"] * 13, 28, 236)]
    assert ys == list(range(0, 13 * 18, 18))
    assert len(page(["付"] * 14, 28, 236)) == 14
    assert page(["付%d" % i for i in range(20)], 28, 236) == [(16 * i, "付%d" % i, TALL) for i in range(14)]
    assert page(["%d" % i for i in range(9)], 16, 64) == [(10 * i, "%d" % i, SMALL) for i in range(6)]
    assert page([], 16, 64) == []


def test_nothing_is_laid_outside():
    pool = (
        "请旅客出示付款码",
        "APPROVED",
        "2 x Tea  5.00",
        "Take no payment. Report it.",
        "1001*2*1500*1001*2*15001",
        "",
    )
    for height in (48, 64, 184, 236):
        for columns in (16, 28):
            for n in range(1, 40):
                lines = [pool[(i * n + n) % len(pool)] for i in range(n % 17 + 1)]
                end = 0
                for y, row, size in page(lines, columns, height, n % 2 == 1):
                    assert y >= end and width(row) * max(1, size) <= columns, (lines, row)
                    end = y + (8, 16, 32)[size]
                    assert end <= height, (lines, height)
