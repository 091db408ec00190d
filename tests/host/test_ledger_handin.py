"""A receipt from the phone settles what its terminal's sync would, and says nothing for the terminal."""

import pytest

from cabinpay.wire import qrtext
from cabinpay_host import codec, wallet_file
from cabinpay_host.errors import HostError
from cabinpay_host.ledger import views
from cabinpay_host.ledger.rebuild import rebuild
from cabinpay_host.wallet import Wallet
from host import ledger_world as w
from host.ledger_world import dump, faults, money, open_codes, tables
from host.test_cli import call

MODES = [w.CHALLENGED, w.BOUND, w.QUICK]


def flight():
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    sales = [terminal.sale(ann, [[101, 2, 325]], mode) for mode in MODES]
    return terminal, ann, sales


def without_evidence(ledger):
    return {name: rows for name, rows in dump(ledger).items() if name not in ("evidence", "custody")}


def test_before_after_or_without_a_sync_the_postings_are_the_same(tmp_path):
    terminal, ann, sales = flight()
    ends = []
    for n in range(3):
        (tmp_path / str(n)).mkdir()
        with w.new_ledger(tmp_path / str(n), terminal) as ledger:
            if n != 1:
                assert [ledger.hand_in(*w.shown(sale)).new for sale in sales] == [1, 1, 1]
                assert [ledger.hand_in(*w.shown(sale)).new for sale in sales] == [0, 0, 0]
                assert money(ledger) == {(ann.account, w.EUR): 1950, ("sales:9C", w.EUR): -1950}
                assert ledger.custody(terminal.kid) is None and faults(ledger) == []
            w.pull(ledger, terminal)
            for sale in sales:
                ledger.hand_in(*w.shown(sale))
            assert ledger.custody(terminal.kid)[0] == 4
            ledger.name_auditor("kim", "boss")
            with ledger.reading() as session:
                lines = views.statement_of_pass(session, w.ISSUER.kid, ann.cti, reader="kim")
            assert [line.lines for line in lines] == [((101, 2, 325),)] * 3
            ends.append(dump(ledger))
            assert faults(ledger) == [] and open_codes(ledger) == {}
    assert {**ends[0], "roles": 0} == {**ends[1], "roles": 0} == {**ends[2], "roles": 0}


def test_what_a_phone_gave_is_not_acked_before_the_terminal_gave_it(tmp_path):
    terminal, ann, sales = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.hand_in(*w.shown(sales[2]))
        assert open_codes(ledger) == {("A", 4): ["gap"]}
        ledger.take(terminal.kid, terminal.items[:3], "sync")
        assert ledger.custody(terminal.kid)[0] == 3 and ledger.next_number(terminal.kid) == 4
        assert open_codes(ledger) == {} and faults(ledger) == []
        assert w.pull(ledger, terminal)[0] == 4
        assert money(ledger)[ann.account, w.EUR] == 1950 and faults(ledger) == []


def test_a_bound_payment_still_names_its_order(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    sale = terminal.sale(ann, mode=w.BOUND, payment=ann.pay(terms=[650, w.EUR, bytes(8)]))
    other = terminal.sale(ann, mode=w.CHALLENGED, payment=ann.pay(terms=[640, w.EUR], challenge=bytes(8)))
    with w.new_ledger(tmp_path, terminal) as ledger:
        for item in (sale, other):
            ledger.hand_in(*w.shown(item))
        assert open_codes(ledger) == {("A", 2): ["gap", "terms"], ("A", 3): ["terms"]}
        assert money(ledger) == {} and faults(ledger) == []


def test_bad_evidence_of_a_terminal_is_made_good_by_the_phone(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    _, _, evidence = terminal.twin().sale(ann)
    payment = codec.decode(evidence)[1]
    sale = terminal.sale(ann, payment=payment, evidence=b"\x80")
    ends = []
    for n in range(2):
        (tmp_path / str(n)).mkdir()
        with w.new_ledger(tmp_path / str(n), terminal) as ledger:
            steps = [
                lambda: ledger.take(terminal.kid, terminal.items, "sync"),
                lambda: ledger.hand_in(sale[1], ann.signed, payment),
            ]
            for step in steps if n else steps[::-1]:
                step()
            assert open_codes(ledger) == {} and money(ledger)[ann.account, w.EUR] == 650 and faults(ledger) == []
            ends.append(dump(ledger))
    assert ends[0] == ends[1]


@pytest.mark.parametrize("mode", MODES)
def test_a_terminal_has_the_lines_and_must_give_them(tmp_path, mode):
    """Without them it could sell for more than they make, or over another terminal's bill. What the passenger hands in
    is taken on its own terms, whoever comes first."""
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    whole = terminal.twin().sale(ann, mode=mode)
    receipt, signed, payment = w.shown(whole)
    bare = codec.encode([signed, payment])
    ends = []
    for n, steps in enumerate(("t", "tp", "pt")):
        (tmp_path / str(n)).mkdir()
        with w.new_ledger(tmp_path / str(n), terminal) as ledger:
            for step in steps:
                if step == "t":
                    ledger.take(terminal.kid, [*terminal.items, (2, receipt, bare)], "sync")
                else:
                    ledger.hand_in(receipt, signed, payment)
            ends.append((open_codes(ledger), money(ledger).get((ann.account, w.EUR))))
            assert faults(ledger) == []
            again, _ = rebuild(ledger.archive.path, *w.places(made(tmp_path / f"{n} again")))
            with again:
                assert tables(again) == tables(ledger) and faults(again) == []
    assert ends == [({("A", 2): ["bad_evidence"]}, None), ({}, 650), ({}, 650)]


def test_an_amount_that_its_lines_do_not_make(tmp_path):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    payment = ann.pay()
    terminal.sale(ann, amount=9999, payment=payment, evidence=codec.encode([ann.signed, payment]))
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        assert open_codes(ledger) == {("A", 2): ["bad_evidence"]} and money(ledger) == {} and faults(ledger) == []


def made(folder):
    folder.mkdir()
    return folder


def test_a_phone_and_a_replay(tmp_path):
    ann = w.Passenger("ann")
    one, two, payment = w.Terminal("A"), w.Terminal("B", time=w.NOW + 300), ann.pay()
    sales = [terminal.sale(ann, payment=payment) for terminal in (one, two)]
    with w.new_ledger(tmp_path, one, two) as ledger:
        ledger.hand_in(*w.shown(sales[1]))
        ledger.take(one.kid, one.items, "sync")
        assert open_codes(ledger, "no_shift") == {("B", 1): ["replay", "stale"]}
        assert money(ledger)[ann.account, w.EUR] == money(ledger)["loss:9C", w.EUR] == 650
        before = without_evidence(ledger)
        ledger.take(two.kid, two.items, "sync")
        assert without_evidence(ledger) == before and faults(ledger) == []


def test_a_void_can_be_handed_in(tmp_path):
    terminal, _, sales = flight()
    void = terminal.void(sales[0])
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.hand_in(void[1])
        ledger.hand_in(*w.shown(sales[0]))
        assert money(ledger) == {} and "void" not in str(open_codes(ledger)) and faults(ledger) == []


def test_what_no_phone_may_hand_in(tmp_path):
    terminal, ann, sales = flight()
    receipt, signed, payment = w.shown(sales[0])
    forged = terminal.twin().sale(ann, signer=w.Key("stranger"))
    stranger = w.Terminal("nobody's").sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        refused = [
            (b"\xff", signed, payment), (receipt + b"\0", signed, payment), (terminal.items[0][1], b"", b""),
            (forged[1], signed, payment), w.shown(stranger), (receipt, signed, w.shown(sales[1])[2]),
            (receipt, b"", b""),
        ]  # fmt: skip
        codes, size = [], ledger.archive.path.stat().st_size
        for args in refused:
            with pytest.raises(HostError) as e:
                ledger.hand_in(*args)
            codes.append(e.value.code)
        assert codes == [*["receipt_bad"] * 3, "receipt_forged", "unknown_terminal", *["payment_differs"] * 2]
        assert dump(ledger)["receipts"] == [] and ledger.archive.path.stat().st_size == size


def test_the_wallets_command(tmp_path, capsys):
    """Every receipt it keeps, with the payment that it was made over; one refusal stops no other."""
    terminal, ann, sales = flight()
    stranger, at = w.Terminal("nobody's").sale(ann), w.location(tmp_path, "ledger")
    wallet = Wallet.create(tmp_path / "a.wallet")
    for sale in (*sales, stranger):
        wallet.keep(sale[1])
    state = wallet_file.read(wallet.path)
    state.payments = [[qrtext.customer_text(*w.shown(s)[1:], codec), ""] for s in (*sales[1:], stranger, sales[0])]
    wallet_file.write(wallet.path, state)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[:2], "sync")
    assert call(tmp_path, f"wallet hand-in a.wallet --ledger {at} --json") == 6  # another archive's name
    (tmp_path / "ledger.archive").rename(tmp_path / "ledger.db.archive")
    capsys.readouterr()
    assert call(tmp_path, f"wallet hand-in a.wallet --ledger {at} --json") == 4
    out, err = capsys.readouterr()
    assert [w in out for w in ('"known"', '"new"', '"refused"', "unknown_terminal")] == [True] * 4
    assert err.startswith("cabinpay: receipts_refused: 1 of 4")
    state.receipts.pop()
    wallet_file.write(wallet.path, state)
    assert call(tmp_path, f"wallet hand-in a.wallet --ledger {at}") == 0
    assert call(tmp_path, f"ledger verify --ledger {at}") == 0
