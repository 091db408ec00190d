"""A slot's pack: what the ground makes, real MicroPython imports."""

import hashlib
import itertools
from pathlib import Path

import pytest

import micropython
from cabinpay_host.flash import agent, boards, pack

# begins as main.py does; what is there afterwards is printed
MAIN = """
import sys
sys.path.insert(0, {slot!r})
import start
import begin
import os
def asks(path):
    try:
        return os.stat(path)[0]
    except OSError as e:
        return e.errno
print(sorted(name for name in sys.modules if name[0] == "p"))
print([hex(asks("/agent" + path)) for path in ("/package", "/package/one.mpy", "/package/two.mpy", "/note.txt")])
with open("/agent/note.txt") as f:
    print(f.read())
try:
    import package.two
except ImportError as e:
    print(e)
"""


def slot(folder: Path, **modules: str) -> Path:
    """A slot of these modules for the unix port (bytecode is the same everywhere), "package__one" in its folder."""
    start = (boards.FIRMWARE / "start.py").read_text()
    compiled = {
        f"{name.replace('__', '/')}.mpy": agent.compiled(text, name, "x64") for name, text in modules.items()
    }
    (folder / "start.mpy").write_bytes(agent.compiled(start, "start", "x64"))
    (folder / "pack").write_bytes(pack.packed(compiled))
    (folder / "note.txt").write_text("beside it")
    return folder


def test_modules_are_imported_from_the_pack_and_what_lies_beside_it_is_read(tmp_path: Path) -> None:
    folder = slot(
        tmp_path,
        package____init__="",
        package__one="from . import last\nsaid = __name__ + last.said",
        package__last="said = ', the last'",
        begin="import package.one\nprint(package.one.said, package.one.__file__)",
    )
    (tmp_path / "main.py").write_text(MAIN.format(slot=str(folder)))
    assert micropython.run(str(tmp_path / "main.py")).splitlines() == [
        "package.one, the last /agent/package/one.mpy",
        "['package', 'package.last', 'package.one']",
        "['0x4000', '0x8000', '0x2', '0x2']",
        "beside it",
        "no module named 'package.two'",
    ]


@pytest.mark.parametrize("size", [0, 5, 20])
def test_a_pack_that_is_cut_short_begins_nothing(tmp_path: Path, size: int) -> None:
    folder = slot(tmp_path, begin="print('begun')", other="x = 1")
    (folder / "pack").write_bytes((folder / "pack").read_bytes()[:size])
    (tmp_path / "main.py").write_text(MAIN.format(slot=str(folder)))
    with pytest.raises(RuntimeError) as failed:
        micropython.run(str(tmp_path / "main.py"))
    assert "begun" not in str(failed.value)


def test_a_pack_has_every_module_of_its_board_at_its_place() -> None:
    board = boards.load("pico")
    modules, files = agent.modules(board), agent.files(board)
    assert files.keys() == {"start.mpy", "pack", *map(str, agent.data())}
    packed = files["pack"]
    count = int.from_bytes(packed[4:6], "big")
    entries = [packed[at : at + 8] for at in range(6, 6 + 8 * count, 8)]
    begins = sorted(int.from_bytes(entry[4:], "big") for entry in entries)
    folders = {"cabinpay", "cabinpay/agent", "cabinpay/io", "cabinpay/wire", "ed25519"}
    assert packed[:4] == b"CPP1" and begins.count(0) == len(folders) and count == len(modules) - 1 + len(folders)
    for content in (content for path, content in modules.items() if path != "start.mpy"):
        assert any(packed[begin : begin + len(content)] == content for begin in begins if begin)


def test_what_the_other_slots_pack_has_is_not_sent() -> None:
    old = {"a.mpy": b"first" * 100, "b.mpy": b"second" * 100, "c.mpy": b"third" * 100}
    new = {**old, "b.mpy": b"changed", "d.mpy": b"added", "e.mpy": old["a.mpy"]}
    whole, held = pack.packed(old), {}
    for content in old.values():
        held[hashlib.sha256(content).digest()] = (whole.index(content), len(content))
    part, pieces = pack.difference(pack.packed(new), held)
    sources = (part, whole)
    assert b"".join(sources[is_old][at : at + size] for is_old, at, size in pieces) == pack.packed(new)
    assert len(part) == 6 + 8 * len(new) + len(b"changed" + b"added")
    assert pack.difference(whole, {}) == (whole, pieces_of(whole))


def pieces_of(whole: bytes) -> list[pack.Piece]:
    """All of it from what is sent."""
    places = [0, *pack._places(whole), len(whole)]
    return [(0, at, end - at) for at, end in itertools.pairwise(places)]


def test_two_paths_with_one_checksum_are_refused() -> None:
    # both have CRC-32 4DDB0C25
    with pytest.raises(ValueError, match="checksum"):
        pack.packed({"plumless": b"", "buckeroo": b""})
