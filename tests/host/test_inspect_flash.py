"""cabinpay inspect on a real terminal's flash: whole, damaged, reordered; and the command beside it."""

import json
import random
import struct
import time
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

import gate as gates
import simulator
from cabinpay.wire import frames
from cabinpay_host import cli, codec, flash_image, inspect, keys
from cabinpay_host.inspect_keys import Ring
from cabinpay_host.inspect_objects import sound


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[gates.Gate]:
    """A terminal's flash.img after a shift with two sales, acknowledged up to the first."""
    ground = gates.Gate(tmp_path_factory.mktemp("flash"))
    with simulator.Terminal(ground.folder / "flash.img") as terminal:
        terminal.wait("stopped", "")
        ground.provision(terminal)
        ground.sync(terminal)
        gates.sign_on(terminal)
        wallet = ground.passenger("ann")
        for sync, price in ((True, 700), (False, 900)):
            gates.key_in(terminal, (5, 1, price))
            now = int(time.time())
            assert terminal.pay(wallet.quick(now))["code"] == "approved"
            terminal.press("D")
            if sync:
                ground.sync(terminal)
    yield ground
    ground.ledger.close()


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as e:
        cli.main(["inspect", *args])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return int(e.value.code or 0), out, err


def secrets_of(image: bytes) -> list[str]:
    stored = codec.decode(flash_image.read(image).files["keys"][8:])
    return [stored[1].hex(), stored[2].hex()]


def flash_fields(image: bytes) -> dict[str, str]:
    return {field.name: field.shown for field in inspect.inspect_flash.explain(image, Ring()).fields if not field.label}


def test_a_flash_image(ground: gates.Gate, capsys: pytest.CaptureFixture[str]) -> None:
    path = ground.folder / "flash.img"
    code, out, err = run(capsys, str(path), "--json")
    assert (code, err) == (0, "")
    record = json.loads(out)
    fields = {field["name"]: field for field in record["fields"] if not field["label"]}
    assert (fields["journal"]["value"], fields["chain"]["shown"], fields["acked"]["value"]) == ([1, 4], "whole", 3)
    assert fields["fullness"]["value"][1] == 352
    rows = [field["shown"] for field in record["fields"] if field["name"] == "receipt"]
    assert len(rows) == 4 and "9.00 CNY; signature holds, evidence holds" in rows[3]
    code, shown, _ = run(capsys, str(path))
    assert code == 0 and "9C-001" in shown and "1 not yet acknowledged" in shown
    for secret in secrets_of(path.read_bytes()):
        assert secret not in out + shown
    chip = bytes(640 * 1024) + path.read_bytes()
    assert flash_fields(chip) == flash_fields(path.read_bytes())


def record_of(signed: bytes, number: int) -> bytes:
    head = struct.pack(">4sBBHHHIQ8s8sIII", b"CPR2", 1, 1, len(signed), 0, 0, number, 0, b"", b"", 0, 0, 0)
    head += zlib.crc32(head).to_bytes(4, "big")
    return head + signed + zlib.crc32(head + signed).to_bytes(4, "big")


def test_a_flash_whose_chain_breaks(ground: gates.Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    image = (ground.folder / "flash.img").read_bytes()
    segment = flash_image.read(image).files["journal/00000001"]
    records = [record.signed for record in flash_image.records(segment) if record.type == flash_image.RECEIPT]
    head = segment[: flash_image.SEGMENT_HEADER]
    altered = inspect.inspect_flash.explain(image.replace(records[1], bytes(len(records[1]))), Ring())
    assert any("checksum" in fault for fault in altered.faults) and not sound(altered)
    reasons = []
    for order in ([0, 2], [1, 0, 2], [0, 1, 1, 2]):
        body = b"".join(record_of(records[i], i + 1) for i in order)
        monkeypatch.setattr(
            flash_image, "read", lambda _, b=body: flash_image.Flash({"journal/00000001": head + b}, 5, 352)
        )
        reasons += inspect.inspect_flash.explain(image, Ring()).faults
    assert "chain: receipt 3 stands where 2 belongs" in reasons
    assert "chain: receipt 1 stands where 3 belongs" in reasons
    assert "chain: receipt 2 stands where 3 belongs" in reasons
    monkeypatch.undo()
    no_system = bytes(8192) + image[8192:]
    assert flash_image.start(no_system) is None


def test_damaged_images_never_raise(ground: gates.Gate) -> None:
    whole = (ground.folder / "flash.img").read_bytes()
    used = [at for at in range(0, len(whole), 4096) if whole[at : at + 4096] != b"\xff" * 4096]
    source = random.Random(5)
    for _ in range(60):
        image = bytearray(whole)
        for _ in range(source.choice((1, 5, 50))):
            image[source.choice(used) + source.randrange(600)] = source.randrange(256)
        if source.random() < 0.2:
            del image[source.randrange(8192, len(image)) :]
        thing = inspect.inspect_flash.explain(bytes(image), Ring())
        shown = json.dumps(thing.record()) + "\n".join(thing.lines())
        for secret in secrets_of(whole):
            assert secret not in shown


def test_the_command(ground: gates.Gate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ground.folder)
    bundle = ground.folder / "9C.bundle"
    bundle.write_bytes(ground.bundle[1])
    text = ground.passenger("bob").quick()
    code, out, err = run(capsys, text, "--bundle", "9C.bundle")
    assert (code, err, out.count("signature HOLDS")) == (0, "", 2)
    code, out, _ = run(capsys, "9C.bundle", "--key", "root.pub", "--key", "next.pub")
    assert (code, out.count("signature HOLDS")) == (0, 2)
    code, out, _ = run(capsys, "root.pub")
    assert code == 0 and keys.load(Path("root.pub")).kid.hex() in out
    code, out, _ = run(capsys, "root.key", "--json")
    assert code == 0 and json.loads(Path("root.key").read_text())["seed"] not in out
    swapped = frames.encode(b"x")[:-2] + b"\x00\xc0"
    code, out, err = run(capsys, swapped.hex(), "--hex")
    assert code == 7 and "REFUSED: frame" in out and err.startswith("cabinpay: thing_refused: ")
