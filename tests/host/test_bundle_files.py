"""What travels with a bundle, on the ground's side: made from people's files, laid beside it, checked, compared."""

import hashlib
import io
import json
import os
import stat
from pathlib import Path

import pytest

from cabinpay.wire import files as layout
from cabinpay.wire import frames, messages, pins
from cabinpay_host import bundle, bundle_check, bundle_diff, bundle_files, bundle_text, cli, codec, crew_file, keys
from cabinpay_host.errors import HostError
from cabinpay_host.link import CHUNK
from host.ground_kit import DAY, NOW, SPEC, Airline

FILES = '[files]\nrevoked = "revoked.txt"\ncatalogue = "catalogue.csv"\ncrew = "crew.json"\n'
HEAD = "sku,english,chinese,price,currency\n"
PIN_A, PIN_B = "aa" * 32, "bb" * 32


@pytest.fixture
def airline(tmp_path: Path) -> Airline:
    made = Airline(tmp_path)
    (tmp_path / "revoked.txt").write_text(f"# lost phones\n{'00' * 8}:{'02' * 8}\n\n{'00' * 8}{'01' * 8}  # Bo\n")
    (tmp_path / "catalogue.csv").write_text(HEAD + "205,Tea,茶,500,978\n101,Noodles,方便面,1500,156\n", "utf-8")
    crew_file.add(tmp_path / "crew.json", 4711, "0815")
    made.spec.write_text(FILES + f'[gateway]\ncurrent = "{PIN_A}"\nnext = "{PIN_B}"\n' + "\n" + SPEC_TABLES)
    made.spec.write_text(TOP + made.spec.read_text())
    return made


TOP, _, SPEC_TABLES = SPEC.partition("[limits]")
SPEC_TABLES = "[limits]" + SPEC_TABLES


def make(airline: Airline) -> tuple[bytes, bundle_files.Contents]:
    return bundle.make_with_files(airline.spec, airline.keys["day"], airline.delegation, airline.roots, NOW)


def code(function, *args) -> str:
    with pytest.raises(HostError) as refused:
        function(*args)
    assert "\n" not in refused.value.line
    return refused.value.code


def test_files_as_terminals_read_them(airline: Airline) -> None:
    data, contents = make(airline)
    content = bundle.open_checked(data, airline.roots)[1]
    assert content.gateway == [bytes.fromhex(PIN_A), bytes.fromhex(PIN_B)]
    assert content.files == [[n, len(d), hashlib.sha256(d).digest()] for n, d in sorted(contents.items())]
    assert contents["revoked"] == bytes(8) + b"\1" * 8 + bytes(8) + b"\2" * 8
    rows = bundle_files.rows("catalogue", contents["catalogue"])
    assert [layout.read_item(row) for row in rows] == [
        [101, "Noodles", "方便面", 1500, 156],
        [205, "Tea", "茶", 500, 978],
    ]
    number, count, salt, verifier = layout.read_crew(contents["crew"])
    assert (number, count) == (4711, pins.COUNT) and verifier == pins.verifier(4711, "0815", salt, count)
    assert all(bundle_files.ascending(*item) for item in contents.items())


@pytest.mark.parametrize(("text", "words"), [
    ("", "first line"), ("a,b\n", "first line"), (HEAD + "1,Tip,,5,156\n", "sku"), (HEAD + "101,Tea,,0,156\n", "price"),
    (HEAD + "101,Tea,,1.50,156\n", "price"), (HEAD + "101,,,5,156\n", "english"), (HEAD + "101,Té,,5,156\n", "english"),
    (HEAD + f"101,{'x' * 29},,5,156\n", "english"), (HEAD + f"101,Tea,{'面' * 15},5,156\n", "chinese"),
    (HEAD + "101,Tea,,5,840\n", "156, 978"), (HEAD + "101,Tea,,5\n", "columns"),
    (HEAD + "4294967296,T,,5,156\n", "sku"),
    (HEAD + "101,Tea,,5,156\n101,Tee,,6,156\n", "line 3: this sku stands here twice"),
])  # fmt: skip
def test_catalogues_that_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "c.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(HostError) as refused:
        bundle_files.catalogue(path, {156, 978})
    assert refused.value.code == "catalogue_bad" and words in refused.value.line


def test_sources_that_are_refused(airline: Airline) -> None:
    path = airline.folder / "revoked.txt"
    for text in ("00", "00" * 15, "zz" * 16, "00" * 17, "passenger"):
        path.write_text(text)
        assert code(make, airline) == "revoked_bad", text
    path.write_bytes(b"\xff")
    assert code(make, airline) == "revoked_bad"
    path.write_text("\n".join(f"{n:032x}" for n in range(4097)))
    assert code(make, airline) == "bundle_files"
    path.unlink()
    assert code(make, airline) == "file_missing"
    path.write_text("")
    assert "revoked" not in make(airline)[1], "an empty list is no file"
    for old, new, found in (
        (f'next = "{PIN_B}"', "", "toml_missing"), (PIN_B, "b" * 63, "toml_field"),
        ("crew =", "cerw =", "toml_unknown"),
    ):  # fmt: skip
        before = airline.spec.read_text()
        airline.spec.write_text(before.replace(old, new))
        assert code(make, airline) == found
        airline.spec.write_text(before)


def test_beside_the_bundle(airline: Airline) -> None:
    path = airline.folder / "9C.bundle"
    bundle.write(path, *make(airline))
    folder = bundle_files.folder_of(path)
    first = {p.name for p in folder.iterdir()}
    assert len(first) == 3 and stat.S_IMODE(next(folder.glob("crew-*")).stat().st_mode) == 0o600
    (folder / "note.txt").write_text("mine")
    (airline.folder / "revoked.txt").write_text("")
    airline.spec.write_text(airline.spec.read_text().replace("version = 7", "version = 8"))
    data, contents = make(airline)
    bundle.write(path, data, contents)
    assert {p.name for p in folder.iterdir()} == {n for n in first if "revoked" not in n} | {"note.txt"}
    named = bundle.peek(data)[1].files
    assert bundle_files.load(path, named) == contents
    next(folder.glob("crew-*")).write_bytes(b"x" * 58)
    assert code(bundle_files.load, path, named) == "bundle_files"
    next(folder.glob("crew-*")).unlink()
    assert code(bundle_files.load, path, named) == "file_missing"


def test_crew_files(tmp_path: Path) -> None:
    path = tmp_path / "crew.json"
    assert crew_file.add(path, 7, "123456") and not crew_file.add(path, 7, "0815")
    assert set(json.loads(path.read_text())["crew"]["7"]) == {"count", "salt", "verifier"}, "and no PIN"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for number, pin, found in ((0, "0815", "crew_number"), (10**10, "0815", "crew_number"), (7, "815", "crew_pin")):
        assert code(crew_file.add, path, number, pin) == found
    assert code(crew_file.remove, path, 8) == "crew_absent"
    crew_file.remove(path, 7)
    assert crew_file.load(path) == {}
    good = {"count": 1, "salt": "00" * 16, "verifier": "00" * 32}
    for crew in ([], {"07": good}, {"x": good}, {"7": {**good, "count": 0}}, {"7": {**good, "salt": "0"}}, {"7": 1}):
        path.write_text(json.dumps({"format": "cabinpay-crew", "crew": crew}))
        assert code(crew_file.load, path) == "crew_garbled", crew
    os.chmod(path, 0o644)
    assert code(crew_file.load, path) == "file_shared"


def test_checks(airline: Airline) -> None:
    path = airline.folder / "9C.bundle"
    bundle.write(path, *make(airline))
    delegation, content = bundle.peek(path.read_bytes())
    content.issuers[0][2] = content.ground[0][2] = NOW + 900 * DAY

    def found(now: int = NOW) -> list[str]:
        return bundle_check.faults(path, content, delegation, now)

    assert found() == [] and "no issuer for EUR" in bundle_check.warnings(content, delegation, NOW)[0]
    assert "run out" in found(NOW + 8 * DAY)[0] and len(found(NOW + 91 * DAY)) == 2
    assert "future" in found(NOW - 1)[0]
    next(bundle_files.folder_of(path).glob("revoked-*")).write_bytes(b"x")
    assert "not the file" in found()[0]
    assert any("runs out" in line for line in bundle_check.warnings(content, delegation, NOW + 5 * DAY))


def test_gaps_between_old_keys_and_new(airline: Airline) -> None:
    delegation, content = bundle.peek(make(airline)[0])
    caps = [[156, 1, 1], [978, 1, 1]]
    content.ground = [[bytes([n]) * 32, 0, NOW + 99 * DAY, 15] for n in (8, 9)]
    for windows, words in (
        ([(0, NOW + DAY), (NOW + DAY, NOW + 99 * DAY)], None),
        ([(0, NOW + 2 * DAY), (NOW + DAY, NOW + 99 * DAY)], None),
        ([(0, NOW + DAY), (NOW + 2 * DAY, NOW + 99 * DAY)], "no issuer for CNY from"),
        ([(0, NOW + DAY), (NOW - DAY, NOW + 2 * DAY)], " on"),
        ([(0, NOW - 99 * DAY), (0, NOW + 99 * DAY)], "of no use"),
    ):
        content.issuers = [[bytes([n]) * 32, *window, caps] for n, window in enumerate(windows)]
        lines = bundle_check.warnings(content, delegation, NOW)
        assert bool(lines) == (words is not None) and (words is None or words in lines[0]), (windows, lines)
    content.ground[0][3] = content.ground[1][3] = 9
    assert any("the right ack" in line for line in bundle_check.warnings(content, delegation, NOW))


def test_differences_in_words(airline: Airline) -> None:
    old = bundle.peek(make(airline)[0])
    assert bundle_diff.diff(bundle_text.record(*old), bundle_text.record(*old)) == []
    before = make(airline)[1]
    keys.create(airline.folder, "issuer", "second")
    text = airline.spec.read_text().replace("version = 7", "version = 8").replace("max_sales = 500", "max_sales = 9")
    text = text.replace("quick = { rtc = 5000", "quick = { rtc = 6000").replace(PIN_B, "cc" * 32)
    text += '[[issuers]]\nkey = "second.pub"\nfrom = 2026-06-01\nuntil = 2028-01-01\n'
    airline.spec.write_text(text + "currencies.978 = { per_sale = 1, total = 2 }\n")
    (airline.folder / "revoked.txt").write_text("03" * 16)
    data, after = make(airline)
    lines = bundle_diff.diff(bundle_text.record(*old), bundle_text.record(*bundle.peek(data)))
    for words in ("version: 7 becomes 8", "limits max sales: 500 becomes 9", "rtc 6000", "added: 2026-06-01",
                  "file revoked sha256", "gateway pins"):  # fmt: skip
        assert any(words in line for line in lines), (words, lines)
    assert bundle_diff.files(before, after) == ["file revoked: 1 rows new, 2 gone"]


def test_exponents_and_issuers_of_several_currencies(airline: Airline) -> None:
    text = airline.spec.read_text() + "\n[currencies.392]\nexponent = 0\nmax_sum = 90000\n"
    airline.spec.write_text(text + "challenged = { rtc = 900, synced = 900, floor = 0 }\n")
    content = bundle.peek(make(airline)[0])
    assert [entry[:2] for entry in content[1].currencies] == [[156, 2], [392, 0], [978, 2]]
    assert "90,000 JPY between" in bundle_text.describe(*content)


def test_a_piece_of_a_file_fits_a_request() -> None:
    body = messages.request(0xFFFF, "file", ["catalogue", layout.MAX_FILE, bytes(CHUNK)], codec)
    assert len(body) <= frames.MAX_REQUEST


def test_the_commands(airline: Airline, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(airline.folder)

    def run(line: str, given: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(given))
        with pytest.raises(SystemExit) as done:
            cli.main(line.split())
        return int(done.value.code or 0)

    assert (
        run("bundle crew add 8 --file crew.json", "4321\n") == 0 and run("bundle crew add 8 --file crew.json", "x") == 3
    )
    capsys.readouterr()
    assert run("bundle crew list --file crew.json --json") == 0
    assert json.loads(capsys.readouterr().out) == {"crew": [8, 4711]}
    assert run("bundle crew remove 8 --file crew.json") == 0
    bundle.write(Path("9C.bundle"), *make(airline))
    assert run("bundle show 9C.bundle") == 0
    shown = capsys.readouterr().out
    assert "File revoked: 2 rows" in shown and f"Gateway certificate, now: {PIN_A}" in shown
    assert run("bundle diff 9C.bundle 9C.bundle") == 0 and "nothing but" in capsys.readouterr().out
    status = run("bundle check 9C.bundle --root root.pub --json")
    report = json.loads(capsys.readouterr().out)
    assert report["version"] == 7 and (status == 7) == bool(report["faults"])
