"""Makes firmware/cabinpay/io/font16.py: the 16x16 glyphs that messages and catalogue need, from GNU Unifont.

usage: make_font.py [FILE ...]: glyphs of the firmware's own texts, and of the text files named (a catalogue, say).
The font comes from Debian's package `unifont` (dual licence: SIL OFL 1.1, GPL 2 or later with font exception), fetched
with the machine's own apt-get, or from --hex FILE where it is at hand.
"""

from __future__ import annotations

import argparse
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "firmware/cabinpay/io/font16.py"
TEXTS = (ROOT / "firmware/cabinpay/agent/texts_zh.py",)
# shown for a character that the font was not made with
MISSING = "□"
HEAD = '''"""GNU Unifont 15.0 glyphs (SIL OFL 1.1), 16x16, 32 bytes each, row by row, MSB first. Generated: do not edit;
boards/fonts/make_font.py makes it from the characters that the texts use."""

'''


def needed(files: list[Path]) -> list[str]:
    """Characters beyond ASCII of the texts, in code point order."""
    found = {c for path in (*TEXTS, *files) for c in path.read_text(encoding="utf-8") if ord(c) > 0x7F}
    return sorted(found | {MISSING})


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


def source(chars: list[str], font: dict[str, bytes]) -> str:
    glyphs = [widened(font[c]) for c in chars]
    escapes = ("".join("\\x%02x" % byte for byte in font_glyph) for font_glyph in glyphs)  # noqa: UP031
    rows = "\n".join(f'    b"{escape}"' for escape in escapes)
    text = "".join(chars)
    parts = "\n".join(f'    "{text[i : i + 50]}"' for i in range(0, len(text), 50))
    return f"{HEAD}# fmt: off\nCHARS = (\n{parts}\n)\nBITS = (\n{rows}\n)\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="texts whose characters are needed too")
    parser.add_argument("--hex", type=Path, help="a unifont .hex file, instead of Debian's package")
    args = parser.parse_args()
    chars = needed(args.files)
    OUT.write_text(source(chars, hex_font(args.hex)), encoding="utf-8")
    print(f"{OUT.relative_to(ROOT)}: {len(chars)} glyphs")


if __name__ == "__main__":
    main()
