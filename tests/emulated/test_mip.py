"""What mpremote's mip installs from the checkout works on a board; drivers come from an index or not at all."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from cabinpay_host.errors import HostError
from cabinpay_host.flash import boards
from cabinpay_host.flash.job import Job, Options
from cabinpay_host.flash.prompt import Prompt
from emulated.repl import Repl
from pico_emulated.emulator import Pico

PATIENCE = 900
VERIFY = """
import sys, ed25519
key = ed25519.public_key(bytes(32))
print((ed25519.ENGINE, ed25519.verify(key, b'm', ed25519.sign(bytes(32), b'm')), ed25519.__file__))
"""
WIRE = """
from cabinpay.wire import base45, cbor, cose
from cabinpay.agent import days, records
print((cbor.decode(cbor.encode([1, 'a'])), days.day_number(2026, 1, 1)))
"""
# stands in for micropython-lib's, which cannot be reached from everywhere
DRIVER = b"import framebuf\n\n\nclass SSD1306_I2C:\n    pass\n"


def mip(pico: Pico, *words: str) -> str:
    """What it prints."""
    command = [sys.executable, "-m", "mpremote", "connect", pico.port, "mip", "install", *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_ed25519_alone(pico: Pico) -> None:
    mip(pico, str(boards.FIRMWARE / "ed25519/package.json"))
    with Repl(pico) as prompt:
        engine, good, file = prompt.run(VERIFY)
    assert (engine, good) == ("thumb", True) and file.startswith("/lib/ed25519/")


def test_the_agent_and_its_ed25519(pico: Pico) -> None:
    mip(pico, str(boards.FIRMWARE / "package.json"))
    files = {name: (boards.FIRMWARE / name).read_bytes() for _, name in json.loads(
        (boards.FIRMWARE / "package.json").read_text())["urls"]}  # fmt: skip
    with Prompt(pico.port) as prompt:
        held = {name: prompt.read(f"/lib/{name}") for name in list(files)[::12]}
    assert held == {name: files[name] for name in held}
    with Repl(pico) as repl:
        assert repl.run(WIRE) == ([1, "a"], 20454)
        assert repl.run(VERIFY)[:2] == ("thumb", True)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """An index as mip reads it, on this machine."""
    digest = hashlib.sha256(DRIVER).hexdigest()[:8]
    package = tmp_path / "package/6/ssd1306/latest.json"
    package.parent.mkdir(parents=True)
    package.write_text(json.dumps({"v": 1, "hashes": [["ssd1306.py", digest]], "version": "0.1.0"}))
    (tmp_path / "file" / digest[:2]).mkdir(parents=True)
    (tmp_path / "file" / digest[:2] / digest).write_bytes(DRIVER)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_displays_driver_comes_by_mip_and_once(pico: Pico, index: str) -> None:
    said: list[str] = []

    def driver(where: str) -> None:
        job = Job(pico.port, "pico_emulated", Options(oled=True, index=where), said.append)
        with Prompt(pico.port) as job._prompt:
            job._driver()
            job._prompt.close()

    with pytest.raises(HostError, match=r"mip_index: .*--index"):
        driver(index + "/nothing")
    driver(index)
    with Prompt(pico.port) as prompt:
        assert prompt.read("/lib/ssd1306.py") == DRIVER
    driver("http://127.0.0.1:1")
    assert said == ["ssd1306 is there"]
