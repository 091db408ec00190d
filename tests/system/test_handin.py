"""Receipts photographed from a real terminal's screen and handed in from the phone: the same books in either order."""

from pathlib import Path

import rig
from cabinpay_host import qr, wallet, wallet_receipts
from cabinpay_host.ledger import audit, views
from cabinpay_host.wallet import Wallet
from gate import Gate, key_in


def buy(gate: Gate, terminal: rig.Terminal, amount: int) -> Wallet:
    """Anna buys something and photographs the receipt; her phone keeps it."""
    anna = gate.passenger("anna")
    key_in(terminal, (1001, 1, amount))
    assert terminal.pay(anna.quick())["code"] == "approved"
    screen = terminal.show("C", "receipt")
    picture = rig.picture(screen, gate.folder / "receipt.png", scale=1)
    anna.keep_sale(*wallet.read_receipt_text(qr.read_picture(picture)))
    terminal.show("D", "items")
    return anna


def handed(gate: Gate, anna: Wallet) -> list[tuple[int, str, str]]:
    return [(each.receipt, each.result, each.why) for each in wallet_receipts.hand_in(anna, gate.ledger)]


def books(gate: Gate) -> tuple[dict[str, int], list[str]]:
    with gate.ledger.reading() as session:
        assert audit.verify(session, gate.ledger.archive) == []
        assert set(views.trial_balance(session).values()) <= {0}
        balances = {balance.account: balance.amount for balance in views.balances(session)}
        return balances, sorted(raised.code for raised in views.exceptions(session))


def test_after_the_sync_it_changes_nothing(gate: Gate, terminal: rig.Terminal) -> None:
    anna = buy(gate, terminal, 1500)
    gate.sync(terminal)
    before = books(gate)
    assert sum(before[0].values()) == 0 and 1500 in before[0].values() and before[1] == []
    assert [row[1:] for row in handed(gate, anna)] == [("known", "")]
    assert books(gate) == before


def test_before_the_sync_it_debits_and_the_sync_adds_nothing(gate: Gate, terminal: rig.Terminal) -> None:
    anna = buy(gate, terminal, 1500)
    assert [row[1] for row in handed(gate, anna)] == ["new"]
    handed_in, _ = books(gate)
    assert 1500 in handed_in.values()
    gate.sync(terminal)
    assert books(gate) == (handed_in, [])
    assert [row[1] for row in handed(gate, anna)] == ["known"]


def test_a_lost_terminal_loses_no_sale_whose_receipt_was_kept(
    gate: Gate, terminal: rig.Terminal, tmp_path: Path
) -> None:
    anna = buy(gate, terminal, 1500)
    terminal.cut_power()
    (tmp_path / "flash.img").unlink()
    assert [row[1] for row in handed(gate, anna)] == ["new"]
    assert 1500 in books(gate)[0].values()
