"""What the archive and the database hold must be the same, item by item, in both directions."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from .archive import COMMITTED, DECISIONS, HEADER, RETRACTED, Archive, Record, standing
from .audit_items import RECORDS, TABLES, Item, Keys
from .audit_sql import rows


@dataclass
class Stock:
    keys: Keys = field(default_factory=Keys)
    faults: list[str] = field(default_factory=list)


def stock(session: Session, archive: Archive) -> Stock:
    """The faults of archive against database, and the keys to open receipts with."""
    found = Stock()
    (meta,) = rows(session, "SELECT archive_length FROM meta")
    walk = _Walk(archive, meta.archive_length, found)
    archived = dict(found.keys.lost)
    lost = 0
    for item in _database(session, found.keys):
        there = walk.items.pop(item.name, None)
        if not item.whole:
            found.faults.append(f"not what it was stored as: {item.name}")
        elif there != item.digest and not walk.complete:
            lost += 1
        elif there is None:
            found.faults.append(f"in the database, not in the archive: {item.name}")
        elif there != item.digest:
            found.faults.append(f"differs from the archive: {item.name}")
    found.faults += [f"in the archive, not in the database: {name}" for name in walk.items]
    if walk.complete:
        found.keys.lost = archived  # a mark in the database alone closes no terminal
    else:
        # one fault, however much of the database it leaves without a copy
        found.faults.append(f"{walk.stopped}; {lost} items of the database are not in it")
    return found


class _Walk:
    """The archive from end to end. items: of its records up to `length`, what the ledger says it has committed;
    complete: they reach there; stopped: where they end if they do not."""

    def __init__(self, archive: Archive, length: int, found: Stock) -> None:
        self.items: dict[str, bytes] = {}
        self.stopped = ""
        self._decisions: list[Record] = []
        end = reached = HEADER
        more = 0
        for record, after in archive.records():
            end = after
            if after <= length:
                reached = after
                self._sort(record, found)
            else:
                more += 1
        self._decide(found)
        self.complete = reached == length
        size = archive.size()
        if not self.complete:
            self.stopped = f"the archive can be read to byte {end} of {size}, the ledger wrote {length}"
        elif size > length:
            torn = f", torn after byte {end}" if size > end else ""
            found.faults.append(
                f"the archive has {size - length} bytes ({more} whole records{torn}) more than the ledger wrote: "
                "an append that was cut off, or one that is under way"
            )

    def _sort(self, record: Record, found: Stock) -> None:
        """Decisions wait for the end: a later record may take one back."""
        if record.kind in (*DECISIONS, RETRACTED, COMMITTED):
            self._decisions.append(record)
        else:
            self._take(record, found)

    def _decide(self, found: Stock) -> None:
        for record in standing(self._decisions):
            self._take(record, found)

    def _take(self, record: Record, found: Stock) -> None:
        try:
            items = RECORDS[record.kind](found.keys, *record.fields)
        except (KeyError, TypeError, ValueError):
            found.faults.append(f"a record of kind {record.kind} in the archive cannot be understood")
        else:
            for item in items:
                self._put(item)

    def _put(self, item: Item) -> None:
        if item.digest is None:
            self.items.pop(item.name, None)
        else:
            # one that says nothing more than its name takes nothing back
            self.items[item.name] = item.digest or self.items.get(item.name, b"")


def _database(session: Session, keys: Keys) -> Iterator[Item]:
    for query, item in TABLES:
        for row in rows(session, query):
            yield item(keys, row)
