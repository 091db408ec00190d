"""cabinpay ledger, continued: what the back office does every morning."""

import datetime
from pathlib import Path
from typing import Annotated

import typer

from . import files, keys, money, screen
from .cli_books import Author, Name, terminal_kid
from .cli_keys import AsJson
from .cli_ledger import Location, open_ledger, user
from .errors import Exit, HostError
from .ledger import batch_files, batches, pain008, report_html, report_pdf, totals, workings
from .ledger.report import date, gather

MAX_RETURNS = 64 << 20
Issuer = Annotated[str, typer.Option(help="The issuer's .pub file, or its id in hex.")]
Day = Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Of flights that departed on this day, UTC.")]


def mount(app: typer.Typer) -> None:
    """Adds these commands to the group `ledger`."""
    app.command("totals", epilog="Example: cabinpay ledger totals --day 2026-08-14 --ledger airline.db")(daily_totals)
    app.command(epilog="Example: cabinpay ledger due --ledger airline.db")(due)
    app.command(
        epilog='Example: cabinpay ledger batch --issuer issuer.pub --currency EUR --creditor "Spring Air" '
        "--iban DE89370400440532013000 --bic COBADEFFXXX --out batches"
    )(batch)
    app.command(epilog="Example: cabinpay ledger returns answers.csv --ledger airline.db")(returns)
    app.command(epilog='Example: cabinpay ledger work-through CART-7 12 replay --reason "photographed code"')(
        work_through
    )
    app.command(epilog="Example: cabinpay ledger report --out morning.pdf --ledger airline.db")(report)


def daily_totals(ledger: Location, day: Day = None, as_json: AsJson = False) -> None:
    """Show what was sold by day, flight, aircraft, crew and currency."""
    with open_ledger(ledger) as book, book.reading() as session:
        found = totals.totals(session, _day(day))
    rows = [
        {
            "day": date(group.day),
            "flight": group.flight or "unknown",
            "aircraft": group.aircraft or "unknown",
            "crew": group.crew or "unknown",
            "sales": total.sales,
            "cancelled": total.voids,
            "net": money.show(total.net, currency),
        }
        for (group, currency), total in found.items()
    ]
    screen.show_json({"totals": rows}) if as_json else screen.show_rows("Totals", rows)


def due(ledger: Location, as_json: AsJson = False) -> None:
    """Show what each issuer can be asked to collect."""
    with open_ledger(ledger) as book, book.reading() as session:
        found = batches.outstanding(session)
    rows = [
        {"issuer": kid.hex(), "passes": passes, "amount": money.show(amount, currency)}
        for kid, currency, passes, amount in found
    ]
    screen.show_json({"due": rows}) if as_json else screen.show_rows("To be collected", rows)


def batch(
    ledger: Location,
    issuer: Issuer,
    currency: Annotated[str, typer.Option(help="Three letters, or the ISO 4217 number.")],
    creditor: Annotated[str, typer.Option(help="The airline's name, for the bank.")],
    iban: Annotated[str, typer.Option(help="Where the money goes.")],
    bic: Annotated[str, typer.Option(help="The bank of that account.")],
    out: Annotated[Path, typer.Option(help="Folder for BATCH.csv and BATCH.xml (pain.008).")],
    author: Author = None,
) -> None:
    """Ask an issuer for what it has to collect. What a batch asks for no later one does, unless it was declined."""
    files.make_folder(out)
    with open_ledger(ledger) as book:
        ident = book.make_batch(_issuer(issuer), money.number(currency), author or user())
        with book.reading() as session:
            found = batch_files.collection(session, ident)
    files.create(out / f"{ident.hex()}.csv", batch_files.write(found))
    files.create(out / f"{ident.hex()}.xml", pain008.write(found, pain008.Creditor(creditor, iban, bic)))
    screen.note(f"{len(found.debits)} passes, {money.show(found.total, found.currency)}")
    print(ident.hex())


def returns(
    file: Annotated[Path, typer.Argument(help="CSV (reference, settled or declined, reason) or pain.002 XML.")],
    ledger: Location,
) -> None:
    """Read what an issuer answers on its batches: all of the file or nothing. The same file twice does nothing."""
    data = files.read(file, MAX_RETURNS)
    answers = pain008.read(data) if data.lstrip()[:1] == b"<" else batch_files.read(data)
    with open_ledger(ledger) as book:
        new = book.answer(answers)
    screen.note(f"{new} of {len(answers)} answers are new")


def work_through(
    terminal: Name,
    number: Annotated[int, typer.Argument(help="Number of the receipt.")],
    code: Annotated[str, typer.Argument(help="The exception's code.")],
    ledger: Location,
    reason: Annotated[str, typer.Option(help="What came of it.")],
    author: Author = None,
) -> None:
    """Say that an exception has been worked through. It stays, with the reason and who says so."""
    with open_ledger(ledger) as book:
        count = book.work_through(terminal_kid(book, terminal), number, code, reason, author or user())
        with book.reading() as session:
            done = len(workings.workings(session))
    screen.note(f"{count} exceptions worked through, {done} so far")


def report(
    ledger: Location,
    out: Annotated[Path, typer.Option(help="FILE.html or FILE.pdf; an older one is replaced.")],
    day: Day = None,
) -> None:
    """Draw the morning's report: sales by flight and crew, what is to be collected, what is to be worked through."""
    if out.suffix not in (".html", ".pdf"):
        raise HostError("usage", "a report is FILE.html or FILE.pdf", Exit.USAGE)
    with open_ledger(ledger) as book, book.reading() as session:
        found = gather(session, book.id, book.now(), _day(day))
    data = report_html.draw(found).encode() if out.suffix == ".html" else report_pdf.draw(found)
    files.replace(out, data)


def _day(text: str | None) -> int | None:
    try:
        return None if text is None else (datetime.date.fromisoformat(text) - datetime.date(1970, 1, 1)).days
    except ValueError:
        raise HostError("usage", f"{text} is no day: write it like 2026-08-14", Exit.USAGE) from None


def _issuer(text: str) -> bytes:
    if text.endswith(".pub"):
        return keys.load_public(Path(text), "issuer").kid
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise HostError("usage", "--issuer takes a .pub file, or an id in hex", Exit.USAGE) from None
