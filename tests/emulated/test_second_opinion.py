"""The same firmware image and the same modules on an emulator that somebody else wrote (PyPI's rp2040py, all of another
source than rp2040js): a terminal is set up, sells once over a bill, and has it on flash. CPython says what is right.
"""

from __future__ import annotations

import contextlib
import io
import re
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from littlefs import LittleFS
from mpremote.transport_serial import SerialTransport

import world
from cabinpay.wire import cbor, qrtext
from cabinpay_host.flash import agent, boards
from pico_emulated import image
from pico_emulated.layout import BOARD, CORE, FIRMWARE

# Seconds for one step: it runs at about a twentieth of a chip's speed, and of that on a busy machine a part
PATIENCE = 400
_BEGIN, _END, _NAMED, _RP2040 = (0x0A324655, 0x9E5D5157), 0x0AB16F30, 0x2000, 0xE48BFF56
_PAGE, _FLASH = 256, 0x10000000
# Its os.urandom would give constant bits: rp2040py has no ring oscillator
START = f"""
import ed25519
from cabinpay.agent.terminal import Terminal
from cabinpay.io.files import Files
from cabinpay.wire import cbor, qrtext
def start():
    entropy = lambda n: bytes([7 + i for i in range(n)])
    t = Terminal(Files(root), cbor, ed25519, lambda: 0, lambda: {world.NOW}, entropy, 20, lambda: False)
    t.boot()
    return t
t = start()
print(t.state)
"""
PROVISION = """
t.provision({entropy!r}, {roots!r}, "9C-001", "B-1234")
t.install({bundle!r})
print(t.state, t.keys.public)
"""
BILL = f"""
t.open_shift("7", {world.FLIGHT}, {world.DAY})
sale = t.new_sale()
sale.add(101, 2, 350)
print(qrtext.bill_text(t.bill(sale), cbor))
"""
PAY = """
print(t.scan({code!r}, sale).code, t.scan({code!r}, t.new_sale()).code)
"""
AGAIN = """
t.journal.covered(0)  # closes what is open for appending
t = start()
print(t.state, t.journal.number, t.scan({code!r}, t.new_sale()).code)
for item in t.journal.records_from(1):
    print(item)
"""


def on_cpython(folder: Path) -> Callable[[str], str]:
    names: dict[str, Any] = {"root": str(folder)}

    def run(code: str) -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(code, names)
        return out.getvalue()

    return run


def uf2(image: bytes) -> bytes:
    pages = [image[at : at + _PAGE].ljust(_PAGE, b"\0") for at in range(0, len(image), _PAGE)]
    return b"".join(
        struct.pack("<8I", *_BEGIN, _NAMED, _FLASH + n * _PAGE, _PAGE, n, len(pages), _RP2040)
        + page.ljust(476, b"\0") + struct.pack("<I", _END)
        for n, page in enumerate(pages)
    )  # fmt: skip


def file_system() -> bytes:
    """The agent's modules without main.py, so that the prompt is open."""
    flash = BOARD["flash"]
    count = flash["storage_size"] // flash["block"]
    fs = LittleFS(block_size=flash["block"], block_count=count, prog_size=_PAGE, disk_version=0x00020000)
    for path, content in agent.modules(boards.load("pico_emulated")).items():
        if path != "main.py":
            fs.makedirs(Path(path).parent.as_posix(), exist_ok=True)
            with fs.open(path, "wb") as f:
                f.write(content)
    return bytes(fs.context.buffer)


@contextlib.contextmanager
def rp2040py(folder: Path) -> Iterator[Callable[[str], str]]:
    (folder / "firmware.uf2").write_bytes(uf2(FIRMWARE.read_bytes()))
    (folder / "files.img").write_bytes(file_system())
    command = [Path(sys.executable).with_name("rp2040py"), "micropython", "--image", folder / "firmware.uf2",
               "--littlefs", folder / "files.img", "--pty"]  # fmt: skip
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=-1, stderr=subprocess.STDOUT, text=True)
    assert process.stdout
    try:
        port = next(found[0] for line in process.stdout if (found := re.search(r"/dev/[\w/.]+", line)))
        transport = SerialTransport(port)
        transport.enter_raw_repl(soft_reset=False, timeout_overall=PATIENCE)

        def run(code: str) -> str:
            out, error = transport.exec_raw(code, timeout=PATIENCE)
            assert not error, error.decode()
            return out.decode().replace("\r\n", "\n")

        run("import gc\ngc.threshold(12288)\nroot = ''")
        yield run
        transport.close()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.mark.skipif(not image.cached() or not CORE.exists(), reason="no Pico image was built; run: make pico-image")
def test_a_sale_on_another_emulator(tmp_path: Path) -> None:
    (tmp_path / "cpython").mkdir()
    local = on_cpython(tmp_path / "cpython")
    with rp2040py(tmp_path) as other:

        def both(code: str) -> str:
            expected = local(code)
            assert other(code) == expected
            return expected.strip()

        assert both(START) == "blank"
        roots = [world.public(root) for root in world.ROOTS]
        provision = PROVISION.format(entropy=world.some("host entropy", 32), roots=roots, bundle=world.bundle())
        assert both(provision).startswith("ready ")
        bill = qrtext.read_bill(both(BILL).encode(), cbor)
        signed = world.a_pass()
        terms = {"terms": [bill.amount, bill.currency], "challenge": bill.challenge(cbor)}
        code = world.shown(signed, world.payment(signed, **terms))
        assert both(PAY.format(code=code)) == "approved already_paid"
        assert both(AGAIN.format(code=code)).startswith("ready 2 already_paid\n(1, ")
