"""The morning's report: what a person wants to see first. Gathered here; drawn by report_html.py and report_pdf.py."""

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from .. import money
from . import batches, totals, views
from .totals import Group, Sum

# Bars in a chart: more cannot be told apart
BARS = 12


@dataclass(frozen=True)
class Figure:
    """A number to look at; alarm: it should not be so."""

    name: str
    value: str
    alarm: bool = False


@dataclass(frozen=True)
class Chart:
    """Bars: (label, length, text beside it)."""

    title: str
    bars: list[tuple[str, int, str]]


@dataclass(frozen=True)
class Table:
    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    right: int = 0  # how many of the last columns are numbers


@dataclass(frozen=True)
class Report:
    title: str
    subtitle: str
    figures: list[Figure]
    charts: list[Chart]
    tables: list[Table]


def gather(session: Session, ledger: bytes, now: int, day: int | None) -> Report:
    """day: days since 1970, or None for everything held."""
    sold = totals.totals(session, day)
    open_ = views.exceptions(session, unworked=True)
    unequal = any(views.trial_balance(session).values())
    return Report(
        "Sales on board" if day is None else f"Sales on board, {date(day)}",
        f"Ledger {ledger.hex()[:8]}, as of {_moment(now)} UTC",
        _figures(sold, len(open_), unequal),
        [*_charts(sold), *_trouble(open_)],
        [_sold_table(sold), _to_collect(session), _exceptions_table(open_)],
    )


def date(day: int) -> str:
    return str(datetime.date(1970, 1, 1) + datetime.timedelta(days=day)) if day >= 0 else "unknown day"


def _moment(now: int) -> str:
    return datetime.datetime.fromtimestamp(now, datetime.UTC).strftime("%Y-%m-%d %H:%M")


def _figures(sold: dict[tuple[Group, int], Sum], exceptions: int, unequal: bool) -> list[Figure]:
    net: Counter[int] = Counter()
    for (_, currency), total in sold.items():
        net[currency] += total.net
    flights = {(group.day, group.flight) for group, _ in sold}
    sales, voids = sum(t.sales for t in sold.values()), sum(t.voids for t in sold.values())
    return [
        *(Figure(f"net sales {money.name(code)}", money.show(amount, code)) for code, amount in net.items()),
        Figure("sales", f"{sales:,}"),
        Figure("cancelled", f"{voids:,}"),
        Figure("flights", f"{len(flights):,}"),
        Figure("exceptions to work through", f"{exceptions:,}", exceptions > 0),
        Figure("books", "DO NOT BALANCE" if unequal else "balance", unequal),
    ]


def _charts(sold: dict[tuple[Group, int], Sum]) -> list[Chart]:
    found = []
    for currency in sorted({currency for _, currency in sold}):
        for what in ("flight", "crew"):
            net: Counter[str] = Counter()
            for (group, other), total in sold.items():
                if other == currency:
                    net[getattr(group, what) or "unknown"] += total.net
            bars = [(label, amount, money.show(amount, currency)) for label, amount in net.most_common(BARS)]
            found.append(Chart(f"Net sales by {what}, {money.name(currency)}", bars))
    return found


def _trouble(open_: list[views.Raised]) -> list[Chart]:
    codes = Counter(e.code for e in open_)
    bars = [(code, n, f"{n:,}") for code, n in codes.most_common(BARS)]
    return [Chart("Exceptions to work through", bars)] if bars else []


def _sold_table(sold: dict[tuple[Group, int], Sum]) -> Table:
    rows = [
        (
            date(group.day), group.flight or "unknown", group.aircraft or "-", group.crew or "-",
            f"{total.sales:,}", f"{total.voids:,}", money.show(total.net, currency),
        )
        for (group, currency), total in sold.items()
    ]  # fmt: skip
    return Table("By flight", ("day", "flight", "aircraft", "crew", "sales", "cancelled", "net"), rows, 3)


def _to_collect(session: Session) -> Table:
    rows = [
        (kid.hex(), f"{passes:,}", money.show(amount, currency))
        for kid, currency, passes, amount in batches.outstanding(session)
    ]
    return Table("To be collected", ("issuer", "passes", "amount"), rows, 2)


def _exceptions_table(open_: list[views.Raised]) -> Table:
    rows = [(e.terminal, str(e.number), e.code, e.detail) for e in open_[:200]]
    more = f" (the first 200 of {len(open_):,})" if len(open_) > 200 else ""
    return Table(f"Exceptions to work through{more}", ("terminal", "receipt", "what", "detail"), rows)
