"""Makes the terminal's fonts from GNU Unifont, 16 pixels high: firmware/cabinpay/io/font16.py (ASCII, and what an
English screen shows besides) and font16_zh.bin (what Chinese texts and the catalogue need).

usage: make_font.py [FILE ...]: glyphs of the firmware's own texts, of the demo's catalogue, and of the text files named
(an airline's catalogue, say). The font comes from Debian's package `unifont` (dual licence: SIL OFL 1.1, GPL 2 or later
with font exception), fetched with the machine's own apt-get, or from --hex FILE where it is at hand.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "firmware/cabinpay/io"
AGENT = ROOT / "firmware/cabinpay/agent"
ASCII = [chr(code) for code in range(0x20, 0x7F)]
# shown for a character that the font was not made with
MISSING = "□"
HEAD = '''"""GNU Unifont 15.0 glyphs (SIL OFL 1.1), 16 pixels high, row by row, MSB first. Generated: do not edit;
boards/fonts/make_font.py makes it from the characters that the texts use."""

# fmt: off
'''


def beyond_ascii(*files: Path) -> set[str]:
    return {c for path in files for c in path.read_text(encoding="utf-8") if ord(c) > 0x7F}


def always() -> list[str]:
    """Characters beyond ASCII that are loaded whatever the language, in code point order."""
    return sorted(beyond_ascii(AGENT / "en.txt") | {MISSING})


def chinese(files: list[Path]) -> list[str]:
    """The others that Chinese texts, the demo's catalogue and `files` use."""
    return sorted(beyond_ascii(AGENT / "zh.txt", ROOT / "tests/demo/catalogue.csv", *files) - set(always()))


def hex_font(path: Path | None) -> dict[str, bytes]:
    """Glyphs of a Unifont .hex file: CODE:BITMAP, 16 or 32 bytes."""
    if path is None:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["apt-get", "download", "-q", "unifont"], cwd=folder, check=True, capture_output=True)
            (package,) = Path(folder).glob("*.deb")
            subprocess.run(["dpkg", "-x", str(package), folder], check=True)
            return hex_font(Path(folder) / "usr/share/unifont/unifont.hex")
    lines = (line.split(":") for line in path.read_text().split())
    return {chr(int(code, 16)): bytes.fromhex(bits) for code, bits in lines}


def widened(bits: bytes) -> bytes:
    """A glyph of 8 columns in the left half of 16."""
    return bits if len(bits) == 32 else b"".join(bytes((row, 0)) for row in bits)


def bits_source(name: str, glyphs: list[bytes]) -> str:
    rows = ("".join(f"\\x{byte:02x}" for byte in glyph) for glyph in glyphs)
    return f"{name} = (\n" + "".join(f'    b"{row}"\n' for row in rows) + ")\n"


def source(chars: list[str], font: dict[str, bytes]) -> str:
    """CHARS and BITS: characters of 16 columns, 32 bytes each."""
    text = "".join(chars)
    parts = "".join(f'    "{text[i : i + 50]}"\n' for i in range(0, len(text), 50))
    return f"CHARS = (\n{parts})\n" + bits_source("BITS", [widened(font[c]) for c in chars])


def latin_source(font: dict[str, bytes]) -> str:
    """font16.py"""
    return HEAD + bits_source("ASCII", [font[c] for c in ASCII]) + source(always(), font)


def chinese_file(font: dict[str, bytes], files: list[Path]) -> bytes:
    """font16_zh.bin: how many, the characters in order, 2 bytes each, and 32 bytes of each."""
    chars = [c for c in chinese(files) if ord(c) < 0x10000]
    head = b"".join(number.to_bytes(2, "big") for number in (len(chars), *map(ord, chars)))
    return head + b"".join(widened(font[c]) for c in chars)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="texts whose characters are needed too")
    parser.add_argument("--hex", type=Path, help="a unifont .hex file, instead of Debian's package")
    args = parser.parse_args()
    font = hex_font(args.hex)
    (FOLDER / "font16.py").write_text(latin_source(font), encoding="utf-8")
    (FOLDER / "font16_zh.bin").write_bytes(chinese_file(font, args.files))
    print(f"{len(ASCII)} + {len(always())} + {len(chinese(args.files))} glyphs")


if __name__ == "__main__":
    main()
