"""The main job on the real thing: MicroPython, littlefs, QR pictures, a serial line, SQLite."""

from collections import Counter
from pathlib import Path

import rig
from cabinpay.wire import cose, qrtext
from cabinpay.wire.receipts import CRASH, SALE, VOID, Note, Receipt, Sale, read_receipt
from cabinpay_host import codec, qr
from cabinpay_host.ledger import audit, cashup, views
from cabinpay_host.ledger.archive import RECEIPT
from gate import CNY, SPEC, Gate, key_in, sign_on


def sound_books(gate: Gate) -> dict[str, int]:
    """Every invariant holds; balances by kind of account."""
    with gate.ledger.reading() as session:
        assert audit.verify(session, gate.ledger.archive) == []
        assert set(views.trial_balance(session).values()) <= {0}
        sums: Counter[str] = Counter()
        for balance in views.balances(session):
            sums[balance.account.split(":")[0]] += balance.amount
        return dict(sums)


def test_a_whole_flight(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    anna, bo = gate.passenger("anna"), gate.passenger("bo")
    key_in(terminal, (1001, 2, 1500), (1002, 1, 500))
    picture = tmp_path / "anna.png"
    picture.write_bytes(qr.png(anna.quick()))
    verdict = terminal.pay(qr.read_picture(picture))
    assert (verdict["code"], verdict["lines"][1]) == ("approved", "35.00 CNY")

    screen = key_in(terminal, (1003, 1, 2500), by="C")
    bill = qr.read_picture(rig.picture(screen, tmp_path / "bill.png"))
    picture.write_bytes(qr.png(bo.challenged(bill)))
    assert terminal.pay(qr.read_picture(picture))["code"] == "approved"

    assert "2 sales  60.00 CNY" in terminal.show("A#", "cash_up")["lines"]
    terminal.show("#", "sign_on")
    report = gate.sync(terminal)
    # the clock's note of the first sync went with that sync
    assert (report.pulled, report.acked, report.number, report.exceptions) == (4, 5, 5, ())
    with gate.ledger.reading() as session:
        assert [s.amount for s in views.statement_of_passenger(session, "anna")] == [3500]
        assert [s.amount for s in views.statement_of_passenger(session, "bo")] == [2500]
        (shift,) = cashup.cash_ups(session)
        assert shift.sold == shift.closed == ((CNY, 1, 2, 6000),)
    again = gate.sync(terminal)
    assert (again.pulled, again.acked) == (0, 5)
    assert sound_books(gate) == {"passenger": 6000, "sales": -6000}


def test_sounds_and_screens_tell_approval_from_already_paid(gate: Gate, terminal: rig.Terminal) -> None:
    code = gate.passenger("anna").quick()
    key_in(terminal, (1001, 1, 1500))
    assert terminal.pay(code)["code"] == "approved"
    again = terminal.pay(code)
    assert again["code"] == "already_paid"
    assert "15.00 CNY" in again["lines"] and "Receipt 3" in again["lines"]
    assert terminal.sounds[-2:] == ["approved", "attention"]


def test_a_turnaround_with_two_unsynced_shifts(gate: Gate, terminal: rig.Terminal) -> None:
    anna = gate.passenger("anna")
    for amount in (1000, 2000):
        key_in(terminal, (1001, 1, amount))
        assert terminal.pay(anna.quick())["code"] == "approved"
        terminal.show("A#", "cash_up")
        terminal.show("#", "sign_on")
        sign_on(terminal, flight=8889)
    assert gate.sync(terminal).pulled == 7
    with gate.ledger.reading() as session:
        assert [shift.sold for shift in cashup.cash_ups(session)] == [((CNY, 1, 1, 1000),), ((CNY, 1, 1, 2000),), ()]
    sound_books(gate)


def test_reboot_keeps_everything(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    anna = gate.passenger("anna", total=3000)
    key_in(terminal, (1001, 1, 1500))
    code = anna.quick()
    assert terminal.pay(code)["code"] == "approved"
    terminal.cut_power()
    with rig.Terminal(tmp_path / "flash.img") as again:
        assert again.wait("confirm_last")["lines"][1:3] == ["Receipt 3", "15.00 CNY"]
        again.show("A", "items")
        assert again.pay(code)["code"] == "already_paid"
        screen = key_in(again, (1001, 1, 1600), by="C")
        bill = qr.read_picture(rig.picture(screen, tmp_path / "bill.png"))
        assert again.pay(anna.challenged(bill))["code"] == "total"
        assert gate.sync(again).pulled == 3, "and a note: the clock was set after the boot"
    sound_books(gate)


def test_without_a_clock_only_bills_are_paid(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    anna = gate.passenger("anna")
    terminal.cut_power()
    with rig.without_clock(tmp_path / "flash.img") as again:
        again.wait("items")
        key_in(again, (1001, 1, 1500))
        assert again.pay(anna.quick())["code"] == "mode"
        screen = key_in(again, (1001, 1, 1500), by="C")
        bill = qr.read_picture(rig.picture(screen, tmp_path / "bill.png"))
        assert again.pay(anna.challenged(bill))["code"] == "approved"
        gate.sync(again)
    sound_books(gate)


def test_one_passenger_two_terminals(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    """A code shown to two terminals is sold twice, debited once, and the loss is named."""
    code = gate.passenger("anna").quick()
    with rig.Terminal(tmp_path / "other.img") as other:
        other.wait("stopped")
        gate.provision(other, "9C-002")
        gate.sync(other)
        sign_on(other)
        for each in (terminal, other):
            key_in(each, (1001, 1, 1500))
            assert each.pay(code)["code"] == "approved"
        # which of the two is debited goes by their times; that one is, and that the other is named, goes by nothing
        for each in (terminal, other):
            assert gate.sync(each).pulled == 2
    with gate.ledger.reading() as session:
        assert [e.code for e in views.exceptions(session)] == ["replay"]
    assert sound_books(gate) == {"passenger": 1500, "loss": 1500, "sales": -3000}


def test_time_comes_with_the_sync(gate: Gate, provisioned: Path) -> None:
    with rig.without_clock(provisioned) as terminal:
        terminal.wait("sign_on")
        gate.sync(terminal)
        sign_on(terminal)
        key_in(terminal, (1001, 1, 1500))
        assert terminal.pay(gate.passenger("anna").quick(now=rig.now() - 300))["code"] == "stale"
        assert terminal.pay(gate.passenger("bo").quick())["code"] == "approved"


def archived(gate: Gate) -> list[Receipt]:
    """Every receipt that the ledger has taken, as the terminal signed it."""
    records = [record for record, _ in gate.ledger.archive.records() if record.kind == RECEIPT]
    return [read_receipt(cose.parse(record.fields[2], codec).payload, codec) for record in records]


def test_a_sale_is_cancelled_on_the_keypad(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    anna = gate.passenger("anna", total=2000)
    code = anna.quick()
    for name in ("void", "confirm_last"):
        key_in(terminal, (1001, 1, 1500))
        assert terminal.pay(code)["code"] == "approved"
        if name == "confirm_last":
            break
        terminal.show("D", "items")
        terminal.show("*D", "void")
        assert terminal.show("1", "verdict")["lines"] == ["SALE CANCELLED", "15.00 CNY", "Receipt 3"]
        assert terminal.pay(code)["code"] == "voided"
        code = anna.quick()
    terminal.cut_power()
    with rig.Terminal(tmp_path / "flash.img") as again:
        again.wait("confirm_last")
        again.show("D", "void")
        again.show("4", "verdict")
        assert again.pay(code)["code"] == "voided"
        assert again.show("D#", "cash_up")["lines"][1:3] == ["2 sales  30.00 CNY", "2 cancelled  30.00 CNY"]
        again.show("#", "sign_on")
        gate.sync(again)
    kinds = Counter(receipt.kind for receipt in archived(gate))
    assert (kinds[SALE], kinds[VOID]) == (2, 2)


def test_the_receipt_is_photographed(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    anna = gate.passenger("anna")
    key_in(terminal, (1001, 2, 1500), (1, 1, 300), (2, 1, 500))
    assert terminal.pay(anna.quick())["lines"][-1] == "C: receipt"
    screen = terminal.show("C", "receipt")
    text = qr.read_picture(rig.picture(screen, tmp_path / "receipt.png", scale=1))
    sale = read_receipt(cose.parse(qrtext.read_receipt_text(text.encode()), codec).payload, codec)
    assert isinstance(sale, Sale) and sale.amount == [2800, CNY]


def test_a_bound_payment(gate: Gate, terminal: rig.Terminal) -> None:
    gate.new_bundle(2, SPEC.replace("quick =", "bound = {{ rtc = 40000, synced = 40000 }}\nquick ="))
    gate.sync(terminal)
    anna = gate.passenger("anna")
    lines = [[1001, 2, 1500], [2, 1, -500]]
    code = anna.bound(2500, CNY, lines)
    key_in(terminal, (1001, 2, 1500))
    assert terminal.pay(code)["code"] == "amount"
    terminal.show("D", "items")
    key_in(terminal, (1001, 1, 2500))
    assert terminal.pay(code)["code"] == "order"
    terminal.show("D", "items")
    key_in(terminal, (1001, 2, 1500), (2, 1, 500))
    assert terminal.pay(code)["code"] == "approved"
    assert terminal.pay(code)["code"] == "already_paid"
    gate.sync(terminal)
    with gate.ledger.reading() as session:
        assert [s.amount for s in views.statement_of_passenger(session, "anna")] == [2500]
    sound_books(gate)


CRASHING = """
import board

_real = board.rtc
_asked = 0


def rtc():
    global _asked
    _asked += 1
    if _asked > 2:
        raise RuntimeError("a secret that no note may tell")
    return _real()


board.rtc = rtc
"""


def test_a_crash_becomes_a_note(gate: Gate, terminal: rig.Terminal, tmp_path: Path) -> None:
    flash = tmp_path / "flash.img"
    terminal.cut_power()
    rig.break_agent(flash, CRASHING)
    with rig.Terminal(flash) as crashing:
        crashing.wait("items")
        crashing.press("1001*1*1500A")  # each screen of a sale looks at the clock
        assert crashing.was_reset()
    rig.mend_agent(flash)
    with rig.Terminal(flash) as again:
        again.first()
        gate.sync(again)
        with gate.link(again) as link:
            link.login(link.hello(), gate.laptop)
            assert link.log().startswith("RuntimeError < rtc < read")
    (note,) = [r for r in archived(gate) if isinstance(r, Note) and r.event == CRASH]
    assert note.detail == "RuntimeError"
