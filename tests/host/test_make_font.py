"""The generated fonts hold the characters that texts and catalogue use now, and what they say they are made of."""

import ast
import importlib.util
import re
from pathlib import Path

import pytest

from cabinpay.io import font16

ROOT = Path(__file__).resolve().parents[2]
UNIFONT = Path("/usr/share/unifont/unifont.hex")


@pytest.fixture(scope="module")
def maker():
    spec = importlib.util.spec_from_file_location("make_font", ROOT / "boards/fonts/make_font.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def on_flash(maker):
    """{character: bits} of the file that the firmware reads."""
    data = (maker.FOLDER / "font16_zh.bin").read_bytes()
    count = int.from_bytes(data[:2], "big")
    chars = data[2 : 2 + 2 * count].decode("utf-16-be")
    assert len(chars) == count and len(data) == 2 + 34 * count
    return {c: data[2 + 2 * count + 32 * i :][:32] for i, c in enumerate(chars)}


def test_characters_are_those_of_the_texts(maker):
    assert "".join(maker.always()) == font16.CHARS
    assert list(on_flash(maker)) == maker.chinese([])
    assert not set(font16.CHARS) & set(on_flash(maker))


def test_an_airlines_own_catalogue_adds_its_characters(maker, tmp_path):
    path = tmp_path / "menu.csv"
    path.write_text("1,Dragon,龘,1,156\n", encoding="utf-8")
    assert set(maker.chinese([path])) == set(on_flash(maker)) | {"龘"}


def test_files_are_what_the_script_writes(maker):
    """From the glyphs themselves, so that a file changed by hand is found without the font."""
    glyphs = {c: font16.ASCII[16 * i : 16 * i + 16] for i, c in enumerate(maker.ASCII)} | on_flash(maker)
    glyphs |= {c: font16.BITS[32 * i : 32 * i + 32] for i, c in enumerate(font16.CHARS)}
    assert (maker.FOLDER / "font16.py").read_text() == maker.latin_source(glyphs)
    assert (maker.FOLDER / "font16_zh.bin").read_bytes() == maker.chinese_file(glyphs, [])


@pytest.mark.skipif(not UNIFONT.exists(), reason="Debian's package unifont is not installed")
def test_glyphs_are_unifonts(maker):
    font = maker.hex_font(UNIFONT)
    assert (maker.FOLDER / "font16.py").read_text() == maker.latin_source(font)
    assert (maker.FOLDER / "font16_zh.bin").read_bytes() == maker.chinese_file(font, [])


def test_every_refusal_that_the_crew_can_meet_has_lines():
    """Codes in the sources of what the crew's keys reach; session, door, rescue, delivery, bringing and network answer
    the ground."""
    from cabinpay.agent.language import CHINESE, ENGLISH, Texts

    english, chinese = Texts(ENGLISH), Texts(CHINESE)
    ground = {"session", "door", "rescue", "delivery", "bringing", "network"}
    codes: dict[str, str] = {}
    for path in (ROOT / "firmware/cabinpay/agent").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())) if path.stem not in ground else ():
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Refused":
                codes |= {c.value: path.stem for c in ast.walk(node.args[0]) if isinstance(c, ast.Constant)}
    ground_only = {"not_blank", "not_synced", "time_back", "time_ahead"}
    assert {"pin", "void_twice", "price"} <= set(codes)
    for code in set(codes) - ground_only:
        assert re.fullmatch("[a-z_]+", code) and english.get(code) and chinese.get(code), (code, codes[code])
