from cabinpay.agent.errors import Refused
from cabinpay.agent.sale import BILL_SECONDS, Sale
from cabinpay.wire import cbor
from cabinpay.wire.claims import MAX_LINES, SKU_DISCOUNT, SKU_TIP, lines_hash
from world import EUR, LINES


class Ticks:
    now = 1000

    def __call__(self):
        return self.now


def new_sale(lines=()):
    ticks = Ticks()
    sale = Sale(EUR, cbor, ticks)
    for line in lines:
        sale.add(*line)
    return sale, ticks


def refused(sale, *line):
    before = (sale.lines, sale.amount, sale.bill)
    try:
        sale.add(*line)
    except Refused as e:
        assert (sale.lines, sale.amount, sale.bill) == before
        return e.code
    return None


def test_lines_add_up():
    sale, _ = new_sale(LINES)
    assert sale.lines == LINES and sale.amount == 1200
    assert sale.order == lines_hash(LINES, cbor)[:8]


def test_what_a_line_may_be():
    for line in (
        (0, 1, 100),
        (1 << 32, 1, 100),
        (101, 0, 100),
        (101, 256, 100),
        (101, -1, 100),
        (101, 1, 0),
        (101, 1, -100),
        (101, 1, 1 << 32),
        (SKU_DISCOUNT, 1, 100),
        (True, 1, 100),
        (101, 1, 1.0),
    ):
        sale, _ = new_sale()
        assert refused(sale, *line) == "line", line
    for line in ((0xFFFFFFFF, 1, 1), (101, 255, 1), (101, 1, 0xFFFFFFFF), (SKU_TIP, 1, 50)):
        sale, _ = new_sale([line])
        assert sale.lines == [list(line)]


def test_discounts_leave_something_to_pay():
    sale, _ = new_sale([(101, 1, 300)])
    assert refused(sale, SKU_DISCOUNT, 1, -300) == "discount"
    assert refused(sale, SKU_DISCOUNT, 2, -150) == "discount"
    assert refused(sale, SKU_DISCOUNT, 1, -0xFFFFFFFF) == "discount"
    sale.add(SKU_DISCOUNT, 1, -299)
    assert sale.amount == 1
    empty, _ = new_sale()
    assert refused(empty, SKU_DISCOUNT, 1, -1) == "discount"


def test_a_sum_stays_within_four_bytes():
    sale, _ = new_sale([(101, 1, 0xFFFFFFFE)])
    assert refused(sale, 102, 1, 2) == "line"
    assert refused(sale, 102, 2, 1) == "line"
    sale.add(102, 1, 1)
    assert sale.amount == 0xFFFFFFFF


def test_a_sale_has_a_number_of_lines_at_most():
    sale, _ = new_sale([(101, 1, 1)] * MAX_LINES)
    assert refused(sale, 101, 1, 1) == "lines" and sale.amount == MAX_LINES


def test_a_bill_names_the_sale_and_lives_120_seconds():
    sale, ticks = new_sale(LINES)
    assert sale.challenge is None
    bill = sale.make_bill(b"terminal", b"n" * 16)
    assert (bill.terminal_kid, bill.nonce, bill.amount, bill.currency, bill.order) == (
        b"terminal",
        b"n" * 16,
        1200,
        EUR,
        sale.order,
    )
    assert sale.challenge == bill.challenge(cbor)
    ticks.now += BILL_SECONDS - 1
    assert BILL_SECONDS == 120 and sale.challenge is not None
    ticks.now += 1
    assert sale.challenge is None and sale.bill is None
    ticks.now -= 60
    assert sale.challenge is None


def test_a_second_bill_ends_the_first():
    sale, _ = new_sale(LINES)
    first = sale.make_bill(b"terminal", b"1" * 16).challenge(cbor)
    second = sale.make_bill(b"terminal", b"2" * 16).challenge(cbor)
    assert first != second and sale.challenge == second


def test_a_new_line_ends_the_bill():
    sale, _ = new_sale(LINES)
    sale.make_bill(b"terminal", b"1" * 16)
    assert refused(sale, 0, 0, 0) == "line" and sale.challenge is not None
    sale.add(301, 1, 100)
    assert sale.challenge is None
