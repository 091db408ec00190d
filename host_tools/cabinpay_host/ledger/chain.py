"""Where a receipt stands in its terminal's chain. These flags come and go with what else the ledger holds."""

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import FIRST_PREVIOUS

from .models import REFUSED, ReceiptRow

STANDING = ("chain", "gap", "fork", "break")


class _Link(NamedTuple):
    """before: the number that this receipt follows: one less, or a break's last good one."""

    ident: int
    number: int
    sha256: bytes
    previous: bytes | None
    before: int


def standing(session: Session, rows: Iterable[ReceiptRow]) -> dict[int, dict[str, str]]:
    """By receipt id, the codes (with details) of `rows` and of every receipt whose standing they touch."""
    touched: defaultdict[bytes, set[int]] = defaultdict(set)
    for row in rows:
        touched[row.terminal_kid].add(row.number)
    found = {}
    for kid, numbers in touched.items():
        links = _links(session, kid, numbers)
        for link in [link for same in links.values() for link in same]:
            if link.number in numbers or link.before in numbers:
                found[link.ident] = _codes(link, links)
    return found


def _links(session: Session, kid: bytes, numbers: set[int]) -> defaultdict[int, list[_Link]]:
    """By number: the receipts whose standing `numbers` touch, and all that these hang on."""
    mine = ReceiptRow.terminal_kid == kid
    near = _read(session, mine & ReceiptRow.number.between(min(numbers) - 1, max(numbers) + 1))
    breaks = _read(session, mine & ReceiptRow.good.between(min(numbers), max(numbers)))
    ends = {link.before for link in near} | {link.number for link in breaks}
    far = _read(session, mine & ReceiptRow.number.in_(ends - {link.number for link in near}))
    links: defaultdict[int, list[_Link]] = defaultdict(list)
    for link in {link.ident: link for link in (*near, *breaks, *far)}.values():
        links[link.number].append(link)
    return links


def _read(session: Session, where: ColumnElement[bool]) -> list[_Link]:
    columns = (
        ReceiptRow.id,
        ReceiptRow.number,
        ReceiptRow.sha256,
        ReceiptRow.previous,
        ReceiptRow.good,
        ReceiptRow.state,
    )
    # whoever forged a break explains nothing by it
    return [
        _Link(ident, number, sha256, previous, number - 1 if good is None or state == REFUSED else good)
        for ident, number, sha256, previous, good, state in session.execute(select(*columns).where(where))
    ]


def _codes(link: _Link, links: defaultdict[int, list[_Link]]) -> dict[str, str]:
    codes = {}
    same, before = links[link.number], links[link.before]
    if len(same) > 1:
        codes["fork"] = f"{len(same)} different receipts have this number"
    if link.before < link.number - 1:
        codes["break"] = f"numbers {link.before + 1} to {link.number - 1} were lost"
    if link.before > 0 and not before:
        codes["gap"] = f"number {link.before} is missing"
    elif link.previous is not None and link.previous not in ([b.sha256 for b in before] or [FIRST_PREVIOUS]):
        codes["chain"] = "does not follow the receipt before it"
    return codes
