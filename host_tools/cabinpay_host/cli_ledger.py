"""cabinpay ledger: receipts, debits and what does not add up."""

import getpass
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import URL

from cabinpay.wire.cbor import MAX_SIZE
from cabinpay.wire.claims import SKU_DISCOUNT, SKU_TIP
from cabinpay.wire.receipts import SALE, VOID

from . import bundle as bundles
from . import bundle_files, files, keys, money, screen
from .bundle_text import moment
from .cli_keys import AsJson
from .errors import Exit, HostError
from .ledger import audit, cashup, views
from .ledger.db import parsed
from .ledger.models import BEARERS, PASSENGER
from .ledger.store import Ledger

RESERVED = {SKU_TIP: "tip", SKU_DISCOUNT: "discount"}

app = typer.Typer(help="The ledger: receipts, postings, statements, cash-up, exceptions.")

Location = Annotated[
    str,
    typer.Option(
        "--ledger",
        help="A file (SQLite; its archive lies beside it as FILE.archive), or a database URL with #ARCHIVE.",
        envvar="CABINPAY_LEDGER",
    ),
]


Reader = Annotated[str | None, typer.Option("--as", metavar="NAME", help="Who reads, if not the system's user.")]


def user() -> str:
    """The operating system's name for whoever runs this."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may have no name for its user
        return "unknown"


def place(location: str) -> tuple[URL, Path]:
    """(database URL, archive file) of a --ledger option."""
    if "://" not in location:
        if location in ("", ":memory:"):
            raise HostError("usage", "a ledger is a file, or a database URL with #ARCHIVE", Exit.USAGE)
        return URL.create("sqlite", database=location), Path(f"{location}.archive")
    url, _, archive = location.partition("#")
    if not archive:
        raise HostError("usage", "a database URL needs its archive file: URL#ARCHIVE", Exit.USAGE)
    return parsed(url), Path(archive)


def open_ledger(location: str) -> Ledger:
    return Ledger.open(*place(location))


@app.command(epilog="Example: cabinpay ledger new --ledger airline.db --root root.pub --root next.pub")
def new(
    ledger: Location,
    root: Annotated[list[Path], typer.Option(help="A root's .pub file; once for each pinned root.")],
    overspend: Annotated[
        str, typer.Option(metavar="|".join(BEARERS), help="Who bears what goes over a pass's limits; for good.")
    ] = PASSENGER,
) -> None:
    """Make an empty ledger that accepts bundles under these roots."""
    roots = [keys.load_public(path, "root").public for path in root]
    with Ledger.create(*place(ledger), roots, overspend=overspend) as book:
        print(book.id.hex())


@app.command("add-bundle", epilog="Example: cabinpay ledger add-bundle 9C.bundle --ledger airline.db")
def add_bundle(bundle: Annotated[Path, typer.Argument(help="A bundle.")], ledger: Location) -> None:
    """Let the ledger judge passes by this bundle's issuers, and by the list of revoked passes that travels with it."""
    data = files.read(bundle, MAX_SIZE)
    contents = bundle_files.load(bundle, bundles.peek(data)[1].files)
    with open_ledger(ledger) as book:
        screen.note(f"bundle {book.add_bundle(data, contents)} is in the ledger")


@app.command()
def balances(ledger: Location, as_json: AsJson = False) -> None:
    """Show every account (debit positive) and that they sum to zero in each currency."""
    with open_ledger(ledger) as book, book.reading() as session:
        rows = [{"account": b.account, "balance": money.show(b.amount, b.currency)} for b in views.balances(session)]
        sums = views.trial_balance(session)
    shown = {money.name(currency): money.show(amount, currency) for currency, amount in sums.items()}
    if as_json:
        screen.show_json({"accounts": rows, "sums": shown})
    else:
        screen.show_rows("Accounts", rows)
        screen.show({f"sum {name}": value for name, value in shown.items()}, False)
    if any(sums.values()):
        raise HostError("books_wrong", "postings do not sum to zero: run cabinpay ledger verify", Exit.CHECKS)


@app.command(epilog="Example: cabinpay ledger statement passenger-4711 --ledger airline.db")
def statement(
    passenger: Annotated[str, typer.Argument(help="The reference given when the passenger enrolled.")],
    ledger: Location,
    reader: Reader = None,
    as_json: AsJson = False,
) -> None:
    """Show what a passenger was debited for and given back; to the ledger's auditors also the items."""
    with open_ledger(ledger) as book, book.reading() as session:
        who = reader or user()
        rows = [_line(line) for line in views.statement_of_passenger(session, passenger, reader=who)]
    screen.show_json({"passenger": passenger, "debits": rows}) if as_json else screen.show_rows(passenger, rows)


@app.command()
def shifts(ledger: Location, as_json: AsJson = False) -> None:
    """Show each shift's cash-up, recomputed from its sales and compared with what the terminal closed with."""
    with open_ledger(ledger) as book, book.reading() as session:
        rows = [_shift(shift) for shift in cashup.cash_ups(session)]
    screen.show_json({"shifts": rows}) if as_json else screen.show_rows("Shifts", rows)


@app.command()
def exceptions(
    ledger: Location,
    every: Annotated[bool, typer.Option("--all", help="Also those that have been cleared.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show receipts that do not add up, with the reason."""
    with open_ledger(ledger) as book, book.reading() as session:
        found = views.exceptions(session, cleared=every)
    rows = [{"terminal": e.terminal, "receipt": e.number, "code": e.code, "detail": e.detail} for e in found]
    screen.show_json({"exceptions": rows}) if as_json else screen.show_rows("Exceptions", rows)


@app.command()
def verify(ledger: Location, as_json: AsJson = False) -> None:
    """Check the whole ledger's invariants; ends with 7 and says what where one does not hold."""
    with open_ledger(ledger) as book, book.reading() as session:
        faults = audit.verify(session, book.archive)
    screen.show_json({"faults": faults}) if as_json else print(*faults, sep="\n", end="\n" if faults else "")
    if faults:
        raise HostError("books_wrong", f"{len(faults)} checks failed: keep the ledger as it is", Exit.CHECKS)
    screen.note("every check holds")


def _line(line: views.StatementLine) -> dict[str, object]:
    flight = f"{line.flight[0]}{line.flight[1]}" if line.flight else "unknown"
    items = ", ".join(f"{quantity} x {RESERVED.get(sku, sku)}" for sku, quantity, _ in line.lines)
    what = items if line.reason is None else line.reason if line.borne else f"refund: {line.reason}"
    amount = money.show(line.amount, line.currency)
    return {"time": moment(line.time), "flight": flight, "terminal": line.terminal, "items": what, "amount": amount}


_KINDS = {SALE: "sales", VOID: "voids"}


def _shift(shift: cashup.CashUp) -> dict[str, object]:
    flight = f"{shift.flight[0]}{shift.flight[1]}" if shift.flight else "unknown"
    sold = ", ".join(f"{n} {_KINDS[kind]} {money.show(total, currency)}" for currency, kind, n, total in shift.sold)
    return {
        "terminal": shift.terminal,
        "shift": shift.shift,
        "crew": shift.crew or "unknown",
        "flight": flight,
        "sold": sold or "nothing",
        "cash-up": _state(shift),
    }


def _state(shift: cashup.CashUp) -> str:
    if shift.closed is None:
        return "never closed" if shift.ended else "open"
    if shift.numbers and shift.covers and shift.covers != shift.numbers:
        (first, last), (said, to) = shift.numbers, shift.covers
        return f"DIFFERS: says it covers receipts {said} to {to}, which are {first} to {last}"
    return "DIFFERS" if shift.differs else "agrees"
