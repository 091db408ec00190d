"""A phone on the command line: the receipts of its payments, and payments bound to their lines."""

import json
from pathlib import Path

import pytest

from cabinpay.wire import claims, cose, qrtext
from cabinpay.wire.receipts import Evidence, Sale
from cabinpay_host import codec, crypto, qr, wallet_file
from host.test_cli import call, made, run

__all__ = ["made"]


def receipt_of(code: str) -> str:
    """Text of the receipt of a sale made by a customer's code, from a terminal of no matter which key."""
    evidence = Evidence(*qrtext.read_customer(code.encode(), codec), [])
    hashes = {"payment_hash": evidence.payment_hash(codec), "lines_hash": bytes(16)}
    sale = Sale(
        number=2, previous=bytes(32), kind=1, time=1, quality=[1, 0], shift=1, mode=3, amount=[1500, 156], **hashes
    )
    signer = crypto.signer(bytes(32))
    return qrtext.receipt_text(cose.sign(sale.pack(codec), bytes(8), signer, cose.AAD_RECEIPT, codec))


def test_a_phone_keeps_the_receipts_of_its_own_payments(made: Path) -> None:
    code = run(made, "wallet", "pay", "alice.wallet").stdout.strip()
    (made / "receipt.png").write_bytes(qr.png(receipt_of(code)))
    for how in (("--picture", "receipt.png"), ("--text", receipt_of(code))):
        kept = json.loads(run(made, "wallet", "keep", "alice.wallet", *how, "--json").stdout)
        assert (kept["receipt"], kept["amount"]) == (2, "15.00 CNY")
    assert len(wallet_file.read(made / "alice.wallet").receipts) == 1
    call(made, "wallet new stranger.wallet")
    for wallet, text, error in (
        ("stranger.wallet", receipt_of(code), "receipt_foreign"),
        ("alice.wallet", code, "receipt_bad"),
        ("alice.wallet", "CP1R:", "receipt_bad"),
    ):
        assert f"cabinpay: {error}: " in run(made, "wallet", "keep", wallet, "--text", text).stderr
    for how in ((), ("--text", "x", "--picture", "receipt.png")):
        assert run(made, "wallet", "keep", "alice.wallet", *how).returncode == 2


def test_a_bound_payment_names_its_lines(made: Path) -> None:
    lines = ("--line", "1001*2*600", "--line", "2*1*50")
    code = run(made, "wallet", "pay", "alice.wallet", *lines).stdout.strip()
    _, signed = qrtext.read_customer(code.encode(), codec)
    payment = claims.Payment.unpack(cose.parse(signed, codec).payload, codec)
    order = claims.lines_hash([[1001, 2, 600], [2, 1, -50]], codec)[:8]
    assert payment.mode() == claims.BOUND and payment.terms == [1150, 156, order]
    for wrong in (("1001*2",), ("1001*2*-5",), ("a*1*1",), ("2*1*50",), ("1001*1*1", "--bill", "x"), ("0*1*1",)):
        assert run(made, "wallet", "pay", "alice.wallet", "--line", *wrong).returncode == 2, wrong
    assert "no_pass" in run(made, "wallet", "pay", "alice.wallet", "--currency", "978", *lines).stderr


def test_a_bound_payment_that_cannot_be_is_not_announced(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for line, code in (("1*1*0", 2), ("2*1*5", 2)):
        capsys.readouterr()
        assert call(made, f"wallet pay alice.wallet --line {line}") == code
        out, err = capsys.readouterr()
        assert out == "" and err.startswith("cabinpay: lines_bad: ") and len(err.splitlines()) == 1
