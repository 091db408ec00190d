"""cabinpay wallet: a passenger's phone."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cabinpay.wire import claims

from . import files, money, qr, screen, wallet_receipts
from .bundle_text import moment
from .cli_keys import AsJson
from .cli_ledger import Location, open_ledger
from .errors import Exit, HostError
from .wallet import Wallet, read_bill, read_receipt_text
from .wallet_file import Held

app = typer.Typer(help="A passenger's phone, for tests and demonstrations.")

File = Annotated[Path, typer.Argument(help="A wallet file. It holds the device key: a secret.")]
MAX_PASS = 4096


@app.command(epilog="Example: cabinpay wallet new alice.wallet")
def new(file: File) -> None:
    """Make a wallet with a device key of its own and print the public half."""
    print(Wallet.create(file).public.hex())


@app.command()
def key(file: File) -> None:
    """Print the public device key in hex, as an issuer wants it: cabinpay enrol --device HEX."""
    print(Wallet(file).public.hex())


@app.command(epilog="Example: cabinpay wallet add alice.wallet alice.pass")
def add(file: File, passfile: Annotated[Path, typer.Argument(help="What cabinpay enrol wrote.")]) -> None:
    """Put a pass into the wallet."""
    Wallet(file).add(files.read(passfile, MAX_PASS))


@app.command()
def show(file: File, as_json: AsJson = False) -> None:
    """Show passes and what they are good for. Never shows the device key's secret."""
    wallet = Wallet(file)
    counts = {"payments": len(wallet.payments()), "receipts": len(wallet.receipts())}
    head = {"public": wallet.public.hex(), **counts}
    if as_json:
        screen.show_json({**head, "passes": [_record(held) for held in wallet.passes()]})
        return
    screen.show(head, False)
    screen.show_rows("Passes", [_row(held) for held in wallet.passes()])


@app.command(epilog="Example: cabinpay wallet pay alice.wallet --bill-picture screen.png --png pay.png")
def pay(
    file: File,
    bill: Annotated[str | None, typer.Option(help="Text of the terminal's bill.", metavar="TEXT")] = None,
    bill_picture: Annotated[Path | None, typer.Option(help="A picture of the terminal's bill.", metavar="PNG")] = None,
    line: Annotated[
        list[str] | None,
        typer.Option(help="Bind the payment to a line, as the crew keys it in; repeatable.", metavar="SKU*QTY*PRICE"),
    ] = None,
    currency: Annotated[int | None, typer.Option(help="ISO 4217 number for --line; the pass's by default.")] = None,
    cti: Annotated[str | None, typer.Option("--pass", help="Pay with this pass.", metavar="CTI")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Agree to the bill without being asked.")] = False,
    png: Annotated[Path | None, typer.Option(help="Picture of the payment, as FILE.png.")] = None,
    svg: Annotated[Path | None, typer.Option(help="Picture of the payment, as FILE.svg.")] = None,
    scale: Annotated[int, typer.Option(min=1, max=64, help="Pixels a module.")] = 8,
    terminal: Annotated[bool, typer.Option("--terminal", help="Draw the QR code here.")] = False,
) -> None:
    """Sign a payment and print its QR text: over a bill, for the lines given, or a quick one that names no amount.

    The payment is in the wallet before it is shown, so that no two are ever alike. Pictures take the place of old ones.
    """
    _refuse_suffix(png, ".png")
    _refuse_suffix(svg, ".svg")
    asked = _bill(bill, bill_picture)
    if line and asked is not None:
        raise HostError("usage", "give a bill or --line, not both", Exit.USAGE)
    wallet = Wallet(file)
    if line:
        text = _bound(wallet, [_line(entry) for entry in line], currency, _cti(cti))
    else:
        text = _payment(wallet, asked, _cti(cti), yes)
    if png:
        files.replace(png, qr.png(text, scale))
    if svg:
        files.replace(svg, qr.svg(text, scale))
    if terminal:
        print(qr.terminal(text))
    print(text)


@app.command("hand-in", epilog="Example: cabinpay wallet hand-in alice.wallet --ledger airline.db")
def hand_in(file: File, ledger: Location, as_json: AsJson = False) -> None:
    """Hand every receipt in the wallet in to the ledger, with the payment it was made over.

    What the ledger knows already changes nothing. Ends with 4 where it refused one, after trying all.
    """
    with open_ledger(ledger) as book:
        rows = [handed._asdict() for handed in wallet_receipts.hand_in(Wallet(file), book)]
    screen.show_json({"receipts": rows}) if as_json else screen.show_rows("Receipts", rows)
    refused = [row for row in rows if row["result"] == "refused"]
    if refused:
        line = f"{len(refused)} of {len(rows)} receipts were not taken: see above"
        raise HostError("receipts_refused", line, Exit.REFUSED)


def _payment(wallet: Wallet, bill: str | None, cti: bytes | None, yes: bool) -> str:
    if bill is None:
        return wallet.quick(cti=cti)
    asked = read_bill(bill)
    screen.note(f"bill of terminal {asked.terminal_kid.hex()}: {money.show(asked.amount, asked.currency)}")
    if not yes and not _agrees():
        raise HostError("not_agreed", "nothing is paid; agree with y, or with --yes", Exit.REFUSED)
    return wallet.challenged(bill, cti=cti)


def _bound(wallet: Wallet, lines: list[list[int]], currency: int | None, cti: bytes | None) -> str:
    if currency is None:
        found = {held.claims.limits[0] for held in wallet.passes() if cti in (None, held.claims.cti)}
        if len(found) > 1:
            raise HostError("usage", "the passes here are in several currencies: give --currency", Exit.USAGE)
        currency = found.pop() if found else 0
    total = claims.lines_total(lines)
    text = wallet.bound(total, currency, lines, cti=cti)
    screen.note(f"paying for these lines only: {money.show(total, currency)}")
    return text


def _line(entry: str) -> list[int]:
    """[sku, quantity, unit price] as on the terminal's keypad, where a discount is keyed in positive."""
    parts = entry.split("*")
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 11 for part in parts):
        raise HostError("usage", "--line takes SKU*QUANTITY*PRICE, three whole numbers", Exit.USAGE)
    sku, quantity, price = (int(part) for part in parts)
    return [sku, quantity, -price if sku == claims.SKU_DISCOUNT else price]


@app.command(epilog="Example: cabinpay wallet keep alice.wallet --picture screen.png")
def keep(
    file: File,
    picture: Annotated[Path | None, typer.Option(help="A picture of the receipt's QR code.", metavar="PNG")] = None,
    text: Annotated[str | None, typer.Option(help="Text of the receipt's QR code.", metavar="TEXT")] = None,
    as_json: AsJson = False,
) -> None:
    """Keep the receipt that a terminal shows after a sale: proof of it until the ledger has it.

    The phone knows no terminal's key: who signed the receipt is judged when it is handed in.
    """
    if picture is not None and text is not None:
        raise HostError("usage", "give --picture or --text, not both", Exit.USAGE)
    shown = qr.read_picture(picture) if picture is not None else text
    if shown is None:
        raise HostError("usage", "give --picture or --text", Exit.USAGE)
    signed, sale = read_receipt_text(shown)
    Wallet(file).keep_sale(signed, sale)
    amount = money.show(*sale.amount)
    screen.show({"receipt": sale.number, "amount": amount, "time": moment(sale.time)}, as_json)


def _agrees() -> bool:
    if sys.stdin is None:
        return False
    print("Pay this? [y/N] ", end="", file=sys.stderr, flush=True)
    answer = sys.stdin.readline()
    if not answer or not sys.stdin.isatty():
        screen.note("")
    return answer.strip().lower() in ("y", "yes")


def _bill(text: str | None, picture: Path | None) -> str | None:
    if text is not None and picture is not None:
        raise HostError("usage", "give --bill or --bill-picture, not both", Exit.USAGE)
    return qr.read_picture(picture) if picture is not None else text


def _cti(text: str | None) -> bytes | None:
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError:
        raise HostError("usage", "--pass takes the id that cabinpay wallet show prints", Exit.USAGE) from None


def _refuse_suffix(path: Path | None, suffix: str) -> None:
    """Keeps a slip of the hand from putting a picture in the place of a wallet or a key."""
    if path is not None and path.suffix.lower() != suffix:
        raise HostError("usage", f"a picture's name ends with {suffix}, which {path} does not", Exit.USAGE)


def _record(held: Held) -> dict[str, Any]:
    claims = held.claims
    currency, total, per_sale, count = claims.limits
    limits = {"currency": currency, "total": total, "per_sale": per_sale, "count": count}
    rest = {"not_before": claims.nbf, "expires": claims.exp, "flight": claims.flight, "seq": held.seq}
    return {"pass": claims.cti.hex(), "airline": claims.aud, **limits, **rest}


def _row(held: Held) -> dict[str, Any]:
    claims = held.claims
    currency, total, per_sale, count = claims.limits
    return {
        "pass": claims.cti.hex(),
        "airline": claims.aud,
        "flight": claims.flight[0] if claims.flight else "any",
        "a sale": money.show(per_sale, currency),
        "in all": money.show(total, currency),
        "sales": count,
        "until": moment(claims.exp),
    }
