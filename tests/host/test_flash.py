"""cabinpay flash without a board: images, drives, ports, labels, and every step told."""

import re
import struct
import subprocess
import sys
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from cabinpay_host.errors import HostError
from cabinpay_host.flash import agent, boards, image, label, slots, write
from cabinpay_host.flash.job import Job, Options
from cabinpay_host.flash.prompt import Facts

PICO, ESP, C3 = boards.load("pico"), boards.load("esp32"), boards.load("esp32_c3")
REAL = boards.real()


def uf2(board: boards.Board, machine: str = "", start: int = 0, family: int = 0, storage: int = 0) -> bytes:
    """The smallest UF2 that looks like a board's MicroPython."""
    offset, size = board.storage
    banner = f"MicroPython v1.25.0 on 2025-04-15\0; {machine or board.machine}\0".encode().ljust(252, b"\0")
    data = banner + struct.pack("<II", 0x10000000 + (storage or offset), size)
    blocks = [data[at : at + 256].ljust(256, b"\0") for at in range(0, len(data), 256)]
    return b"".join(
        struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + start + 256 * i, 256, i, len(blocks),
                    family or board.install["family"]) + block.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)
        for i, block in enumerate(blocks)
    )  # fmt: skip


def esp(board: boards.Board, chip: int = -1, vfs: tuple[int, int] | None = None, machine: str = "") -> bytes:
    """The smallest ESP image with a partition table."""
    head = bytearray(0x8000 - board.install["offset"])
    head[0] = 0xE9
    head[12:14] = (board.install["chip_id"] if chip < 0 else chip).to_bytes(2, "little")
    table = struct.pack("<2sBBII16s4x", b"\xaa\x50", 0, 0, 0x10000, 0x1F0000, b"factory")
    table += struct.pack("<2sBBII16s4x", b"\xaa\x50", 1, 0x81, *(vfs or board.storage), b"vfs")
    banner = f"MicroPython v1.25.0 on 2025-04-15\0; {machine or board.machine}\0".encode()
    return bytes(head) + table + bytes(64) + banner


def taken(board: boards.Board, data: bytes, folder: Path) -> str:
    """The version that an image says it is, or the code it is refused with."""
    path = folder / "given.img"
    path.write_bytes(data)
    try:
        return image.get(board, path).version
    except HostError as e:
        assert e.line.count("\n") == 0 and str(path) in e.line
        return e.code


@pytest.mark.parametrize("name", REAL)
def test_a_boards_image_is_taken_and_no_other_boards(name: str, tmp_path: Path) -> None:
    board = boards.load(name)
    for other in map(boards.load, REAL):
        data = uf2(other) if other.install["kind"] == "uf2" else esp(other)
        assert taken(board, data, tmp_path) == ("1.25.0" if other.name == name else "image_board")


@pytest.mark.parametrize(("data", "code"), [
    (b"", "image_board"),
    (b"<html>not found</html>" * 50, "image_board"),
    (uf2(PICO)[:-1], "image_board"),
    (uf2(PICO, machine="Raspberry Pi Pico W with RP2040"), "image_board"),
    (uf2(PICO).replace(b"MicroPython", b"CircuitThon"), "image_board"),
    (uf2(PICO, start=655360), "image_layout"),  # into the file system
    (uf2(PICO, storage=655360 + 4096), "image_layout"),
])  # fmt: skip
def test_what_must_not_be_written_to_a_pico(data: bytes, code: str, tmp_path: Path) -> None:
    assert taken(PICO, data, tmp_path) == code


@pytest.mark.parametrize(("data", "code"), [
    (b"", "image_board"),
    (esp(ESP, chip=9), "image_board"),
    (esp(ESP, machine="Generic ESP32 module with SPIRAM with ESP32"), "image_board"),
    (esp(ESP, vfs=(0x200000, 0x600000)), "image_layout"),
    (esp(ESP).ljust(0x200000, b"x"), "image_layout"),
    (esp(ESP)[: 0x8000 - 0x1000], "image_layout"),
])  # fmt: skip
def test_what_must_not_be_written_to_an_esp32(data: bytes, code: str, tmp_path: Path) -> None:
    assert taken(ESP, data, tmp_path) == code


def test_real_firmware_is_known_for_what_it_is(tmp_path: Path) -> None:
    """The image that the emulator runs, packed as a UF2."""
    firmware = boards.ROOT / "build/pico/firmware.bin"
    if not firmware.exists():
        pytest.skip("no Pico image was built; run: make pico-image")
    data = firmware.read_bytes()
    whole = b"".join(
        struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, 0x10000000 + at, 256, at // 256, 0, 0xE48BFF56)
        + data[at : at + 256].ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)
        for at in range(0, len(data), 256)
    )  # fmt: skip
    assert taken(PICO, whole, tmp_path) == "1.25.0"
    assert taken(boards.load("pico_w"), whole, tmp_path) == "image_board"


def test_a_download_is_recorded_once_and_compared_ever_after(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "CACHE", tmp_path / "images")
    served = tmp_path / "RPI_PICO-x.uf2"
    served.write_bytes(uf2(PICO))
    board = boards.Board({**PICO.data, "install": {**PICO.install, "url": served.as_uri()}})
    first = image.get(board, None)
    served.unlink()
    assert image.get(board, None) == first
    first.path.write_bytes(uf2(PICO) + uf2(PICO))
    with pytest.raises(HostError, match="image_changed"):
        image.get(board, None)
    with pytest.raises(HostError, match=r"image_download: .*--image"):
        gone = {**PICO.install, "url": (tmp_path / "none.uf2").as_uri()}
        image.get(boards.Board({**PICO.data, "install": gone}), None)


def test_the_drive_of_the_right_boot_rom_is_found_and_copied_to(tmp_path: Path) -> None:
    drives = {name: tmp_path / name for name in ("stick", "RPI-RP2", "RP2350")}
    for name, folder in drives.items():
        folder.mkdir()
        if name != "stick":
            (folder / "INFO_UF2.TXT").write_text(f"UF2 Bootloader v3.0\r\nModel: x\r\nBoard-ID: {name}\r\n")
    found = [write.find_drive(name, list(drives.values())) for name in ("RPI-RP2", "RP2350", "RP2")]
    assert found == [drives["RPI-RP2"], drives["RP2350"], None]
    source = tmp_path / "image.uf2"
    source.write_bytes(uf2(PICO))
    write.copy(source, drives["RPI-RP2"])
    assert (drives["RPI-RP2"] / "image.uf2").read_bytes() == source.read_bytes()


@pytest.mark.parametrize("board", [ESP, C3], ids=["esp32", "esp32_c3"])
def test_esptool_understands_what_it_is_asked(board: boards.Board, tmp_path: Path) -> None:
    """The real one: it gets as far as the port, which is not there."""
    picture = tmp_path / "image.bin"
    picture.write_bytes(esp(board))
    refusal = r"install_failed: esptool ended with 2: .*could not open port /dev/none"
    with pytest.raises(HostError, match=refusal) as refused:
        write._run(write.command(board, str(picture), "/dev/none"))
    assert "\n" not in refused.value.line
    with pytest.raises(HostError, match=refusal):
        write._look_for_receipts(board, "/dev/none", lambda _: None)


def test_a_bare_board_that_cannot_be_written_to_says_how(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(write, "_mounted", list)
    monkeypatch.setenv("PATH", "")
    found = image.Image(Path("x.uf2"), "1.25.0", "", "")
    with pytest.raises(HostError, match=r"no_bootloader: .*BOOTSEL"):
        write.write(PICO, found, None, lambda _: None)
    with pytest.raises(HostError, match=r"no_bootloader: .*--port"):
        write.write(ESP, found, None, lambda _: None)


def port(device: str, vid: int, pid: int) -> ListPortInfo:
    info = ListPortInfo(device)
    info.vid, info.pid = vid, pid
    return info


def test_boards_are_found_by_their_usb_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    here = [port("/dev/ttyACM1", 0x2E8A, 5), port("/dev/ttyUSB0", 0x10C4, 0xEA60), port("/dev/ttyS0", 0, 0)]
    monkeypatch.setattr(list_ports, "comports", lambda: here)
    assert boards.found("/dev/ttyX", "pico", False) == [("/dev/ttyX", "pico")]
    assert boards.found(None, None, True) == [("/dev/ttyACM1", None), ("/dev/ttyUSB0", None)]
    assert boards.found(None, "esp32", False) == [("/dev/ttyUSB0", "esp32")]
    with pytest.raises(HostError, match=r"board_many: .*--all"):
        boards.found(None, None, False)
    here[:] = [port("/dev/ttyACM0", 0x303A, 0x1001)]
    assert boards.found(None, None, False) == [("/dev/ttyACM0", "esp32_c3")]


def test_labels_are_counted_on_past_those_that_the_ledger_has() -> None:
    names = label.names("9C-008", {"9C-009"})
    assert [next(names), next(names), next(names)] == ["9C-008", "9C-010", "9C-011"]
    with pytest.raises(HostError, match=r"bad_label: .*used up"):
        list(label.names("T8", set()))
    with pytest.raises(HostError, match=r"bad_label: .*ends in a number"):
        next(label.names("galley", set()))
    text = label.text("9C-001", bytes(8))
    assert "\n    9C-001\n" in text and "\u2580" in text


class Flash:
    """Answers a plan's questions as a board with these files would: what the emulated Pico is asked for real."""

    def __init__(self, slots_: dict[str, dict[str, bytes]], main: bytes) -> None:
        self.slots, self.main = slots_, main

    def read(self, path: str) -> bytes:
        assert path == slots.MAIN
        return self.main


def test_a_plan_takes_the_free_slot(monkeypatch: pytest.MonkeyPatch) -> None:
    def held(flash: Any, slot: str) -> dict[str, bytes]:
        return {path: sha256(data).digest() for path, data in flash.slots.get(slot, {}).items()}

    monkeypatch.setattr(slots, "_held", held)
    new = {"a.mpy": b"1", "b.mpy": b"2"}

    def plan(there: dict[str, dict[str, bytes]], main: bytes = b"") -> slots.Plan:
        facts = Facts("", "", 6, 0, 1 << 20, [*there, *(["main.py"] if main else [])])
        return slots.plan(Flash(there, main), new, facts)  # type: ignore[arg-type]

    a, b = (slots.main_py(slot) for slot in slots.SLOTS)
    assert plan({}) == slots.Plan("agent-a", ["a.mpy", "b.mpy"], [], [], True)
    assert plan({"agent-a": new}, a).nothing
    assert plan({"agent-a": new}, a + b"#") == slots.Plan("agent-a", [], [], [], True)
    old = {"a.mpy": b"1", "b.mpy": b"0"}
    assert plan({"agent-a": old}, a) == slots.Plan("agent-b", ["b.mpy"], ["a.mpy"], [], True)
    assert plan({"agent-b": old, "agent-a": {"c.mpy": b""}}, b) == slots.Plan(
        "agent-a", ["b.mpy"], ["a.mpy"], ["c.mpy"], True
    )
    # half filled by a run that was cut, and filled but not yet named
    assert plan({"agent-a": old, "agent-b": {"b.mpy": b"2"}}, a) == slots.Plan("agent-b", [], ["a.mpy"], [], True)
    assert plan({"agent-a": old, "agent-b": new}, a) == slots.Plan("agent-b", [], [], [], True)


def test_main_py_closes_the_prompt_first_and_names_one_slot() -> None:
    for slot in slots.SLOTS:
        text = slots.main_py(slot)
        assert text.split(b"\n")[2] == b"micropython.kbd_intr(-1)" and slots.in_use(text) == slot
        compile(text, "main.py", "exec")
    assert slots.in_use(b"print('/agent-c')") is None


def cabinpay(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "cabinpay_host.cli", *words], capture_output=True, text=True)


@pytest.mark.parametrize("name", boards.names())
def test_dry_run_tells_every_step_of_every_board(name: str) -> None:
    done = cabinpay("flash", "--board", name, "--dry-run", "--rtc", "--oled")
    assert done.returncode == 0, done.stderr
    board = boards.load(name, True, True)
    said = [line.removeprefix("flash: ") for line in done.stderr.splitlines()]
    files = agent.files(board)
    count, size = len(files), sum(map(len, files.values()))
    assert [line.split()[0] for line in said] == ["look", "MicroPython", "compile", "copy", "driver", "set", "start"]
    assert board.install["url"] in said[1] and f"{count} files, {size} bytes" in said[3]
    assert ("esptool" in said[1]) == (board.install["kind"] == "esp") != ("picotool" in said[1])
    assert "mip install --target /lib ssd1306" in said[4]


def test_what_is_wrong_is_said_in_a_line_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.uf2").write_bytes(b"x")
    cases = [
        (["flash"], 5, "board_none: .*dialout.*BOOTSEL.*--board"),
        (["flash", "--board", "teapot"], 2, "board_unknown: "),
        (["flash", "--port", "/dev/none"], 5, "port_missing: "),
        (["flash", "--board", "pico", "--label", "9C-001"], 2, "usage: .*--root"),
        (["flash", "--board", "pico", "--image", str(tmp_path / "x.uf2")], 3, "image_board: .*RPI_PICO"),
        (["flash", "--board", "pico", "--image", str(tmp_path / "none")], 3, "image_missing: "),
    ]
    for words, code, line in cases:
        done = cabinpay(*words)
        assert done.returncode == code, done.stderr
        last = done.stderr.splitlines()[-1]
        assert re.match(f"cabinpay: {line}", last) and "Traceback" not in done.stderr


def test_a_job_asks_for_the_board_where_nothing_tells_it() -> None:
    with pytest.raises(HostError, match=r"board_unsure: .*--board"):
        Job("/dev/none", None, Options(), lambda _: None).dry_run()
