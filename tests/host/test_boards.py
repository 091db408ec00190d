"""Boards as data: every one whole, drawn as it is told, compiled for its core."""

import re
import xml.etree.ElementTree
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import wiring
from cabinpay_host.errors import HostError
from cabinpay_host.flash import agent, boards

ROOT = Path(__file__).resolve().parents[2]
REAL = boards.real()
ARCHITECTURES = ("armv6m", "armv7emsp", "xtensawin", "rv32imc", "x64")
# what a module may have, and the pins of each chip that nothing may be put on
TAKEN = {"esp32": {0, 1, 3, 6, 7, 8, 9, 10, 11, 12, 20, 24}, "esp32_c3": {11, 12, 13, 14, 15, 16, 17, 18, 19}}
INPUTS_ONLY = {"esp32": {34, 35, 36, 39}}


def pins(data: dict[str, Any]) -> list[int]:
    """Every pin of the board that a wire goes to; those of a bus once."""
    found = [(part.name, pin) for part in wiring.parts(data) for _, pin in part.pins if isinstance(pin, int)]
    bus = {data["i2c"]["sda"], data["i2c"]["scl"]}
    return [pin for _, pin in found if pin not in bus] + sorted(bus)


def test_the_boards_of_the_readme_are_the_boards_there_are() -> None:
    assert REAL == ["esp32", "esp32_c3", "pico", "pico2", "pico2_w", "pico_w"]
    listed = re.findall(r"^\| \[(\w+)\]\(\w+/README.md\)", (boards.BOARDS / "README.md").read_text(), re.M)
    assert sorted(listed) == sorted([*REAL, "pico_emulated", "unix"])
    for name in REAL:
        assert {path.name for path in (boards.BOARDS / name).iterdir()} >= {
            "board.toml", "board.py", "README.md", "wiring.svg"
        }  # fmt: skip


def test_the_readme_claims_no_hardware_and_the_right_figures() -> None:
    rows = [line.split(" | ") for line in (boards.BOARDS / "README.md").read_text().splitlines() if "](" in line[:60]]
    by_name = {re.findall(r"\[(\w+)\]", row[0])[0]: row for row in rows if len(row) > 5}
    for name in REAL:
        board = boards.load(name)
        assert by_name[name][1] == "no" and by_name[name][3] == board.arch
        assert by_name[name][5] == f"{board.storage[1] // 1024:,} KB"
        assert ("ST7789" in by_name[name][4]) == ("display" in board.data)


@pytest.mark.parametrize("name", REAL)
def test_tables_and_drawings_are_what_board_toml_says(name: str) -> None:
    for path, text in wiring.made(name).items():
        assert path.read_text() == text, "run: make wiring"


@pytest.mark.parametrize("name", REAL)
def test_the_drawing_has_every_pin_that_the_device_is_told(name: str) -> None:
    """Whatever number board.py gets as a pin is an end of a wire: what a new part would forget."""
    board = boards.load(name, rtc=True)
    told = board.wiring()
    wanted = {told["buzzer"]["pin"], *told["keypad"]["rows"], *told["keypad"]["columns"]}
    wanted |= {told[part][key] for part, key in (("scanner", "tx"), ("scanner", "rx"), ("i2c", "sda"), ("i2c", "scl"))}
    wanted |= {value for key, value in told.get("display", {}).items() if key not in ("width", "height", "spi")}
    assert set(pins(board.data)) == wanted
    drawn = re.findall(r">([^<]*)</text>", wiring.drawing(board.data))
    assert {wiring.board_pin(board.data, pin) for pin in wanted} <= set(drawn)


@pytest.mark.parametrize("name", REAL)
def test_no_pin_has_two_uses_and_none_is_the_flashs(name: str) -> None:
    data = boards.load(name).data
    assert [pin for pin, times in Counter(pins(data)).items() if times > 1] == []
    assert not TAKEN.get(name, set()) & set(pins(data))
    outputs = set(pins(data)) - {data["scanner"]["rx"]}
    assert not INPUTS_ONLY.get(name, set()) & outputs


@pytest.mark.parametrize("name", REAL)
def test_flash_layout_adds_up(name: str) -> None:
    data = boards.load(name).data
    offset, size = boards.load(name).storage
    assert offset + size == data["flash"]["size"] and offset % 4096 == size % 4096 == 0
    assert data["machine"] and data["install"]["url"].rsplit("/", 1)[1].startswith(data["image"] + "-")
    assert f"v{data['micropython']}." in data["install"]["url"]


@pytest.mark.parametrize("name", boards.names())
@pytest.mark.parametrize("parts", [{}, {"oled": True, "rtc": True}])
def test_a_boards_files_are_all_compiled_for_its_core(name: str, parts: dict[str, bool]) -> None:
    board = boards.load(name, **parts)
    found = agent.modules(board)
    modules = [data for path, data in found.items() if path.endswith(".mpy")]
    native = {(data[2] >> 2) & 15 for data in modules}
    assert all(data[:2] == b"M\x06" for data in modules)
    # bytecode alone is the same everywhere; native code is for this core, as _mpy of its firmware names it
    assert native == {0, {"armv6m": 4, "armv7emsp": 7, "xtensawin": 10, "rv32imc": 11}[board.arch]}
    assert {"start.mpy", "board.mpy", "board_data.mpy", "cabinpay/agent/terminal.mpy"} <= found.keys()
    assert ("cabinpay/io/oled.mpy" in found) == board.oled != ("cabinpay/io/st7789.mpy" in found)
    assert ("cabinpay/io/ds3231.mpy" in found) == board.rtc
    assert ("ed25519/_umaal.mpy" in found) == (board.arch == "armv7emsp")
    assert ("ed25519/_thumb.mpy" in found) == board.arch.startswith("armv") != ("ed25519/_viper.mpy" in found)


@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_every_module_compiles_for_every_core(arch: str) -> None:
    """But for Thumb where there is none."""
    thumb = arch.startswith("armv")
    for source in sorted((ROOT / "firmware").rglob("*.py")):
        if "generate" not in source.parts and (thumb or not source.stem.endswith(("thumb", "umaal"))):
            assert agent.compiled(source.read_text(), source.stem, arch)[0] == ord("M")


def test_what_a_core_cannot_run_is_a_line_and_no_traceback() -> None:
    with pytest.raises(HostError, match=r"agent_compile: _thumb does not compile for rv32imc"):
        agent.compiled((boards.FIRMWARE / "ed25519/_thumb.py").read_text(), "_thumb", "rv32imc")


def test_a_board_is_known_by_what_its_firmware_says() -> None:
    assert [boards.by_machine(boards.load(name).machine) for name in REAL] == REAL
    with pytest.raises(HostError, match="board_unknown"):
        boards.by_machine("Teapot with RP2040")
    with pytest.raises(HostError, match=r"board_unknown.*pico_w"):
        boards.load("teapot")


def test_the_device_is_told_nothing_that_it_does_not_use() -> None:
    told = boards.load("pico").wiring()
    assert told.keys() == {"max_passes", "scanner", "keypad", "buzzer", "display"}
    assert "type" not in told["display"]
    source = (boards.BOARDS / "pico/board.py").read_text()
    used = set(re.findall(r"""[dsk]\["(\w+)"\]""", source))
    assert set(told["display"]) | set(told["scanner"]) | set(told["keypad"]) <= used | {"cs", "dc", "reset"}


def test_boards_share_a_board_py_by_a_link() -> None:
    links = {name: (boards.BOARDS / name / "board.py").resolve().parent.name for name in REAL}
    assert links == {"pico": "pico", "pico_w": "pico", "pico2": "pico", "pico2_w": "pico", "esp32": "esp32",
                     "esp32_c3": "esp32"}  # fmt: skip



@pytest.mark.parametrize("name", REAL)
def test_nothing_is_drawn_beyond_the_drawings_edge(name: str) -> None:
    """A rough measure of letters; the drawings were looked at too."""
    svg = xml.etree.ElementTree.fromstring(wiring.drawing(boards.load(name).data))
    for text in svg.iter("{http://www.w3.org/2000/svg}text"):
        if text.get("text-anchor") == "start" and text.text:
            assert float(text.get("x", "")) + 7 * len(text.text) <= float(svg.get("width", "")), text.text
