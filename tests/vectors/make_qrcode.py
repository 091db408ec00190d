"""Makes qrcode.json: what segno, an encoder of other hands, draws for the shortest and longest text of each version."""

import hashlib
import json
import random
from pathlib import Path
from unittest.mock import patch

import segno
from segno import encoder

ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
LONGEST = (20, 38, 61, 90, 122, 154, 178, 221, 262, 311)  # characters at level M, version 1..10, ISO/IEC 18004 table 7
MASK = 0


def fill_last_byte(bits: encoder.Buffer, _version: int, length: int) -> None:
    """Segno adds a whole zero byte where text and terminator already end at a byte (heuer/segno issue 148)."""
    bits.extend([0] * (-length % 8))


def draw(text: str) -> tuple[int, bytes]:
    """Size and bitmap as the terminal's screen takes it: rows of whole bytes, most significant bit left, 1 is dark."""
    with patch.object(encoder, "write_padding_bits", fill_last_byte):
        code = segno.make(text, error="m", mode="alphanumeric", mask=MASK, micro=False, boost_error=False)
    size = len(code.matrix)
    padding = -size % 8
    rows = (int("".join(map(str, row)), 2) << padding for row in code.matrix)
    return size, b"".join(row.to_bytes((size + padding) // 8, "big") for row in rows)


def make() -> list[dict[str, object]]:
    chance = random.Random("cabinpay qrcode")
    lengths = sorted({1, 71, *LONGEST, *(longest + 1 for longest in LONGEST[:-1])})  # 71 is about a bill
    cases: list[dict[str, object]] = []
    for length in lengths:
        text = "".join(chance.choice(ALPHABET) for _ in range(length))
        size, bitmap = draw(text)
        cases.append({"text": text, "size": size, "sha256": hashlib.sha256(bitmap).hexdigest()})
    return cases


if __name__ == "__main__":
    Path(__file__).with_name("qrcode.json").write_text(json.dumps(make(), indent=1) + "\n")
