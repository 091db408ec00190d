"""make screens: every screen that the crew can see, in both languages, on both panels, drawn to build/screens."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

import micropython

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "build/screens"
PANELS = ((240, 240, 1), (128, 64, 2))
# Runs on MicroPython: a line of JSON for each screen
DRAW = """
import binascii, json, sys
sys.path.append("{tests}")
from cabinpay.io.screen import Screen
from screens import Tour
class Panel:
    width, height = {width}, {height}
    band = height
    buffer = bytearray(width * height // 8)
    def draw(self, top):
        pass
    def show(self, *shown):
        pass
    def play(self, tone):
        pass
panel = Panel()
def stop(name):
    print(json.dumps([name, binascii.b2a_base64(panel.buffer).decode()]))
Tour(Screen(panel, panel), "{language}", stop).go()
"""
COLUMNS, ROWS = 6, 4


def screens(language: str, width: int, height: int) -> list[tuple[str, Image.Image]]:
    code = DRAW.format(tests=ROOT / "tests/portable", width=width, height=height, language=language)
    found = []
    for line in micropython.run("-c", code, heap="600k").splitlines():
        name, bits = json.loads(line)
        found.append((name, Image.frombytes("1", (width, height), base64.b64decode(bits)).convert("L")))
    return found


def sheet(part: list[tuple[str, Image.Image]], scale: int) -> Image.Image:
    width, height = (scale * n for n in part[0][1].size)
    page = Image.new("L", (COLUMNS * (width + 8), -(-len(part) // COLUMNS) * (height + 20)), 96)
    for i, (name, image) in enumerate(part):
        x, y = i % COLUMNS * (width + 8) + 4, i // COLUMNS * (height + 20) + 16
        page.paste(ImageOps.scale(image, scale, Image.Resampling.NEAREST), (x, y))
        ImageDraw.Draw(page).text((x, y - 14), name, fill=255)
    return page


def main() -> None:
    OUT.mkdir(parents=True, exist_ok=True)
    for language in ("en", "zh"):
        for width, height, scale in PANELS:
            found = screens(language, width, height)
            for at in range(0, len(found), COLUMNS * ROWS):
                path = OUT / f"{language}-{width}x{height}-{at // (COLUMNS * ROWS) + 1}.png"
                sheet(found[at : at + COLUMNS * ROWS], scale).save(path)
                print(path.relative_to(ROOT))


if __name__ == "__main__":
    main()
