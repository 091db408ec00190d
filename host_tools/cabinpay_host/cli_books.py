"""cabinpay ledger, continued: what people decide, and what only auditors see."""

from pathlib import Path
from typing import Annotated

import typer

from cabinpay.wire.schema import U32

from . import acks as signed_acks
from . import keys, screen
from .cli_keys import AsJson
from .cli_ledger import Location, Reader, open_ledger, place, user
from .errors import Exit, HostError
from .ledger import registry, roles, views
from .ledger.rebuild import rebuild as rebuild_ledger
from .ledger.store import WAIT, Ledger
from .ledger.upgrade import upgrade as upgrade_ledger

# Lines of what is missing that fit into one
MOST_TOLD = 5

Name = Annotated[str, typer.Argument(metavar="TERMINAL", help="A terminal's label, or its id in hex.")]
Author = Annotated[str | None, typer.Option(help="Who decides this, if not the system's user.")]


def mount(app: typer.Typer) -> None:
    """Adds these commands to the group `ledger`."""
    app.command(epilog='Example: cabinpay ledger refund CART-7 12 --amount 350 --reason "it was cold" --author kim')(
        refund
    )
    app.command(epilog="Example: cabinpay ledger acks --ledger airline.db --ack ledger.key --out acks")(acks)
    app.command(epilog="Example: cabinpay ledger lost CART-7 --at 240")(lost)
    app.command(epilog="Example: cabinpay ledger rebuild --from airline.db.archive --ledger again.db")(rebuild)
    app.command(epilog="Example: cabinpay ledger upgrade --ledger airline.db")(upgrade)
    app.command(epilog="Example: cabinpay ledger auditor kim --ledger airline.db")(auditor)
    app.command(epilog="Example: cabinpay ledger evidence CART-7 12 --ledger airline.db")(evidence)


def refund(
    terminal: Name,
    number: Annotated[int, typer.Argument(min=1, max=U32, help="Number of the sale's receipt.")],
    ledger: Location,
    amount: Annotated[int, typer.Option(help="Minor units of the sale's currency.")],
    reason: Annotated[str, typer.Option(help="Why; the passenger's statement shows it.")],
    author: Annotated[str, typer.Option(help="Who decides this.")],
    receipt: Annotated[str | None, typer.Option(metavar="SHA256", help="Which one, where a fork has several.")] = None,
) -> None:
    """Give a debit back, in part or whole; all refunds of a payment never exceed it. There is no way back."""
    with open_ledger(ledger) as book:
        made = book.refund(terminal_kid(book, terminal), number, amount, reason, author, _hex(receipt))
    print(made.hex())


def acks(
    ledger: Location,
    ack: Annotated[Path, typer.Option(help="The ledger's key (right ack).", metavar="KEY")],
    out: Annotated[Path, typer.Option(help="Folder; made where it is missing.")],
) -> None:
    """Sign acks for laptops to carry that must not hold this key: what they pulled may then be freed."""
    with open_ledger(ledger) as book:
        count = signed_acks.write(out, book, keys.load_secret(ack, "ledger"))
    screen.note(f"{count} acks are in {out}: carry them with cabinpay sync --acks {out}")


def lost(
    terminal: Name,
    ledger: Location,
    at: Annotated[int, typer.Option(help="Its last good receipt; 0 for none.")],
) -> None:
    """Report a terminal lost: whatever it signs above the number debits nobody, and what it debited is reversed."""
    with open_ledger(ledger) as book:
        book.report_lost(terminal_kid(book, terminal), at)
    screen.note(f"{terminal} is closed at receipt {at}")


def rebuild(
    archive: Annotated[Path, typer.Option("--from", help="A ledger's archive. It is not changed.")],
    ledger: Location,
) -> None:
    """Make a ledger again from its archive alone, beside a copy of that. Ends with 7 where something of it is missing,
    and says what."""
    book, missing = rebuild_ledger(archive, *place(ledger))
    with book:
        print(book.id.hex())
    if missing:
        more = f", and {len(missing) - MOST_TOLD} more" if len(missing) > MOST_TOLD else ""
        advice = "sync every terminal, give what else was lost again, and rebuild from the new archive"
        raise HostError("archive_damaged", f"{'; '.join(missing[-MOST_TOLD:])}{more}: {advice}", Exit.CHECKS)


def upgrade(ledger: Location) -> None:
    """Bring a ledger of an earlier version up to this program's: all of it or nothing."""
    before, after = upgrade_ledger(*place(ledger), WAIT)
    screen.note(f"version {after} already" if before == after else f"version {before} is now {after}")


def auditor(
    ledger: Location,
    name: Annotated[str | None, typer.Argument(help="Whom to name; without, all are shown.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the role away.")] = False,
    author: Author = None,
    as_json: AsJson = False,
) -> None:
    """Name an auditor: somebody to whom these commands show evidence. It guards no file: whoever can read the ledger's
    file can read what is in it."""
    with open_ledger(ledger) as book:
        if name is not None:
            book.name_auditor(name, author or user(), not remove)
            return
        with book.reading() as session:
            rows = [{"name": r.name, "role": r.role, "named by": r.author} for r in roles.auditors(session)]
    screen.show_json({"roles": rows}) if as_json else screen.show_rows("Roles", rows)


def evidence(
    terminal: Name,
    number: Annotated[int, typer.Argument(min=1, max=U32, help="Number of the receipt.")],
    ledger: Location,
    reader: Reader = None,
    as_json: AsJson = False,
) -> None:
    """Show pass, payment and lines of a sale, to an auditor."""
    with open_ledger(ledger) as book, book.reading() as session:
        kid = registry.terminal_named(session, terminal).kid
        seen = views.evidence(session, kid, number, reader or user())
    rows = [
        {
            "sha256": e.sha256.hex(),
            "pass": e.signed_pass.hex(),
            "payment": e.payment.hex(),
            "lines": [list(line) for line in e.lines],
            "nonce": e.nonce.hex() if e.nonce else None,
        }
        for e in seen
    ]
    screen.show_json({"evidence": rows}) if as_json else screen.show_rows("Evidence", rows)


def terminal_kid(book: Ledger, terminal: str) -> bytes:
    with book.reading() as session:
        return registry.terminal_named(session, terminal).kid


def _hex(text: str | None) -> bytes | None:
    try:
        return None if text is None else bytes.fromhex(text)
    except ValueError:
        raise HostError("usage", "--receipt takes a receipt's SHA-256 in hex", Exit.USAGE) from None
