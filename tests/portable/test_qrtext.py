"""QR texts: vectors both ways, every refusal, and the largest customer code that claims allow."""

from cabinpay.wire import cbor, cose, qrtext
from cabinpay.wire.claims import BOUND, CHALLENGED, QUICK, Bill, Pass, Payment, cnf
from cabinpay.wire.receipts import SALE, Sale
from entries import check_refusals, claims, objects, octets
from support import refusal

U32 = 0xFFFFFFFF


def test_customer_texts_both_ways():
    for entry in objects("customer"):
        signed_pass, payment = claims(entry["claims"])
        assert qrtext.read_customer(entry["text"].encode(), cbor) == (signed_pass, payment)
        assert qrtext.customer_text(signed_pass, payment, cbor) == entry["text"]
        assert cbor.encode([signed_pass, payment]) == octets(entry["encoded"])


def test_bill_text_both_ways():
    for entry in objects("Bill"):
        bill = qrtext.read_bill(entry["text"].encode(), cbor)
        read = [bill.terminal_kid, bill.nonce, bill.amount, bill.currency, bill.order]
        assert read == claims(entry["claims"])
        assert qrtext.bill_text(bill, cbor) == entry["text"]


def test_receipt_texts_both_ways():
    shown = [entry for entry in objects("receipt") if "text" in entry]
    assert [entry["claims"]["3"] for entry in shown] == [SALE, SALE]
    for entry in shown:
        data = octets(entry["encoded"])
        assert qrtext.receipt_text(data) == entry["text"]
        assert qrtext.read_receipt_text(entry["text"].encode()) == data


def test_the_largest_receipt_of_a_sale_fits_its_code():
    most = {
        "number": U32,
        "previous": b"\xff" * 32,
        "kind": SALE,
        "time": 1 << 40,
        "quality": [3, 1 << 40],
        "shift": U32,
    }
    sale = Sale(mode=3, amount=[U32, 999], payment_hash=b"\xff" * 16, lines_hash=b"\xff" * 16, **most)
    signed = cose.sign(sale.pack(cbor), b"\xff" * 8, lambda _: b"\xff" * 64, cose.AAD_RECEIPT, cbor)
    text = qrtext.receipt_text(signed)
    assert (len(signed), len(text)) == (204, 311) and len(text) <= qrtext.MAX_RECEIPT_TEXT
    assert qrtext.read_receipt_text(text.encode()) == signed
    assert refusal(qrtext.receipt_text, signed + b"\0") == "ValueError"
    assert refusal(qrtext.read_receipt_text, text.encode() + b"00") == "length"


def test_every_cut_of_a_receipt_text_is_refused_or_shorter():
    text = next(entry["text"] for entry in objects("receipt") if "text" in entry).encode()
    whole = qrtext.read_receipt_text(text)
    for length in range(len(text)):
        code = refusal(qrtext.read_receipt_text, text[:length])
        assert code in ("prefix", "base45", None), length
        # Base45 carries no length: what is cut at a group still reads, and COSE refuses it
        if code is None:
            assert refusal(cose.parse, qrtext.read_receipt_text(text[:length]), cbor) == "cbor"
    assert refusal(cose.parse, whole, cbor) is None


def test_refusals():
    check_refusals("qrtext.read_customer", lambda entry: qrtext.read_customer(entry["text"].encode(), cbor))
    check_refusals("qrtext.read_bill", lambda entry: qrtext.read_bill(entry["text"].encode(), cbor))
    check_refusals("qrtext.read_receipt_text", lambda entry: qrtext.read_receipt_text(entry["text"].encode()))


def largest(mode):
    """Text of a customer's code with every field as long as its claims allow."""
    limits = [999, U32, U32, 255]
    device = cnf(b"\xff" * 32)
    flight = [9999, 0xFFFF]
    eight = b"\xff" * 8
    whole = Pass(sub="8letters", aud="ZZ", exp=U32, nbf=U32, cti=eight, cnf=device, limits=limits, flight=flight)
    terms = {QUICK: None, BOUND: [U32, 999, eight], CHALLENGED: [U32, 999]}[mode]
    payment = Payment(iat=U32, seq=U32, terms=terms, challenge=eight if mode == CHALLENGED else None)
    assert payment.mode() == mode

    def sign(_):
        return b"\xff" * 64

    signed_pass = cose.sign(whole.pack(cbor), eight, sign, cose.AAD_PASS, cbor)
    return qrtext.customer_text(signed_pass, cose.sign(payment.pack(cbor), None, sign, signed_pass, cbor), cbor)


def test_the_largest_customer_code_of_each_mode_fits_a_scanner():
    lengths = [len(largest(mode)) for mode in (QUICK, BOUND, CHALLENGED)]
    assert lengths == [442, 478, 480]
    assert max(lengths) <= qrtext.MAX_TEXT
    for mode in (QUICK, BOUND, CHALLENGED):
        signed_pass, payment = qrtext.read_customer(largest(mode).encode(), cbor)
        assert Pass.unpack(cose.parse(signed_pass, cbor).payload, cbor).limits == [999, U32, U32, 255]
        assert Payment.unpack(cose.parse(payment, cbor).payload, cbor).mode() == mode


def test_the_longest_text_is_read_and_one_more_is_not():
    room = (qrtext.MAX_TEXT - 4) // 3 * 2 + 1  # bytes; 479 characters are 159 groups and a pair
    pair = [bytes(150), bytes(room - 1 - 2 - 2 - 150)]
    text = qrtext.customer_text(pair[0], pair[1], cbor)
    assert len(text) == qrtext.MAX_TEXT
    assert list(qrtext.read_customer(text.encode(), cbor)) == pair
    assert refusal(qrtext.customer_text, bytes(room), b"1", cbor) == "ValueError"
    too_long = text + "0" * (qrtext.MAX_TEXT + 1 - len(text))
    assert refusal(qrtext.read_customer, too_long.encode(), cbor) == "length"


def test_length_is_judged_before_anything_is_decoded():
    for text in (b"x" * 484, b"CP1:" + b"\xff" * 480, b"\0" * 4000):
        assert refusal(qrtext.read_customer, text, None) == "length"
        assert refusal(qrtext.read_bill, text, None) == "length"


def test_texts_are_of_the_qr_alphabet_only():
    for entry in objects("customer", "Bill"):
        assert all(c in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:" for c in entry["text"])


def test_every_cut_is_refused():
    texts = [entry["text"].encode() for entry in objects("customer", "Bill")]
    for text in texts[-2:]:
        read = qrtext.read_bill if text.startswith(b"CP1B") else qrtext.read_customer
        assert refusal(read, text, cbor) is None
        for length in range(len(text)):
            assert refusal(read, text[:length], cbor) in ("prefix", "base45", "cbor"), length


def test_the_largest_bill_is_small_enough_for_a_display():
    text = qrtext.bill_text(Bill(b"\xff" * 8, b"\xff" * 16, U32, 999, b"\xff" * 8), cbor)
    assert len(text) <= 75
    assert qrtext.read_bill(text.encode(), cbor).amount == U32
