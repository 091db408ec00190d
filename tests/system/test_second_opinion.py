"""The same firmware and the same flash on an emulator that somebody else wrote (PyPI's rp2040py): it sells, too."""

from __future__ import annotations

import ast
import re
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from littlefs import LittleFS, UserContext
from mpremote.transport_serial import SerialTransport

from gate import Gate

pytestmark = pytest.mark.needs("second_emulator")
# UF2: its magics, the flag for a family that is named, RP2040's family
_BEGIN, _END, _NAMED, _FAMILY = (0x0A324655, 0x9E5D5157), 0x0AB16F30, 0x2000, 0xE48BFF56
_PAGE, _FLASH = 256, 0x10000000
BOOT = """
import gc
gc.threshold(12288)
import ed25519, os
from cabinpay.agent.terminal import Terminal
from cabinpay.io.files import Files
from cabinpay.wire import cbor, qrtext
t = Terminal(Files(""), cbor, ed25519, lambda: 0, lambda: None, os.urandom, 20, lambda: False)
t.boot()
print(repr(t.state))
"""
SALE = """
t.open_shift("7", 8888, t.clock.read()[0] // 86400)
sale = t.new_sale()
sale.add(1001, 2, 1500)
print(repr(qrtext.bill_text(t.bill(sale), cbor)))
"""


def uf2(image: bytes) -> bytes:
    pages = [image[at : at + _PAGE].ljust(_PAGE, b"\0") for at in range(0, len(image), _PAGE)]
    return b"".join(
        struct.pack("<8I", *_BEGIN, _NAMED, _FLASH + n * _PAGE, _PAGE, n, len(pages), _FAMILY)
        + page.ljust(476, b"\0") + struct.pack("<I", _END)
        for n, page in enumerate(pages)
    )  # fmt: skip


def file_system(flash: Path, start: int, size: int) -> bytes:
    """That of a terminal's flash without main.py, so that its prompt is open."""
    context = UserContext(size)
    context.buffer[:] = flash.read_bytes()[start : start + size]
    fs = LittleFS(context, block_size=4096, block_count=size // 4096, prog_size=_PAGE)
    fs.remove("main.py")
    return bytes(context.buffer)


@contextmanager
def prompt(folder: Path) -> Iterator[SerialTransport]:
    command = [Path(sys.executable).with_name("rp2040py"), "micropython", "--image", folder / "firmware.uf2",
               "--littlefs", folder / "files.img", "--pty"]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=-1, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    try:
        port = next(found[0] for line in process.stdout if (found := re.search(r"/dev/\S+", line)))
        transport = SerialTransport(port)
        transport.enter_raw_repl(soft_reset=False)
        yield transport
        transport.close()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_sale_on_another_emulator(gate: Gate, provisioned: Path, tmp_path: Path) -> None:
    from pico_emulated.layout import BOARD, FIRMWARE

    storage = BOARD["flash"]
    (tmp_path / "firmware.uf2").write_bytes(uf2(FIRMWARE.read_bytes()))
    (tmp_path / "files.img").write_bytes(file_system(provisioned, storage["storage_offset"], storage["storage_size"]))
    with prompt(tmp_path) as transport:

        def said(code: str) -> str:
            return str(ast.literal_eval(transport.exec(code, timeout=300).decode()))

        assert said(BOOT) == "ready"
        code = gate.passenger("anna").challenged(said(SALE))
        assert said(f"print(repr(t.scan({code.encode()!r}, sale).code))") == "approved"
        assert said(f"print(repr(t.scan({code.encode()!r}, t.new_sale()).code))") == "already_paid"
