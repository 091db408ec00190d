"""cabinpay flash on a real Pico firmware: bare to terminal; updates over receipts, cut at flash operations."""

from __future__ import annotations

import itertools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath

import pytest
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo
from typer.testing import CliRunner

import gate as gates
import simulator
from cabinpay_host import flash_image
from cabinpay_host.cli import app
from cabinpay_host.errors import HostError
from cabinpay_host.flash import agent, approach, boards, slots
from cabinpay_host.flash.job import Job, Options
from cabinpay_host.flash.prompt import Prompt
from pico_emulated import flash_file
from pico_emulated.emulator import Pico

BOARD = boards.load("pico_emulated")
OLD, NEW = "cabinpay 0.1.0", "cabinpay 9.9.9"
# as agent/files.py writes it: the next boot opens the prompt
OPENED = b"CPF1\xa5\x05\xdf\x1b\x01"
PATIENCE = 900


@pytest.fixture(scope="session")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sources of an agent of another version, and of a module that the old one does not have."""
    folder = tmp_path_factory.mktemp("newer") / "firmware"
    shutil.copytree(boards.FIRMWARE, folder)
    version = folder / agent.VERSION_FILE
    version.write_text(version.read_text().replace(OLD, NEW))
    (folder / "cabinpay/agent/extra.py").write_text("NEW = True\n")
    assert agent.version(folder) == NEW
    return folder


@pytest.fixture(scope="session")
def contents(newer: Path) -> dict[str, dict[str, bytes]]:
    """Files by version."""
    return {OLD: agent.files(BOARD), NEW: agent.files(BOARD, newer)}


@pytest.fixture(scope="session")
def _in_service(
    formatted: Path, contents: dict[str, dict[str, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, gates.Gate]:
    """Flash of a Pico in slot a of which the old agent lies, over the file system that a terminal in service has left:
    receipts, some of which no ledger has."""
    folder = tmp_path_factory.mktemp("service")
    ground = gates.Gate(folder)
    sell(folder, ground)
    flash = Path(shutil.copy(formatted, folder / "pico.img"))
    flash_file.put_storage(flash, (folder / "unix.img").read_bytes())
    install_offline(flash, contents[OLD], slots.SLOTS[0])
    return flash, ground


def sell(folder: Path, ground: gates.Gate) -> None:
    with simulator.Terminal(folder / "unix.img") as terminal:
        terminal.wait("stopped")
        ground.provision(terminal)
        ground.sync(terminal)
        gates.sign_on(terminal)
        phone = ground.passenger("anna")
        for sale in range(4):
            gates.key_in(terminal, (1001, 1, 500 + sale))
            assert terminal.pay(phone.quick())["code"] == "approved"
            if sale == 1:
                ground.sync(terminal)


def install_offline(flash: Path, files: dict[str, bytes], slot: str) -> None:
    fs, context = flash_file.mounted(flash)
    for path, data in files.items():
        fs.makedirs(str(PurePosixPath(f"/{slot}/{path}").parent), exist_ok=True)
        with fs.open(f"/{slot}/{path}", "wb") as f:
            f.write(data)
    for name, data in (("/main.py", slots.main_py(slot)), ("/maintenance", OPENED)):
        with fs.open(name, "wb") as f:
            f.write(data)
    flash_file.put_storage(flash, bytes(context.buffer))


@pytest.fixture
def service(_in_service: tuple[Path, gates.Gate], tmp_path: Path) -> Path:
    return Path(shutil.copy(_in_service[0], tmp_path / "pico.img"))


@pytest.fixture
def opened(service: Path) -> Iterator[tuple[Pico, Prompt]]:
    """That board, its prompt granted."""
    with Pico(service) as pico:
        yield pico, prompt_of(pico)


def prompt_of(pico: Pico) -> Prompt:
    pico.wait_usb()
    pico.run(3000)
    return approach.again(lambda: Prompt(pico.port), 60)


def kept(flash: Path) -> dict[str, bytes]:
    """What an update must not touch."""
    found = flash_image.read(flash.read_bytes()).files
    names = [name for name in found if name.split("/")[0] in ("journal", "keys", "boots", "bundle", "high")]
    assert {"keys", "bundle", "high"} <= set(names) and any(name.startswith("journal/") for name in names)
    return {name: found[name] for name in names}


def version_on(flash: Path, contents: dict[str, dict[str, bytes]]) -> str:
    """Of the agent that the next start runs: AssertionError unless it is whole."""
    found = flash_image.read(flash.read_bytes()).files
    slot = slots.in_use(found["main.py"])
    assert found["main.py"] == slots.main_py(slot or "")
    lying = {path.removeprefix(f"{slot}/"): data for path, data in found.items() if path.startswith(f"{slot}/")}
    return next(version for version, files in contents.items() if files == lying)


def update(prompt: Prompt, files: dict[str, bytes]) -> None:
    plan = slots.plan(prompt, files, prompt.facts())
    slots.fill(prompt, files, plan, lambda _: None)
    slots.verify(prompt, files, plan.target)
    slots.activate(prompt, plan.target)
    slots.clear(prompt, plan.target)


def test_an_update_keeps_every_receipt_and_takes_what_is_there_from_there(
    service: Path, newer: Path, contents: dict[str, dict[str, bytes]]
) -> None:
    before = kept(service)
    said: list[str] = []
    with Pico(service) as pico:
        prompt_of(pico).close()
        options = Options(unsynced=True, firmware=newer)
        hello = Job(pico.port, "pico_emulated", options, said.append).run()
        assert (hello.agent, hello.label, hello.state) == (NEW, "9C-001", "ready")
    assert f"agent-b: 1 files sent, {len(contents[OLD]) - 1} copied there, all checked" in said
    after = kept(service)
    assert {name: data for name, data in after.items() if name != "boots"} == {
        name: data for name, data in before.items() if name != "boots"
    }
    assert version_on(service, contents) == NEW
    assert not any(name.startswith("agent-a") for name in flash_image.read(service.read_bytes()).files)


def test_receipts_that_no_ledger_has_are_refused_with_the_way_out(opened: tuple[Pico, Prompt], service: Path) -> None:
    pico, prompt = opened
    facts = prompt.facts()
    assert facts.has_keys and prompt.unsynced(facts) and not prompt.lost_its_keys(facts)
    prompt.close()
    before = service.read_bytes()
    with pytest.raises(HostError, match=r"not_synced: .*sync it first"):
        Job(pico.port, "pico_emulated", Options(), lambda _: None).run()
    assert service.read_bytes() == before


def test_a_ledger_that_has_them_all_lets_the_update_through(
    _in_service: tuple[Path, gates.Gate], service: Path, tmp_path: Path
) -> None:
    folder = _in_service[0].parent
    synced = tmp_path / "synced"
    shutil.copytree(folder, synced, ignore=shutil.ignore_patterns("*.port", "*.log"))
    ground = gates.Gate(synced)
    with simulator.Terminal(synced / "unix.img") as terminal:
        terminal.first()
        ground.sync(terminal)
        ground.sync(terminal)
    flash_file.put_storage(service, (synced / "unix.img").read_bytes())
    # without main.py its prompt is open
    with Pico(service) as pico, prompt_of(pico) as prompt:
        assert not prompt.unsynced(prompt.facts())
        prompt.run("import os; f = open('/journal/' + os.listdir('/journal')[0], 'r+b'); f.seek(40); f.write(b'x')")
        prompt.run("f.close()")
        assert prompt.unsynced(prompt.facts()), "what cannot be read is in doubt"


def test_lost_keys_and_other_layouts_are_refused(opened: tuple[Pico, Prompt], service: Path) -> None:
    pico, prompt = opened
    other = boards.Board({**BOARD.data, "flash": {**BOARD.data["flash"], "storage_size": 868352}})
    job = Job(pico.port, "pico_emulated", Options(), lambda _: None)
    job.board = other
    with pytest.raises(HostError, match="layout: "):
        job._judge(prompt)
    job.board = boards.load("pico_w")
    with pytest.raises(HostError, match="wrong_board: this is a Raspberry Pi Pico with RP2040"):
        job._judge(prompt)
    job.board = BOARD
    prompt.run("import os; os.rename('/keys', '/kept')")
    with pytest.raises(HostError, match=r"needs_recovery: .*picotool save -r 0xa0000 0x200000"):
        job._judge(prompt)


def test_a_full_flash_is_refused_before_anything_is_written(
    opened: tuple[Pico, Prompt], contents: dict[str, dict[str, bytes]]
) -> None:
    _, prompt = opened
    prompt.run("f = open('/filler', 'wb'); b = bytes(4096)\nfor _ in range(270): f.write(b)\nf.close()")
    before = prompt.facts()
    with pytest.raises(HostError, match="flash_full: "):
        slots.plan(prompt, contents[NEW], before)
    assert prompt.facts().free == before.free


def test_every_cut_of_the_switch_leaves_the_old_agent_or_the_new_one(
    service: Path, contents: dict[str, dict[str, bytes]]
) -> None:
    """From the moment that the other slot is checked: main.py, its rename, and what is removed after it."""
    with Pico(service) as pico, prompt_of(pico) as prompt:
        plan = slots.plan(prompt, contents[NEW], prompt.facts())
        slots.fill(prompt, contents[NEW], plan, lambda _: None)
        slots.verify(prompt, contents[NEW], plan.target)
    flash_file.put(service, "maintenance", OPENED)
    before, filled = kept(service), service.read_bytes()
    total = operations_of_the_switch(service, plan.target)
    seen = []
    # inside the operation: nothing of it is done, a part, all; then two of what is removed
    for at, size in [*itertools.product(range(1, total + 1), (0, 100, 256)), (total + 1, 0), (total + 20, 100)]:
        service.write_bytes(filled)
        with Pico(service) as pico, prompt_of(pico) as prompt:
            pico.cut(at, size)
            with suppress(HostError):
                slots.activate(prompt, plan.target)
                slots.clear(prompt, plan.target)
        assert {**kept(service), "boots": b""} == {**before, "boots": b""}
        seen.append(version_on(service, contents))
    assert seen == [OLD] * seen.count(OLD) + [NEW] * seen.count(NEW) and set(seen) == {OLD, NEW}, seen


def operations_of_the_switch(flash: Path, target: str) -> int:
    """On the board of a copy."""
    copy = flash.with_name("counted.img")
    shutil.copy(flash, copy)
    with Pico(copy) as pico, prompt_of(pico) as prompt:
        before = pico.stat().operations
        slots.activate(prompt, target)
        return pico.stat().operations - before


@pytest.mark.parametrize("at", [1, 60, 150, 400])
def test_cut_while_it_is_filled_and_run_again(
    at: int, service: Path, newer: Path, contents: dict[str, dict[str, bytes]]
) -> None:
    """The old agent is what starts, and the next run goes on from there."""
    before = kept(service)
    with Pico(service) as pico:
        prompt = prompt_of(pico)
        pico.cut(at, 60)
        with pytest.raises(HostError, match="prompt_lost"):
            update(prompt, contents[NEW])
        prompt.close()
    assert version_on(service, contents) == OLD
    assert kept(service) == before
    flash_file.put(service, "maintenance", OPENED)
    with Pico(service) as pico, prompt_of(pico) as prompt:
        update(prompt, contents[NEW])
    assert version_on(service, contents) == NEW
    assert {**kept(service), "boots": b""} == {**before, "boots": b""}
    with Pico(service) as pico:
        pico.wait_usb()
        pico.run(6000)
        hello = approach.hello(pico.port)
    assert (hello.agent, hello.label, hello.state) == (NEW, "9C-001", "ready")


def cabinpay(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cabinpay_host.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


def test_from_bare_to_a_provisioned_terminal_in_text(pico: Pico, tmp_path: Path) -> None:
    ground = gates.Gate(tmp_path)
    ground.ledger.close()
    words = ["flash", "--board", "pico_emulated", "--port", pico.port]
    more = ["--label", "9C-007", "--root", f"{tmp_path}/root.pub", "--next-root", f"{tmp_path}/next.pub"]
    more += ["--bundle", f"{tmp_path}/1.bundle", "--ledger", f"sqlite:///{tmp_path}/ledger.db#{tmp_path}/archive"]
    done = cabinpay(*words)
    assert done.returncode == 0, done.stderr
    assert f"{OLD} answers: blank" in done.stderr and "Traceback" not in done.stderr
    again = cabinpay(*words, *more)
    assert again.returncode == 0, again.stderr
    assert "every file is there already" in again.stderr and "9C-007 is ready" in again.stderr
    assert re.search(r"\n    9C-007\n    [0-9a-f]{16}\n", again.stdout)
    once_more = cabinpay(*words, *more)
    assert once_more.returncode == 0, once_more.stderr
    assert f"9C-007 runs {OLD} already" in once_more.stderr


def test_a_killed_host_is_run_again(pico: Pico, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cabinpay_host.cli", "flash", "--board", "pico_emulated", "--port", pico.port]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as first:
        assert first.stderr
        assert any("copy what has changed" in line for line in first.stderr)
        operations = pico.stat().operations
        pico.wait(lambda: pico.stat().operations > operations + 40, 60000, "some files")
        first.kill()
    done = cabinpay(*command[3:])
    assert done.returncode == 0, done.stderr
    assert f"{OLD} answers: blank" in done.stderr
    assert 0 < int(re.findall(r"(\d+) files sent", done.stderr)[0]) < len(agent.files(BOARD)), "it went on"


def test_two_boards_one_after_the_other(formatted: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are found by their USB ids, and each is told what it is."""
    ground = gates.Gate(tmp_path)
    ground.ledger.close()
    words = ["flash", "--all", "--label", "9C-001", "--root", f"{tmp_path}/root.pub"]
    words += ["--next-root", f"{tmp_path}/next.pub", "--bundle", f"{tmp_path}/1.bundle"]
    words += ["--ledger", f"sqlite:///{tmp_path}/ledger.db#{tmp_path}/archive"]
    flashes = [Path(shutil.copy(formatted, tmp_path / f"{name}.img")) for name in ("one", "two")]
    with Pico(flashes[0]) as one, Pico(flashes[1]) as two:
        here = [ListPortInfo(pico.port) for pico in (one, two)]
        for info in here:
            info.vid, info.pid = 0x2E8A, 5
        monkeypatch.setattr(list_ports, "comports", lambda: here)
        for pico in (one, two):
            pico.wait_usb()
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, done.output
        hellos = [approach.hello(pico.port) for pico in (one, two)]
    assert [(hello.label, hello.state) for hello in hellos] == [("9C-001", "ready"), ("9C-002", "ready")]
    assert hellos[0].kid != hellos[1].kid
    assert "\n    9C-001\n" in done.output and "\n    9C-002\n" in done.output
