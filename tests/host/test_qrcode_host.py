"""The QR encoder against segno, module for module, and against zxing-cpp, which reads what the screen would show."""

import json
from pathlib import Path

import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from cabinpay.io.qrcode import encode
from vectors import make_qrcode

LONGEST = (0, *make_qrcode.LONGEST)
VERSIONS = range(1, 11)
ALPHANUMERIC = st.sampled_from(make_qrcode.ALPHABET)
FOREIGN = st.characters(exclude_characters=make_qrcode.ALPHABET)


def texts_of(version: int) -> st.SearchStrategy[str]:
    return st.text(ALPHANUMERIC, min_size=LONGEST[version - 1] + 1, max_size=LONGEST[version])


def on_screen(size: int, bitmap: bytearray) -> Image.Image:
    """Pillow unpacks the bitmap, so the layout has a second reader: "1;I" is rows of whole bytes, 1 is black."""
    symbol = Image.frombytes("1", (size, size), bytes(bitmap), "raw", "1;I").convert("L")
    framed = ImageOps.expand(symbol, border=4, fill=255)
    return framed.resize((framed.width * 3, framed.height * 3), Image.Resampling.NEAREST)


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=50, deadline=None, database=None)
@given(data=st.data())
def test_equals_segno_and_is_read_by_zxing(version: int, data: st.DataObject) -> None:
    text = data.draw(texts_of(version))
    size, bitmap = encode(text)
    assert size == 17 + 4 * version
    assert (size, bytes(bitmap)) == make_qrcode.draw(text)
    found = zxingcpp.read_barcodes(on_screen(size, bitmap), formats=zxingcpp.BarcodeFormat.QRCode)
    assert [code.text for code in found] == [text]


@pytest.mark.parametrize("version", VERSIONS)
def test_equals_segno_at_every_length(version: int) -> None:
    for length in range(LONGEST[version - 1] + 1, LONGEST[version] + 1):
        text = (make_qrcode.ALPHABET * 7)[-length:]
        size, bitmap = encode(text)
        assert size == 17 + 4 * version
        assert (size, bytes(bitmap)) == make_qrcode.draw(text)


@given(st.text(ALPHANUMERIC, max_size=155), FOREIGN, st.text(ALPHANUMERIC))
@settings(deadline=None, database=None)
def test_one_foreign_character_is_refused_wherever_it_stands(before: str, foreign: str, after: str) -> None:
    with pytest.raises(ValueError, match="QR character"):
        encode((before + foreign + after)[:311])


@given(st.integers(312, 5000))
@settings(deadline=None, database=None)
def test_longer_than_10_m_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="QR text length"):
        encode("A" * length)


def test_golden_file_is_what_its_script_makes() -> None:
    golden = Path(make_qrcode.__file__).with_name("qrcode.json")
    assert json.loads(golden.read_text()) == make_qrcode.make()
