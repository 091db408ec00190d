"""Every exception code, each from a receipt that really is bad so, and who is debited nevertheless."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cabinpay.wire import claims, receipts
from cabinpay_host import codec, crypto
from cabinpay_host.ledger.judge import Case, Issuer, Party, World, check
from host import ledger_world as w
from host.ledger_world import dump, faults, money, open_codes

OTHER = [[101, 1, 640], [205, 1, 10]]  # 6.50 too


def bad_hash(t, ann):
    t.sale(ann, payment_hash=bytes(16))


def bad_lines(t, ann):
    _, _, good = t.twin().sale(ann)
    signed, payment, _ = codec.decode(good)
    t.sale(ann, payment=payment, evidence=codec.encode([signed, payment, OTHER]))


def bound_to_other_lines(t, ann):
    order = claims.lines_hash(OTHER, codec)[:8]
    t.sale(ann, mode=w.BOUND, payment=ann.pay(terms=[650, w.EUR, order]))


def challenged_without_nonce(t, ann):
    bill = claims.Bill(t.kid, bytes(16), 650, w.EUR, claims.lines_hash(w.SANDWICH, codec)[:8])
    pay = ann.pay(terms=[650, w.EUR], challenge=bill.challenge(codec))
    t.sale(ann, mode=w.CHALLENGED, payment=pay, nonce=b"")


def bill_of_another_terminal(t, ann):
    bill = claims.Bill(bytes(8), b"n" * 16, 650, w.EUR, claims.lines_hash(w.SANDWICH, codec)[:8])
    pay = ann.pay(terms=[650, w.EUR], challenge=bill.challenge(codec))
    t.sale(ann, mode=w.CHALLENGED, payment=pay, nonce=b"n" * 16)


def challenge_and_order_at_once(t, ann):
    t.sale(ann, mode=w.BOUND, payment=ann.pay(terms=[650, w.EUR, bytes(8)], challenge=bytes(8)))


STRANGER = w.Key("stranger")
REFUSED = {
    "garbage": ("bad_receipt", lambda t, _: t.spoil()),
    "nothing": ("bad_receipt", lambda t, _: t.spoil(b"")),
    "another number": ("bad_receipt", lambda t, ann: t.sale(ann, number=9)),
    "another key": ("bad_signature", lambda t, ann: t.sale(ann, signer=STRANGER)),
    "another kid": ("wrong_terminal", lambda t, ann: t.sale(ann, header=STRANGER.kid)),
    "no kid": ("wrong_terminal", lambda t, ann: t.sale(ann, header=None)),
    "no evidence": ("bad_evidence", lambda t, ann: t.sale(ann, evidence=b"")),
    "broken evidence": ("bad_evidence", lambda t, ann: t.sale(ann, evidence=b"\x83")),
    "payment hash": ("bad_evidence", bad_hash),
    "other lines": ("bad_evidence", bad_lines),
    "sum": ("amount", lambda t, ann: t.sale(ann, amount=649)),
    "pass ran out": ("bad_pass", lambda t, _: t.sale(w.Passenger("p", exp=w.NOW))),
    "pass not yet": ("bad_pass", lambda t, _: t.sale(w.Passenger("p", nbf=w.NOW + 3600))),
    "pass of an airline": ("bad_pass", lambda t, _: t.sale(w.Passenger("p", aud="MU"))),
    "pass forged": ("bad_pass", lambda t, _: t.sale(forged_pass())),
    "issuer": ("unknown_issuer", lambda t, _: t.sale(w.Passenger("p", issuer=STRANGER))),
    "device": ("bad_payment", lambda t, ann: t.sale(ann, payment=ann.pay(device=STRANGER))),
    "other pass": ("bad_payment", lambda t, ann: t.sale(ann, payment=ann.pay(aad=b"other"))),
    "payment with kid": ("bad_payment", lambda t, ann: t.sale(ann, payment=ann.pay(kid=ann.device.kid))),
    "payment garbage": ("bad_payment", lambda t, ann: t.sale(ann, payment=b"\x00")),
    "currency": ("terms", lambda t, ann: t.sale(ann, currency=w.USD)),
    "mode": ("terms", lambda t, ann: t.sale(ann, payment=ann.pay(terms=[650, w.EUR, bytes(8)]))),
    "bound amount": ("terms", lambda t, ann: t.sale(ann, mode=w.BOUND, payment=ann.pay(terms=[1, w.EUR, bytes(8)]))),
    "bound order": ("terms", bound_to_other_lines),
    "nonce": ("terms", challenged_without_nonce),
    "bill": ("terms", bill_of_another_terminal),
    "neither mode": ("terms", challenge_and_order_at_once),
}


def forged_pass():
    p = w.Passenger("p")
    body = codec.decode(p.signed)
    p.signed = codec.encode([*body[:3], bytes(64)])
    return p


@pytest.mark.parametrize("case", REFUSED)
def test_refused_debits_nobody_and_stops_nothing(tmp_path, case):
    code, spoil = REFUSED[case]
    terminal, ann, bob = w.Terminal("A"), w.Passenger("ann"), w.Passenger("bob")
    terminal.open()
    spoil(terminal, ann)
    terminal.sale(bob)
    with w.new_ledger(tmp_path, terminal) as ledger:
        taken = ledger.take(terminal.kid, terminal.items, "sync")
        assert taken.exceptions == ((2, code),)
        assert money(ledger) == {(bob.account, w.EUR): 650, ("sales:9C", w.EUR): -650}
        assert ledger.custody(terminal.kid) == (3, w.sha(terminal.items[-1][1]))
        assert faults(ledger) == []


def test_an_issuer_out_of_its_window_signs_nothing(tmp_path):
    terminal = w.Terminal("A")
    terminal.open()
    terminal.sale(w.Passenger("ann"))
    with w.new_ledger(tmp_path, terminal, bundles=[w.bundle(until=w.NOW)]) as ledger:
        assert ledger.take(terminal.kid, terminal.items, "sync").exceptions == ((2, "bad_pass"),)


def test_over_a_floor_clock_nothing_is_too_early(tmp_path):
    terminal = w.Terminal("A")
    terminal.open()
    floor = [receipts.FLOOR, 0]
    terminal.sale(w.Passenger("ann", nbf=w.NOW + 3600), quality=floor)
    terminal.sale(w.Passenger("bob", exp=w.NOW), quality=floor)
    with w.new_ledger(tmp_path, terminal) as ledger:
        assert ledger.take(terminal.kid, terminal.items, "sync").exceptions == ((3, "bad_pass"),)


def test_gap_chain_and_fork_are_flagged_and_debited(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    terminal.sale(ann, previous=bytes(32))
    twin = terminal.twin()
    terminal.sale(ann)
    twin.sale(ann, OTHER)
    terminal.sale(ann)
    terminal.sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, [*terminal.items[:3], twin.items[2], terminal.items[4]], "sync")
        assert open_codes(ledger) == {("A", 2): ["chain"], ("A", 3): ["fork", "fork"], ("A", 5): ["gap"]}
        assert money(ledger)[ann.account, w.EUR] == 4 * 650
        ledger.take(terminal.kid, terminal.items[3:4], "sync")
        assert open_codes(ledger) == {("A", 2): ["chain"], ("A", 3): ["fork", "fork"]}
        assert faults(ledger) == []


@pytest.mark.parametrize(
    ("limits", "over"),
    [
        ((w.EUR, 100_000, 649, 9), [2, 3, 4]),
        ((w.EUR, 1300, 650, 9), [4]),
        ((w.EUR, 1949, 650, 9), [4]),
        ((w.EUR, 1950, 650, 3), []),
        ((w.EUR, 1950, 650, 1), [3, 4]),
    ],
)
def test_over_limit_is_debited_and_flagged(tmp_path, limits, over):
    terminal, ann = w.Terminal("A"), w.Passenger("ann", limits=limits)
    terminal.open()
    for _ in range(3):
        terminal.sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        for item in terminal.items[::-1]:  # the flags do not depend on who comes first
            ledger.take(terminal.kid, [item], "sync")
        assert open_codes(ledger) == {("A", n): ["over_limit"] for n in over}
        assert money(ledger)[ann.account, w.EUR] == 1950
        assert faults(ledger) == []


def test_more_evidence_saves_a_sale(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    number, receipt, evidence = terminal.sale(ann, mode=w.CHALLENGED)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[:1], "sync")
        assert ledger.take(terminal.kid, [(number, receipt, b"\x80")], "sync").exceptions == ((2, "bad_evidence"),)
        without_nonce = codec.encode(codec.decode(evidence)[:3])
        assert ledger.take(terminal.kid, [(number, receipt, without_nonce)], "sync").exceptions == ((2, "terms"),)
        taken = ledger.take(terminal.kid, [(number, receipt, evidence)], "sync")
        assert (taken.new, taken.exceptions) == (0, ())
        before = dump(ledger)
        ledger.take(terminal.kid, [(number, receipt, b"late nonsense")], "sync")
        assert money(ledger)[ann.account, w.EUR] == 650
        assert {**dump(ledger), "evidence": ()} == {**before, "evidence": ()}
        assert faults(ledger) == []


def test_two_sides_of_the_same_instant():
    """Windows are half open."""
    ann, terminal = w.Passenger("ann", nbf=w.NOW, exp=w.NOW + 60), w.Terminal("A")
    codes = []
    for at in (w.NOW - 1, w.NOW, w.NOW + 59, w.NOW + 60):
        number, raw, evidence = w.Terminal("A").sale(ann, time=at)
        codes.append(list(check(Case(1, 0, terminal.kid, number, raw, [evidence]), world(terminal)).codes))
    assert codes == [["bad_pass"], [], [], ["bad_pass"]]


def world(terminal):
    issuers = {w.AIRLINE: {w.ISSUER.kid: [Issuer(w.ISSUER.public, 0, w.NOW + w.DAY)]}}
    return World({terminal.kid: Party(terminal.key.public, w.AIRLINE)}, issuers)


GOOD_TERMINAL = w.Terminal("A")
GOOD = [GOOD_TERMINAL.open(), GOOD_TERMINAL.sale(w.Passenger("ann"), mode=w.CHALLENGED), GOOD_TERMINAL.close()]


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_the_judge_never_raises_and_takes_no_altered_byte(item, data):
    number, receipt, evidence = item
    target = data.draw(st.sampled_from([receipt, evidence] if evidence else [receipt]))
    at = data.draw(st.integers(0, len(target) - 1))
    cut = data.draw(st.integers(0, 3))
    altered = target[:at] + data.draw(st.binary(max_size=3)) + target[at + cut :]
    raw, proof = (altered, evidence) if target is receipt else (receipt, altered)
    finding = check(Case(1, 0, GOOD_TERMINAL.kid, number, raw, [proof] if proof else []), world(GOOD_TERMINAL))
    assert finding.sound() == (altered == target)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80), st.binary(max_size=80))
def test_the_judge_never_raises_on_noise(raw, evidence):
    finding = check(Case(1, 0, GOOD_TERMINAL.kid, 1, raw, [evidence]), world(GOOD_TERMINAL))
    assert not finding.sound() and hashlib.sha256(raw)


def test_verify_answers_and_never_raises():
    key, message = w.Key("any"), b"message"
    good = crypto.signer(key.seed)(message)
    assert crypto.verify(key.public, message, good)
    small_order = bytes([1]) + bytes(31)
    bad = [(key.public, b"other", good), (key.public, message, good[:-1]), (b"", message, good), (None, message, good)]
    bad += [(small_order, message, small_order + bytes(32)), (key.public, message, bytes(64)), (bytes(32), b"", good)]
    assert not any(crypto.verify(*args) for args in bad)
    with pytest.raises(ValueError):
        crypto.signer(b"short")
