"""QR codes (ISO/IEC 18004) as pictures, drawn by segno and read by zxing-cpp: alphanumeric mode, error level M.

Codes: picture_bad, code_missing, code_many, all with exit code 3.
"""

import io
import struct
import warnings
from pathlib import Path

import segno
import zxingcpp
from PIL import Image

from . import files
from .errors import Exit, HostError

# A phone's photograph at its largest; beyond these nobody has photographed a screen
MAX_FILE = 32 << 20
MAX_PIXELS = 64_000_000
# What Pillow raises on damaged files, which it does not gather under one name
_BOMB = Image.DecompressionBombError
_PILLOW = (OSError, ValueError, SyntaxError, EOFError, struct.error, IndexError, TypeError, _BOMB)
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")


def draw(text: str) -> segno.QRCode:
    """The QR code of a text in the QR alphanumeric set, in the smallest version that holds it at level M."""
    return segno.make(text, mode="alphanumeric", error="m", micro=False, boost_error=False)


def png(text: str, scale: int = 8) -> bytes:
    """A PNG file with `scale` pixels a module and a quiet zone of four modules."""
    out = io.BytesIO()
    draw(text).save(out, kind="png", scale=scale, border=4)
    return out.getvalue()


def svg(text: str, scale: int = 8) -> bytes:
    """An SVG file with `scale` units a module and a quiet zone of four modules, on white."""
    out = io.BytesIO()
    draw(text).save(out, kind="svg", scale=scale, border=4, light="#fff")
    return out.getvalue()


def terminal(text: str) -> str:
    """Lines for a dark terminal window, two modules high each, with a quiet zone of four modules."""
    out = io.StringIO()
    draw(text).terminal(out, border=4, compact=True)
    return out.getvalue()


def read_picture(path: Path) -> str:
    """Text of the one QR code in a picture; of several, the one that is Cabinpay's."""
    image = _open(path, files.read(path, MAX_FILE))
    found = zxingcpp.read_barcodes(image, formats=zxingcpp.barcode_formats_from_str("QRCode"))
    texts = {code.text for code in found}
    if len(texts) > 1:
        texts = {text for text in texts if text.startswith("CP1")}
    if not texts:
        raise HostError("code_missing", f"{path} shows no QR code; take a sharper picture, straight on", Exit.INPUT)
    if len(texts) > 1:
        raise HostError("code_many", f"{path} shows several QR codes; take a picture of one", Exit.INPUT)
    return texts.pop()


def _open(path: Path, data: bytes) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data), formats=_FORMATS)
            if image.width * image.height > MAX_PIXELS:
                raise ValueError("too large")
            return _grey(image)
    except _PILLOW:
        reason = "is no picture that can be read (PNG, JPEG, WebP, BMP, GIF), or is damaged"
        raise HostError("picture_bad", f"{path} {reason}; take it again", Exit.INPUT) from None


def _grey(image: Image.Image) -> Image.Image:
    """Shades of grey, with white behind whatever is transparent."""
    if "A" in image.getbands() or "transparency" in image.info:
        colour = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", colour.size, "white"), colour).convert("L")
    return image.convert("L")
