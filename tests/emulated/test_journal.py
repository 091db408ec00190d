"""The journal on a Pico's own firmware: a chosen hundred power cuts, and what a full one costs at boot."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from littlefs import LittleFS, UserContext

import gate as gates
import micropython
import rig
from cabinpay_host import flash_image
from cabinpay_host.flash import agent
from emulated.repl import Repl
from pico_emulated import flash_file, terminal
from pico_emulated.emulator import Pico
from pico_emulated.layout import BOARD, ROOT

HERE = Path(__file__).parent
FLASH = BOARD["flash"]
CUTS = 100
# Bytes of an operation that are done when the power fails: of a page of 256, or a block of 4,096
SIZES = (0, 100, 255, 2000)
# an append, one that begins a segment, an ack, freeing with its snapshot
ACTS = ("j.sale()", "j.roll()", "j.ack(11)", "j.free()")


@pytest.fixture(scope="module")
def _with_journal(formatted: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flash with the agent's modules and a journal of a few receipts."""
    path = Path(shutil.copy(formatted, tmp_path_factory.mktemp("journal") / "flash.img"))
    # as written: a board's copy has no names for constants, which journal_device.py asks for
    contents = {
        f"{path.with_suffix('')}.mpy": agent.compiled(source.read_text(), path.stem, "armv6m")
        for path, source in agent.sources()
        if path.parts[0] == "cabinpay"
    }
    contents["journal_device.py"] = (HERE / "journal_device.py").read_bytes()
    put_all(path, contents)
    return path


def put_all(path: Path, contents: dict[str, bytes]) -> None:
    """Files and their folders into the file system of a board that is switched off."""
    start, size = FLASH["storage_offset"], FLASH["storage_size"]
    whole = bytearray(path.read_bytes())
    context = UserContext(size)
    context.buffer[:] = whole[start : start + size]
    fs = LittleFS(context, block_size=FLASH["block"], block_count=size // FLASH["block"], prog_size=FLASH["page"])
    for name, data in contents.items():
        if "/" in name:
            fs.makedirs("/" + name.rpartition("/")[0], exist_ok=True)
        with fs.open("/" + name, "wb") as f:
            f.write(data)
    whole[start : start + size] = context.buffer
    path.write_bytes(whole)


@pytest.fixture
def flash(_with_journal: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(_with_journal, tmp_path / "flash.img"))


def begun(flash: Path) -> Iterator[tuple[Pico, Repl]]:
    with Pico(flash) as pico:
        pico.wait_usb()
        with Repl(pico) as repl:
            repl.run("import journal_device as j; j.boot()", 500)
            yield pico, repl


def held(flash: Path) -> list[int]:
    """Numbers of the receipts on this flash, by the ground's own reading of it."""
    found = flash_image.read(flash.read_bytes())
    assert not found.fault
    names = sorted(name for name in found.files if name.startswith(flash_image.JOURNAL))
    return [r.number for name in names for r in whole(found.files[name]) if r.type == flash_image.RECEIPT]


def whole(segment: bytes) -> Iterator[flash_image.Record]:
    try:
        yield from flash_image.records(segment)
    except ValueError as e:
        assert "torn" in str(e)


def test_a_hundred_cuts_lose_no_shown_receipt(flash: Path) -> None:
    for _, repl in begun(flash):
        # in segments of three, so that there is something to free
        repl.run("for n in range(4): j.roll(); j.sale(); j.sale()", 1500)
        repl.run("j.ack(9)", 200)
    before, cuts = flash.read_bytes(), 0
    totals = [operations(flash, act) for act in ACTS]
    cases = [(act, at, size) for act, n in zip(ACTS, totals, strict=True) for at in range(1, n + 1) for size in SIZES]
    for act, at, size in cases[:: max(1, len(cases) // CUTS)]:
        flash.write_bytes(before)
        one_cut(flash, act, at, size)
        cuts += 1
        print(act, at, size, end="; ", flush=True)
    assert cuts >= CUTS or cuts == len(cases)
    print(f"{cuts} cuts of {len(cases)}, operations: {dict(zip(ACTS, totals, strict=True))}")


def operations(flash: Path, act: str) -> int:
    copy = Path(shutil.copy(flash, flash.with_name("counted.img")))
    for pico, repl in begun(copy):
        first = pico.stat().operations
        repl.run(act, 500)
        return pico.stat().operations - first
    return 0


def one_cut(flash: Path, act: str, at: int, size: int) -> None:
    for pico, repl in begun(flash):
        first = len(pico.events)
        pico.cut(at, size)
        # a pause, so that the prompt's answer is out before the power fails
        repl.leave(f"import time; time.sleep_ms(30); {act}")
        pico.wait_event("power", since=first)
    for _, repl in begun(flash):
        number, lost, acked, passes = repl.run("print(j.state())")
        assert number in (12, 13) and not lost and acked in (9, 11) and passes == number, (act, at, size)
        repl.run("j.sale()", 200)
    numbers = held(flash)
    assert numbers == list(range(numbers[0], number + 2)) and numbers[0] <= 10, (act, at, size)


def test_a_full_journal_comes_up_in_two_seconds(flash: Path) -> None:
    fill(flash, 970)
    with Pico(flash) as pico:
        pico.wait_usb()
        with Repl(pico) as repl:
            ms, heap = repl.run("import rp2, journal_device as j; j.device = rp2.Flash(); print(j.boot())", 3000)
            repl.run("for _ in range(30): j.sale()", 3000)
            median, most = repl.run("print(j.times())")
            number, lost, _, passes = repl.run("print(j.state())")
    print(f"970 receipts come up in {ms} ms, {heap} bytes of heap; a sale is stored in {median} ms, {most} at most")
    assert ms < 2000
    assert heap < 32000 and (number, lost, passes) == (1000, False, 1000)


def test_a_terminal_full_of_receipts_starts(formatted: Path, tmp_path: Path) -> None:
    """The agent whole: a watchdog that outruns its start would end every one."""
    flash = Path(shutil.copy(formatted, tmp_path / "flash.img"))
    rig.install_emulated(flash)
    ground = gates.Gate(tmp_path)
    for receipts in (0, 970):
        if receipts:
            fill(flash, receipts)
        with terminal.Terminal(flash) as board:
            board.wait("stopped|sign_on", timeout=12)
            if not receipts:
                ground.provision(board)
                board.wait("sign_on")
            assert board.alive
            # MicroPython ends what is called at a depth of 7,936 bytes; a look at the keypad comes on top of anything
            assert board.pico.stat().stack < 7900
            print(f"{receipts} receipts: first screen after {board.screens[0]['us'] / 1000:.0f} ms")
            board.cut_power()
    ground.ledger.close()


def fill(flash: Path, count: int) -> None:
    """Sales, as if they had been made on this flash."""
    on_storage(flash, "fill_journal.py", count)


def on_storage(flash: Path, script: str, number: int) -> None:
    """Has this machine's MicroPython run a script of this folder on the file system of a board that is switched off."""
    start, size = FLASH["storage_offset"], FLASH["storage_size"]
    part = flash.with_name("storage.img")
    part.write_bytes(flash.read_bytes()[start : start + size])
    path = (str(HERE), str(ROOT / "boards/unix"))
    micropython.run(str(HERE / script), str(part), str(number), path=path)
    flash_file.put_storage(flash, part.read_bytes())
