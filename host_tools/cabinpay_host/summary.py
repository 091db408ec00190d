"""What a sync came to, in sentences that can be read aloud at the gate, and as an object for programs."""

from __future__ import annotations

from typing import Any

from . import money
from .errors import Exit, HostError
from .fleet import Outcome
from .sync import Report

# Percent of a terminal's room from which on somebody should know
FULL = 70
# A crystal is good for some seconds a day: more means that a clock's battery or its setting is to be looked at
DRIFT_SECONDS = 60


def spoken(outcomes: list[Outcome]) -> list[str]:
    """The summary, a sentence or two a line; what to do comes last."""
    reports = [o.report for o in outcomes if o.report]
    lines = [_terminals(outcomes, reports), *(_about(report) for report in reports)]
    lines += [f"{o.port}: NOT synced." for o in outcomes if o.error]
    return [*lines, *(f"Next: {step}" for step in _steps(outcomes))]


def record(outcomes: list[Outcome]) -> dict[str, Any]:
    """The same for programs."""
    reports = [o.report for o in outcomes if o.report]
    return {
        "terminals": [_record(o) for o in outcomes],
        "receipts": sum(r.pulled for r in reports),
        "sums": _shown(_sums(reports)),
        "next": _steps(outcomes),
    }


def judge(outcomes: list[Outcome]) -> None:
    """HostError where something is left to do that a script must not pass over; the first trouble names it."""
    for o in outcomes:
        if o.error:
            raise HostError(o.error.code, f"{o.port} was not synced; the others were", o.error.exit_code)
        if o.report and (step := _trouble(o.report)):
            raise HostError(step[0], f"{o.report.label}: {step[1]}", Exit.CHECKS)


def _terminals(outcomes: list[Outcome], reports: list[Report]) -> str:
    count = f"{len(reports)} of {len(outcomes)} terminals" if len(outcomes) > 1 else f"{len(reports)} terminal"
    sums = ", ".join(_shown(_sums(reports)).values()) or "nothing"
    flags = sum(len(report.exceptions) for report in reports)
    taken = f"{sum(report.pulled for report in reports)} receipts taken in, sold: {sums}"
    return f"{count} synced; {taken}; exceptions: {flags or 'none'}."


def _about(report: Report) -> str:
    new = " (new)" if report.bundle_sent else ""
    held = f"{report.pulled} receipts, {report.acked} of {report.number} acknowledged, {report.full} percent full"
    return f"{report.label}: {held}; agent {report.agent}, bundle {report.bundle}{new}; {_clock(report)}."


def _clock(report: Report) -> str:
    was = "had no time" if report.drift is None else _drift(report.drift)
    return f"its clock {was}" + (" and is set" if report.time == "set" else f", time was {report.time}")


def _drift(seconds: int) -> str:
    if abs(seconds) <= 1:
        return "was right"
    return f"was {abs(seconds)} seconds {'ahead' if seconds > 0 else 'behind'}"


def _steps(outcomes: list[Outcome]) -> list[str]:
    steps = [f"{o.port}: {o.error.line}" for o in outcomes if o.error]
    for report in (o.report for o in outcomes if o.report):
        steps += [f"{report.label}: {line}" for line in _advice(report)]
    return steps or ["nothing; the terminals can go back to their trolleys."]


def _advice(report: Report) -> list[str]:
    trouble = _trouble(report)
    lines = [trouble[1]] if trouble else []
    if report.exceptions:
        lines.append("look at its exceptions with cabinpay ledger exceptions.")
    if report.acked < report.number and trouble is None:
        lines.append("carry new acks to it: cabinpay ledger acks, then sync again.")
    if report.full >= FULL:
        lines.append("it is filling up: sync it after each flight.")
    if report.drift is not None and abs(report.drift) > DRIFT_SECONDS:
        lines.append("its clock was far off: have its battery looked at.")
    return lines


def _trouble(report: Report) -> tuple[str, str] | None:
    """(code, what to do) of what a script must not pass over."""
    if report.refused:
        return "bundle_refused", f"it did not take the bundle: {report.refused} Its receipts are in."
    if report.time != "set":
        return "time_not_set", f"its time was {report.time}; its receipts are in."
    if report.acked < report.number and report.signed:
        line = "it holds receipts that no ack covers. Run cabinpay ledger exceptions, then sync again."
        return "not_all_acked", line
    return None


def _record(outcome: Outcome) -> dict[str, Any]:
    report = outcome.report
    if report is None:
        assert outcome.error is not None
        return {"port": outcome.port, "error": outcome.error.code, "line": outcome.error.line}
    return {
        "port": outcome.port,
        "terminal": report.label,
        "kid": report.terminal_kid.hex(),
        "receipts": report.pulled,
        "sums": _shown(report.sums),
        "number": report.number,
        "acknowledged": report.acked,
        "exceptions": [{"receipt": number, "code": code} for number, code in report.exceptions],
        "full_percent": report.full,
        "agent": report.agent,
        "bundle": report.bundle,
        "bundle_new": report.bundle_sent,
        "time": report.time,
        "drift_seconds": report.drift,
    }


def _sums(reports: list[Report]) -> dict[int, int]:
    sums: dict[int, int] = {}
    for report in reports:
        for currency, amount in report.sums.items():
            sums[currency] = sums.get(currency, 0) + amount
    return sums


def _shown(sums: dict[int, int]) -> dict[str, str]:
    return {money.name(currency): money.show(amount, currency) for currency, amount in sorted(sums.items())}
