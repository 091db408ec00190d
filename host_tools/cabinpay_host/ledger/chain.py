"""Where a receipt stands in its terminal's chain. These flags come and go with what else the ledger holds."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from cabinpay.wire.receipts import FIRST_PREVIOUS

from .models import ReceiptRow

STANDING = ("chain", "gap", "fork")

_Link = tuple[int, bytes, bytes | None]


def standing(session: Session, rows: Iterable[ReceiptRow]) -> dict[int, dict[str, str]]:
    """By receipt id, the codes (with details) of `rows` and of every receipt whose standing they touch."""
    touched: defaultdict[bytes, set[int]] = defaultdict(set)
    for row in rows:
        touched[row.terminal_kid] |= {row.number, row.number + 1}
    found = {}
    for kid, numbers in touched.items():
        links = _links(session, kid, min(numbers) - 1, max(numbers))
        for number in numbers:
            for link in links[number]:
                found[link[0]] = _codes(number, link, links)
    return found


def _links(session: Session, kid: bytes, low: int, high: int) -> defaultdict[int, list[_Link]]:
    query = select(ReceiptRow.number, ReceiptRow.id, ReceiptRow.sha256, ReceiptRow.previous).where(
        ReceiptRow.terminal_kid == kid, ReceiptRow.number.between(low, high)
    )
    links: defaultdict[int, list[_Link]] = defaultdict(list)
    for number, ident, sha256, previous in session.execute(query):
        links[number].append((ident, sha256, previous))
    return links


def _codes(number: int, link: _Link, links: defaultdict[int, list[_Link]]) -> dict[str, str]:
    codes = {}
    if len(links[number]) > 1:
        codes["fork"] = f"{len(links[number])} different receipts have this number"
    before = links[number - 1]
    if number > 1 and not before:
        codes["gap"] = f"number {number - 1} is missing"
    elif link[2] is not None and link[2] not in ([sha for _, sha, _ in before] if number > 1 else [FIRST_PREVIOUS]):
        codes["chain"] = "does not follow the receipt before it"
    return codes
