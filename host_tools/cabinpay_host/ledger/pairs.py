"""Rows by two columns at once, so that every database uses the index that begins with them."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_
from sqlalchemy.orm import InstrumentedAttribute


def among(
    first: InstrumentedAttribute[Any], second: InstrumentedAttribute[Any], pairs: Iterable[tuple[Any, Any]]
) -> ColumnElement[bool]:
    """Is (first, second) one of `pairs`? Said for each value of `first` alone, of which there are few: for a list of
    pairs SQLite goes through the whole table, a million rows for each delivery."""
    seconds: defaultdict[Any, set[Any]] = defaultdict(set)
    for one, other in pairs:
        seconds[one].add(other)
    return or_(false(), *(and_(first == one, second.in_(others)) for one, others in seconds.items()))
