"""What is stuck on a terminal: its name, as text and as a QR code; and names for several terminals in a row."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import segno

from ..errors import Exit, HostError


def text(name: str, kid: bytes) -> str:
    """Lines for a terminal window: the name as a QR code, and below it in letters with the key's id."""
    out = io.StringIO()
    # error level Q: a label on a trolley is scratched
    segno.make(name, error="q", micro=False).terminal(out, border=4, compact=True)
    return f"{out.getvalue()}\n    {name}\n    {kid.hex()}\n"


def names(first: str, taken: set[str]) -> Iterator[str]:
    """`first`, then its number counted on with as many digits, without those that are taken."""
    number = re.search(r"[0-9]+$", first)
    if number is None:
        raise HostError("bad_label", f"with --all a label ends in a number to count from, like {first}-001", Exit.USAGE)
    digits = len(number[0])
    for n in range(int(number[0]), 10**digits):
        name = f"{first[: number.start()]}{n:0{digits}}"
        if name not in taken:
            yield name
    raise HostError("bad_label", f"the numbers from {first} on are used up", Exit.USAGE)
