"""What an airline should know of a bundle before it goes to a fleet: does it hold, and will anything stop while it is
in force, because an old key ends before a new one begins."""

from pathlib import Path
from typing import Any

from cabinpay.wire.keys import kid
from cabinpay.wire.trust import Bundle, Delegation

from . import bundle_files, money
from .bundle_spec import DAY, RIGHTS
from .bundle_text import moment
from .errors import HostError

# A delegation, or a bundle, that ends sooner than this leaves no time for the next one to reach every aircraft
SOON = 3 * DAY


def faults(path: Path, bundle: Bundle, delegation: Delegation, now: int) -> list[str]:
    """Why terminals will refuse the bundle in `path`, or its files; empty where nothing is wrong."""
    found = []
    if now > bundle.not_after:
        found.append(f"the bundle has run out: {moment(bundle.not_after)}")
    if now > delegation.not_after:
        found.append(f"the delegation has run out: {moment(delegation.not_after)}")
    if bundle.issued > now:
        found.append(f"the bundle was issued in the future: {moment(bundle.issued)}; is this computer's clock right?")
    return found + _file_faults(path, bundle)


def warnings(bundle: Bundle, delegation: Delegation, now: int) -> list[str]:
    """What will stop, or soon, while the bundle is in force."""
    end = min(bundle.not_after, delegation.not_after)
    found = []
    if delegation.not_after < bundle.not_after:
        found.append(f"the delegation ends before the bundle: {moment(delegation.not_after)}")
    if 0 <= end - now < SOON:
        found.append(f"it runs out on {moment(end)}: bring the next one in time")
    for currency in bundle.currencies:
        windows = [entry[1:3] for entry in bundle.issuers if currency[0] in [row[0] for row in entry[3]]]
        found += _gaps(f"no issuer for {money.name(currency[0])}", windows, now, end)
    for right, flag in RIGHTS.items():
        windows = [entry[1:3] for entry in bundle.ground if entry[3] & flag]
        if windows or right != "maintain":
            found += _gaps(f"no ground key with the right {right}", windows, now, end)
    return found + _unused(bundle, end)


def _gaps(what: str, windows: list[list[int]], start: int, end: int) -> list[str]:
    """Where no window covers the time from `start` to `end`; windows are half open."""
    found, covered = [], start
    for begin, until in sorted(windows):
        if covered < begin <= end:
            found.append(f"{what} from {moment(covered)} to {moment(begin)}")
        covered = max(covered, begin, until)
    if covered <= end:
        found.append(f"{what} from {moment(covered)} on")
    return found


def _unused(bundle: Bundle, end: int) -> list[str]:
    """Keys whose window does not touch the bundle's time."""
    return [
        f"key {kid(entry[0]).hex()} is of no use: its window is {moment(entry[1])} to {moment(entry[2])}"
        for entry in bundle.issuers + bundle.ground
        if entry[2] <= bundle.issued or entry[1] > end
    ]


def _file_faults(path: Path, bundle: Bundle) -> list[str]:
    found = []
    for entry in bundle.files or []:
        try:
            data = bundle_files.load(path, [entry])[entry[0]]
        except HostError as e:
            found.append(e.line)
            continue
        if not bundle_files.ascending(entry[0], data):
            found.append(f"file {entry[0]}: its rows are out of order; make the bundle again")
    return found


def record(errors: list[str], warned: list[str], bundle: Bundle) -> dict[str, Any]:
    return {"version": bundle.version, "faults": errors, "warnings": warned}
