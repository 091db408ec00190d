"""cabinpay enrol: an issuer gives a passenger's phone a pass."""

import datetime
import time
from pathlib import Path
from typing import Annotated

import typer

from cabinpay.wire import cose
from cabinpay.wire.claims import Pass

from . import codec, files, keys, screen
from . import enrol as enrolment
from .cli_ledger import open_ledger
from .errors import Exit, HostError
from .wallet import Wallet

_EPOCH = datetime.date(1970, 1, 1)


def enrol(
    issuer: Annotated[Path, typer.Option(help="The issuer's .key file.", metavar="KEY")],
    policy: Annotated[Path, typer.Option(help="TOML: lowest score and what a pass is good for.", metavar="TOML")],
    airline: Annotated[str, typer.Option(help="Two-letter designator, like 9C.")],
    score: Annotated[int, typer.Option(help="The passenger's credit score.")],
    out: Annotated[Path, typer.Option(help="The pass; never overwrites a file.", metavar="PASS")],
    device: Annotated[str | None, typer.Option(help="The phone's public key.", metavar="HEX")] = None,
    wallet: Annotated[Path | None, typer.Option(help="Or its wallet file.", metavar="FILE")] = None,
    flight: Annotated[int | None, typer.Option(help="For this flight only: number without carrier.")] = None,
    date: Annotated[str | None, typer.Option(help="Its scheduled departure, UTC.", metavar="YYYY-MM-DD")] = None,
    ledger: Annotated[str | None, typer.Option(help="Note in this ledger whose pass it is.")] = None,
    passenger: Annotated[str | None, typer.Option(help="The platform's reference, for statements.")] = None,
) -> None:
    """Issue a pass to a phone, if the passenger's score is high enough.

    The policy is a small file:

    ```
    minimum_score = 550
    days = 7
    currency = 156
    per_sale = 20000
    total = 50000
    count = 20
    ```

    Example: cabinpay enrol --issuer platform.key --policy policy.toml --airline 9C --score 620
    --wallet alice.wallet --out alice.pass --flight 8863 --date 2027-01-31
    """
    key = keys.load_secret(issuer, "issuer")
    rules = enrolment.read_policy(policy)
    public = _device(device, wallet)
    if (ledger is None) != (passenger is None):
        raise HostError("usage", "--ledger and --passenger go together", Exit.USAGE)
    signed = enrolment.issue_pass(key, rules, airline, score, public, int(time.time()), _flight(flight, date))
    if ledger is not None and passenger is not None:
        # first: a pass that is out and stands for nobody in the ledger is worse than an entry without a pass
        _note(ledger, key.kid, signed, passenger)
    files.create(out, signed)
    screen.note(f"{out}: a pass for {rules.days} days, {rules.count} sales at most; add it with cabinpay wallet add")


def _note(ledger: str, issuer_kid: bytes, signed: bytes, passenger: str) -> None:
    terms = Pass.unpack(cose.parse(signed, codec).payload, codec)
    with open_ledger(ledger) as book:
        book.add_enrolment(issuer_kid, terms.cti, terms.sub, passenger)


def _device(device: str | None, wallet: Path | None) -> bytes:
    if (device is None) == (wallet is None):
        raise HostError("usage", "give either --device or --wallet", Exit.USAGE)
    if wallet is not None:
        return Wallet(wallet).public
    try:
        return bytes.fromhex(device or "")
    except ValueError:
        return b""


def _flight(number: int | None, date: str | None) -> tuple[int, int] | None:
    if (number is None) != (date is None):
        raise HostError("usage", "--flight and --date go together", Exit.USAGE)
    if number is None or date is None:
        return None
    return number, (read_date(date) - _EPOCH).days


def read_date(text: str) -> datetime.date:
    """The day that YYYY-MM-DD names."""
    try:
        return datetime.datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        raise HostError("usage", "a date is a day like 2027-01-31", Exit.USAGE) from None
