"""The usual sale read in one go: never another answer than judge.py's, and the usual sale does go this way."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cabinpay.wire import claims, cose, receipts
from cabinpay.wire.receipts import FLOOR
from cabinpay_host import codec
from cabinpay_host.ledger import judge, proof, reading, usual
from cabinpay_host.ledger.judge import Case, World, check
from cabinpay_host.ledger.proof import Issuer, Party
from host import codec_inputs
from host import ledger_world as w

TERMINAL = w.Terminal("A")
ISSUERS = {w.ISSUER.kid: [Issuer(w.ISSUER.public, 0, w.NOW + w.DAY)]}
MODES = [w.QUICK, w.BOUND, w.CHALLENGED]
ANN = w.Passenger("ann")
PEOPLE = [ANN, w.Passenger("usd", limits=(w.USD, 9, 9, 9)), w.Passenger("late", exp=w.NOW), w.Passenger("x", aud="ZZ")]
hunt = settings(
    max_examples=600, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def asked():
    """What anyone asks of signatures, each of which is said to verify: what else there is must decide."""
    found = []

    def verify(*question):
        found.append(question)
        return True

    with pytest.MonkeyPatch.context() as patch:
        for module in (judge, proof, reading):
            patch.setattr(module, "verify", verify)
        reading.pass_signed_by.cache_clear()
        yield found
    reading.pass_signed_by.cache_clear()


def found_alike(item, asked, party=Party(TERMINAL.key.public, w.AIRLINE)):  # noqa: B008 (a tuple of constants)
    """usual.sound's answer, which is nothing, or judge.check's to the last field and signature."""
    world = World({TERMINAL.kid: party}, {w.AIRLINE: ISSUERS})
    found = usual.sound(item, TERMINAL.kid, party, ISSUERS)
    del asked[:]
    number, raw, data = item
    finding = check(Case(0, 0, TERMINAL.kid, number, raw, [data] if data else []), world)
    if found is not None:
        sale, proof_, signed = found
        assert finding.codes == {}, finding.codes
        assert type(sale) is type(finding.receipt) and vars(sale) == vars(finding.receipt)
        assert vars(proof_.payment) == vars(finding.proof.payment)
        proof_.payment = finding.proof.payment
        assert proof_ == finding.proof and proof_.claims is finding.proof.claims
        assert [tuple(one) for one in signed] == [one for one in asked if one[0] != w.ISSUER.public]
    return found, finding


edges = st.sampled_from([0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1]) | st.integers(0, 2**32 - 1)
wholes = edges.filter(bool)
lines = st.lists(
    st.one_of(
        st.tuples(wholes.filter(lambda n: n != claims.SKU_DISCOUNT), st.integers(1, 255), st.integers(1, 2000)),
        st.tuples(st.just(claims.SKU_DISCOUNT), st.integers(1, 3), st.integers(-300, -1)),
    ).map(list),
    min_size=1,
    max_size=24,
).filter(lambda ls: claims.lines_total(ls) > 0)
times = st.sampled_from([w.NOW, w.NOW - 2 * w.DAY, w.NOW + 2 * w.DAY, 1, 2**33]) | edges
clocks = st.tuples(st.integers(1, 3), edges | st.just(2**33)).map(list)
fields = st.fixed_dictionaries({"time": times, "quality": clocks, "shift": wholes, "number": wholes})


def sold(who, mode, sale_lines, values=None, **more):
    """A sale as its item, all of whose signatures are good."""
    terminal = w.Terminal("A", shift=1)
    item = terminal.sale(who, lines=sale_lines, mode=mode, **(values or {}), **more)
    return ((values or {}).get("number", 1), *item[1:])


def is_usual(item):
    """No list of 24 lines, whose length takes a byte more, and no number of more than four bytes."""
    payload = codec.decode(cose.parse(item[1], codec).payload)
    return len(codec.decode(item[2])[2]) < 24 and max(payload[4], payload[5][1]) < 2**32


@hunt
@given(st.sampled_from(PEOPLE), st.integers(1, 3), lines, fields)
def test_a_sale_in_form_is_sound_on_both_ways_or_on_neither(asked, who, mode, sale_lines, values):
    item = sold(who, mode, sale_lines, values)
    found, finding = found_alike(item, asked)
    assert (found is not None) == (finding.sound() and is_usual(item))


def bound(head, parts, sale, **skew):
    """A sale over evidence of any bytes, which it names by hash."""
    signed_pass, payment, sale_lines, nonce = parts
    shown = [codec.encode([signed_pass])[1:], codec.encode([payment])[1:]]
    data = head + b"".join(shown) + sale_lines + nonce
    hashes = w.sha(b"\x82" + b"".join(shown))[:16], w.sha(sale_lines)[:16]
    values = {**vars(sale), "payment_hash": hashes[0], "lines_hash": hashes[1], **skew}
    payload = codec.encode({label: values[name] for label, name, _ in receipts.Sale.FIELDS})
    return 1, TERMINAL.key.sign(payload, cose.AAD_RECEIPT), data


def parts_of(item):
    """Pass, payment, lines and nonce as they lie in its evidence."""
    signed_pass, payment, listed, *rest = codec.decode(item[2])
    return [signed_pass, payment, codec.encode(listed), b"\x50" + rest[0] if rest else b""]


def sale_of(item):
    return receipts.read_receipt(cose.parse(item[1], codec).payload, codec)


@hunt
@given(st.integers(1, 3), lines, st.integers(0, 3), codec_inputs.mutations)
def test_evidence_that_is_nearly_in_form(asked, mode, sale_lines, which, steps):
    """Any one part of it changed, and bound by the receipt as it is."""
    item = sold(ANN, mode, sale_lines)
    parts = parts_of(item)
    parts[which] = codec_inputs.mutated(parts[which], steps)
    found_alike(bound(item[2][:1], parts, sale_of(item)), asked)


def changes(data):
    """Every bit turned, every byte left out, and given twice."""
    for at in range(len(data)):
        for bit in range(8):
            yield data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
        yield data[:at] + data[at + 1 :]
        yield data[: at + 1] + data[at:]
    yield data + b"\0"


@pytest.mark.parametrize("mode", MODES)
def test_every_small_change(asked, mode):
    """To the receipt as it is signed, the evidence as it is given, and each part of it, bound as it is then."""
    number, raw, data = item = sold(ANN, mode, [[101, 2, 700], [1, 1, 50]])
    for changed in changes(raw):
        found_alike((number, changed, data), asked)
    for changed in changes(data):
        found_alike((number, raw, changed), asked)
    for head in range(0x80, 0x98):
        for nonce in (b"", b"\x4f" + bytes(15), b"\x50" + bytes(16), b"\x50" + bytes(17), b"\x51" + bytes(17)):
            found_alike(bound(bytes([head]), [*parts_of(item)[:3], nonce], sale_of(item)), asked)
    for which, part in enumerate(parts_of(item)):
        for changed in changes(part):
            parts = parts_of(item)
            parts[which] = changed
            found_alike(bound(data[:1], parts, sale_of(item)), asked)


# A whole number in every form that a reader could take for one, and what is none
FORMS = """
    00 01 02 03 04 17 1801 1817 1818 18ff 190001 1900ff 190100 1902ff 1903e7 1903e8 190400 19ffff 1a00000001 1a0000ffff
    1a00010000 1affffffff 1b0000000000000001 1b0000000100000000 1c 20 21 37 3800 3817 3818 38ff 3900ff 390100 3a0000ffff
    3a00010000 3afffffffe 3affffffff 3b0000000100000000 40 f4 f6
"""
FORMS = [bytes.fromhex(form) for form in FORMS.split()]
SALE_PLACES = ["number", "time", "quality", "age", "shift", "mode", "amount", "currency"]
PLACES = [*SALE_PLACES, "iat", "seq", "asked", "asked_in", "sku", "quantity", "price", "off"]


def meant(form):
    """The whole number that a form of one stands for, however long; else 1."""
    major, short = form[0] >> 5, form[0] & 31
    n = short if len(form) == 1 else int.from_bytes(form[1:], "big")
    return n if major == 0 else -1 - n if major == 1 else 1


def written(mode, place, form):
    """A sale, byte for byte, with `form` at `place`, and all else as it must be then."""
    n = meant(form)
    e = {"number": 5, "time": w.NOW, "quality": FLOOR, "age": 30, "shift": 1, "iat": w.NOW, "seq": 7}
    e.update({"sku": 101, "quantity": 1, "price": 650, "off": -50, "mode": mode, place: n})
    if place == "off":  # what is taken off is made up for
        e["price"], e["quantity"] = 325 - n // 2, 2
    listed = [[e["sku"], e["quantity"], e["price"]], [2, 1, e["off"]]]
    in_range = 0 < claims.lines_total(listed) < 2**32
    e["amount"] = e["asked"] = n if place in ("amount", "asked") else claims.lines_total(listed) if in_range else 600
    if place in ("amount", "asked"):
        e["price"] = n + 50
    e["currency"] = e["asked_in"] = n if place in ("currency", "asked_in") else w.EUR
    who = w.Passenger("n", limits=(e["currency"] if 1 <= e["currency"] <= 999 else w.EUR, 1, 1, 1))
    b = {name: form if name == place else codec.encode(value) for name, value in e.items()}
    sale_lines = b"\x82\x83" + b["sku"] + b["quantity"] + b["price"] + b"\x83\x02\x01" + b["off"]
    order, nonce = w.sha(sale_lines)[:8], bytes(16)
    bill = codec.encode([TERMINAL.kid, nonce, e["amount"], e["currency"], order])
    terms = b"\x3a\x00\x01\x00\x02" + (b"\x83" if mode == w.BOUND else b"\x82") + b["asked"] + b["asked_in"]
    terms = {w.QUICK: b"", w.BOUND: terms + b"\x48" + order, w.CHALLENGED: terms}[mode]
    challenge = b"\x0a\x48" + w.sha(bill)[:8] if mode == w.CHALLENGED else b""
    size = bytes([0xA2 + bool(terms) + bool(challenge)])
    words = size + b"\x06" + b["iat"] + challenge + b"\x3a\x00\x01\x00\x01" + b["seq"] + terms
    payment = who.device.sign(words, who.signed, kid=None)
    shown = codec.encode([who.signed])[1:] + codec.encode([payment])[1:]
    payload = (
        b"\xaa\x01" + b["number"] + b"\x02\x58\x20" + bytes(32) + b"\x03\x01\x04" + b["time"] + b"\x05\x82"
        + b["quality"] + b["age"] + b"\x06" + b["shift"] + b"\x07" + b["mode"] + b"\x08\x82" + b["amount"]
        + b["currency"] + b"\x09\x50" + w.sha(b"\x82" + shown)[:16] + b"\x0a\x50" + w.sha(sale_lines)[:16]
    )  # fmt: skip
    raw = TERMINAL.key.sign(payload, cose.AAD_RECEIPT)
    last = b"\x50" + nonce if mode == w.CHALLENGED else b""
    return e["number"], raw, (b"\x84" if last else b"\x83") + shown + sale_lines + last


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("place", PLACES)
def test_every_form_of_every_number(asked, mode, place):
    answers = [found_alike(written(mode, place, form), asked) for form in FORMS]
    # what has no more than four bytes goes this way wherever it is sound
    short = [answer for answer, form in zip(answers, FORMS, strict=True) if len(form) < 9]
    assert all((found is not None) == finding.sound() for found, finding in short)
    assert any(finding.sound() for _, finding in answers)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("change", ["a2", "a3", "a4", "82", "83"])
def test_counts_that_do_not_count(asked, mode, change):
    """A payment that says of itself that it has more or fewer claims, or terms, than it has."""
    change = bytes.fromhex(change)
    item = sold(ANN, mode, w.SANDWICH)
    parts = parts_of(item)
    words = bytearray(cose.parse(parts[1], codec).payload)
    at = 0 if change[0] >= 0xA0 else words.find(b"\x3a\x00\x01\x00\x02") + 5
    words[at : at + 1] = change
    parts[1] = ANN.device.sign(bytes(words), ANN.signed, kid=None)
    found_alike(bound(item[2][:1], parts, sale_of(item)), asked)


@pytest.mark.parametrize("skew", [{"amount": [649, w.EUR]}, {"amount": [650, w.USD]}, {"mode": w.BOUND}, {"kind": 2}])
def test_what_the_rules_refuse(asked, skew):
    item = sold(ANN, w.QUICK, w.SANDWICH)
    found, finding = found_alike(bound(b"\x83", parts_of(item), sale_of(item), **skew), asked)
    assert found is None and not finding.sound()


@pytest.mark.parametrize("mode", MODES)
def test_the_usual_sale_goes_this_way(asked, mode):
    """Else all of this would be for nothing; and of a lost terminal none does that lies above what was reported."""
    item = sold(ANN, mode, [[101, 2, 650], [1, 1, 100], [claims.SKU_DISCOUNT, 1, -50]])
    assert found_alike(item, asked)[0] is not None
    for at in (0, 1):
        found, _ = found_alike(item, asked, Party(TERMINAL.key.public, w.AIRLINE, lost_at=at))
        assert (found is not None) == (at == 1)


@pytest.mark.parametrize("change", [{"header": None}, {"header": w.ISSUER.kid}])
def test_a_receipt_of_no_or_another_terminal_does_not(asked, change):
    item = sold(ANN, w.QUICK, w.SANDWICH, **change)
    assert found_alike(item, asked)[0] is None


def test_neither_does_a_payment_that_names_a_key(asked):
    item = sold(ANN, w.QUICK, w.SANDWICH, payment=ANN.pay(kid=w.ISSUER.kid))
    assert found_alike(item, asked)[0] is None
