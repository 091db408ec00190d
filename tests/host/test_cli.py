"""The command line as people meet it: one story from key to QR code, and one line for everything that goes wrong."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from cabinpay.wire import cbor, cose, qrtext
from cabinpay.wire.claims import Pass, Payment
from cabinpay_host import bundle, cli, crypto, enrol, keys, qr, wallet_file
from host.ground_kit import bill_text

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{ROOT}/firmware:{ROOT}/host_tools", "COLUMNS": "200"}
COMMAND = [sys.executable, "-W", "error", "-m", "cabinpay_host.cli"]
ENROL = "enrol --issuer issuer.key --policy policy.toml --airline 9C --score 600"
MAKE = "bundle make 9C.toml --key day.key --delegation day.cose --root root.pub --out"


def run(folder: Path, *args: str, given: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *args], cwd=folder, env=ENVIRONMENT, input=given, capture_output=True, text=True, timeout=30
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with keys, a delegation, a bundle and a wallet with a pass, all made by commands."""
    folder = tmp_path_factory.mktemp("ground")
    names = {"root": "root", "bundle": "day", "issuer": "issuer", "ground": "laptop", "ledger": "ledger"}
    for role, name in names.items():
        call(folder, f"keys new {role} {name}")
    (folder / "9C.toml").write_text(bundle.EXAMPLE)
    (folder / "policy.toml").write_text(enrol.EXAMPLE)
    call(folder, "bundle delegate --root root.key --to day.pub --until 2090-01-01 --serial 1 --out day.cose")
    call(folder, f"{MAKE} 9C.bundle")
    call(folder, "wallet new alice.wallet")
    call(folder, f"{ENROL} --wallet alice.wallet --out alice.pass --flight 8863 --date 2027-01-31")
    call(folder, "wallet add alice.wallet alice.pass")
    return folder


def call(folder: Path, line: str | list[str]) -> int:
    """One command in this process, as `main` runs it; its exit code."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        cli.main(line.split() if isinstance(line, str) else line)
    except SystemExit as e:
        return int(e.code or 0)
    finally:
        os.chdir(before)


def secrets_of(folder: Path) -> Iterator[str]:
    for name in ("root.key", "day.key", "issuer.key", "laptop.key", "alice.wallet"):
        yield json.loads((folder / name).read_text())["seed"]


def test_the_story_in_real_processes(tmp_path: Path) -> None:
    done = [run(tmp_path, "keys", "new", role, role, "--folder", "keys") for role in keys.ROLES]
    done.append(run(tmp_path, "wallet", "new", "alice.wallet"))
    (tmp_path / "policy.toml").write_text(enrol.EXAMPLE)
    enrolment = ENROL.replace("issuer.key", "keys/issuer.key").split()
    done.append(run(tmp_path, *enrolment, "--device", done[-1].stdout.strip(), "--out", "alice.pass"))
    done.append(run(tmp_path, "wallet", "add", "alice.wallet", "alice.pass"))
    (tmp_path / "bill.png").write_bytes(qr.png(bill_text()))
    pay = ["wallet", "pay", "alice.wallet", "--bill-picture", "bill.png", "--png", "pay.png", "--svg", "pay.svg"]
    done.append(run(tmp_path, *pay, given="y\n"))
    assert [d.returncode for d in done] == [0] * len(done), done
    assert "12.50 CNY" in done[-1].stderr
    text = done[-1].stdout.rstrip("\n")
    assert qr.read_picture(tmp_path / "pay.png") == text
    signed, payment = qrtext.read_customer(text.encode(), cbor)
    assert Pass.unpack(cose.parse(signed, cbor).payload, cbor).aud == "9C"
    claims = Payment.unpack(cose.parse(payment, cbor).payload, cbor)
    assert claims.terms == [1250, 156]
    assert abs(claims.iat - time.time()) < 60
    shown = "".join(d.stdout + d.stderr for d in done)
    seeds = [wallet_file.read(tmp_path / "alice.wallet").seed]
    seeds += [keys.load_secret(tmp_path / "keys" / f"{role}.key", role).seed for role in keys.ROLES]
    assert not [seed for seed in seeds if seed.hex() in shown]


def test_shows_for_programs(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = []
    for line in ("keys show root.key", "keys show root.pub", "wallet show alice.wallet",
                 "bundle show 9C.bundle", "bundle show 9C.bundle --root root.pub"):  # fmt: skip
        assert call(made, f"{line} --json") == 0
        records.append(json.loads(capsys.readouterr().out))
    key, public, wallet, unchecked, checked = records
    assert key == {**public, "secret": True}
    assert public["public"] == keys.load_public(made / "root.pub", "root").public.hex()
    assert wallet["public"] == crypto.public_key(wallet_file.read(made / "alice.wallet").seed).hex()
    assert (wallet["passes"][0]["airline"], wallet["passes"][0]["flight"]) == ("9C", [8863, 20849])
    assert checked == {**unchecked, "checked": True}
    assert (checked["version"], checked["ground"][0]["rights"]) == (1, ["pull", "time"])


def test_shows_for_people(made: Path, capsys: pytest.CaptureFixture[str]) -> None:
    expected = {
        "keys show root.key": ["root", "True"],
        "wallet show alice.wallet": ["9C", "8863", "200.00 CNY"],
        "wallet key alice.wallet": [crypto.public_key(wallet_file.read(made / "alice.wallet").seed).hex()],
        "bundle show 9C.bundle": ["Bundle 1 of airline 9C", "NOT checked"],
        "bundle show 9C.bundle --root root.pub": ["signatures hold"],
        "bundle example": ['airline = "9C"'],
        "wallet pay alice.wallet --terminal": ["█", "CP1:"],
    }
    for line, words in expected.items():
        assert call(made, line) == 0
        out, err = capsys.readouterr()
        assert all(word in out for word in words), (line, out)
        assert not [secret for secret in secrets_of(made) if secret in out + err]


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("n\n", 4), ("\n", 4), ("", 4), ("\xff\n", 4)])
def test_a_bill_is_paid_by_who_agrees(made: Path, answer: str, code: int) -> None:
    before = (made / "alice.wallet").read_bytes()
    done = run(made, "wallet", "pay", "alice.wallet", "--bill", bill_text(), given=answer)
    assert done.returncode == code
    assert "12.50 CNY" in done.stderr
    assert done.stdout.startswith("CP1:") == (code == 0)
    if code:
        assert done.stderr.splitlines()[-1].startswith("cabinpay: not_agreed: ")
        assert (made / "alice.wallet").read_bytes() == before


@pytest.mark.parametrize("group", ["", "keys", "keys new", "keys show", "enrol", "bundle", "bundle delegate",
                                   "bundle make", "bundle show", "bundle example", "wallet", "wallet pay"])  # fmt: skip
def test_help(tmp_path: Path, capsys: pytest.CaptureFixture[str], group: str) -> None:
    for flag in ("--help", "-h"):
        assert call(tmp_path, f"{group} {flag}") == 0
        out, err = capsys.readouterr()
        assert "Usage: cabinpay" in out
        assert err == ""
    assert call(tmp_path, "") == 0


BAD = [
    ("keys", "usage", 2),
    ("nonsense", "usage", 2),
    ("keys new", "usage", 2),
    ("keys new root", "usage", 2),
    ("keys new root k --colour", "usage", 2),
    ("keys new king k", "key_role", 2),
    ("keys new root ../k", "key_name", 2),
    ("keys new root k --folder 9C.toml", "file_exists", 4),
    ("keys new root k --folder 9C.toml/k", "file_missing", 3),
    ("keys new root root", "file_exists", 4),
    ("keys new root k --folder /dev/null/k", "file_missing", 3),
    ("keys show absent", "file_missing", 3),
    ("keys show .", "file_kind", 3),
    ("keys show 9C.toml", "file_garbled", 3),
    ("keys show 9C.bundle", "file_garbled", 3),
    ("keys show open.key", "file_shared", 4),
    ("keys show cut.key", "file_garbled", 3),
    ("keys show alice.wallet", "key_garbled", 3),
    ("keys show big", "file_size", 3),
    (f"keys show {'n' * 300}", "storage", 6),
    ("wallet new alice.wallet", "file_exists", 4),
    ("wallet new absent/alice.wallet", "file_missing", 3),
    ("wallet show absent", "file_missing", 3),
    ("wallet show root.key", "wallet_garbled", 3),
    ("wallet show cut.wallet", "file_garbled", 3),
    ("wallet show open.wallet", "file_shared", 4),
    ("wallet show big", "file_size", 3),
    ("wallet key 9C.bundle", "file_garbled", 3),
    ("wallet add alice.wallet alice.pass", "pass_known", 4),
    ("wallet add alice.wallet 9C.bundle", "pass_bad", 3),
    ("wallet add alice.wallet cut.pass", "pass_bad", 3),
    ("wallet add alice.wallet big", "file_size", 3),
    ("wallet add bob.wallet alice.pass", "pass_foreign", 4),
    ("wallet pay bob.wallet", "no_pass", 4),
    ("wallet pay alice.wallet --bill CP1B:X --yes", "bill_bad", 3),
    ("wallet pay alice.wallet --bill X --bill-picture Y", "usage", 2),
    ("wallet pay alice.wallet --bill-picture 9C.toml", "picture_bad", 3),
    ("wallet pay alice.wallet --bill-picture absent", "file_missing", 3),
    ("wallet pay alice.wallet --bill-picture grey.png", "code_missing", 3),
    ("wallet pay alice.wallet --pass XY", "usage", 2),
    ("wallet pay alice.wallet --pass 00", "no_pass", 4),
    ("wallet pay alice.wallet --scale 0", "usage", 2),
    ("wallet pay alice.wallet --scale many", "usage", 2),
    ("wallet pay alice.wallet --png alice.wallet", "usage", 2),
    ("wallet pay alice.wallet --svg x.png", "usage", 2),
    ("wallet pay alice.wallet --png absent/x.png", "file_missing", 3),
    ("wallet pay alice.wallet --png folder.png", "file_kind", 3),
    (f"{ENROL} --out p", "usage", 2),
    (f"{ENROL} --out p --wallet alice.wallet --device 00", "usage", 2),
    (f"{ENROL} --out p --device xyz", "device_key", 2),
    (f"{ENROL} --out p --device {'00' * 32}", "device_key", 2),
    (f"{ENROL} --out alice.pass --wallet alice.wallet", "file_exists", 4),
    (f"{ENROL} --out /dev/full/p --wallet alice.wallet", "file_missing", 3),
    (f"{ENROL} --out p --wallet absent", "file_missing", 3),
    (f"{ENROL} --out p --wallet alice.wallet --flight 1", "usage", 2),
    (f"{ENROL} --out p --wallet alice.wallet --flight 1 --date 31.1.2027", "usage", 2),
    (f"{ENROL} --out p --wallet alice.wallet --flight 0 --date 2027-01-31", "pass_field", 2),
    (f"{ENROL} --out p --wallet alice.wallet --flight 1 --date 1969-12-31", "pass_field", 2),
    (f"{ENROL.replace('600', '549')} --out p --wallet alice.wallet", "score_too_low", 4),
    (f"{ENROL.replace('600', 'good')} --out p --wallet alice.wallet", "usage", 2),
    (f"{ENROL.replace('9C', '9c')} --out p --wallet alice.wallet", "pass_field", 2),
    (f"{ENROL.replace('policy.toml', '9C.toml')} --out p --wallet alice.wallet", "toml_missing", 3),
    (f"{ENROL.replace('policy.toml', '9C.bundle')} --out p --wallet alice.wallet", "toml_syntax", 3),
    (f"{ENROL.replace('issuer.key', 'root.key')} --out p --wallet alice.wallet", "key_role", 3),
    (f"{ENROL.replace('issuer.key', 'issuer.pub')} --out p --wallet alice.wallet", "key_public", 3),
    (f"{MAKE} 9C.bundle", "bundle_old", 4),
    (f"{MAKE} root.key", "bundle_bad", 3),
    (f"{MAKE} absent/b", "file_missing", 3),
    (f"{MAKE.replace('root.pub', 'root.key')} b", "key_secret", 3),
    (f"{MAKE.replace('root.pub', 'day.pub')} b", "key_role", 3),
    (f"{MAKE.replace('day.key', 'root.key')} b", "key_role", 3),
    (f"{MAKE.replace('day.cose', '9C.bundle')} b", "delegation_bad", 3),
    (f"{MAKE.replace('9C.toml', 'policy.toml')} b", "toml_missing", 3),
    (f"{MAKE.replace('9C.toml', 'big')} b", "file_size", 3),
    ("bundle delegate --root root.key --to day.pub --until soon --serial 1 --out d", "usage", 2),
    ("bundle delegate --root root.key --to day.pub --until 2030-01-01 --serial 0 --out d", "delegation_bad", 2),
    ("bundle delegate --root root.key --to day.pub --until 1960-01-01 --serial 1 --out d", "delegation_bad", 2),
    ("bundle delegate --root root.key --to root.pub --until 2030-01-01 --serial 1 --out d", "key_role", 3),
    ("bundle delegate --root root.key --to day.pub --until 2030-01-01 --serial 1 --out day.cose", "file_exists", 4),
    ("bundle show alice.pass", "bundle_bad", 3),
    ("bundle show cut.bundle --root root.pub", "bundle_bad", 3),
    ("bundle show /dev/zero", "file_kind", 3),
    ("bundle show 9C.bundle --root issuer.pub", "key_role", 3),
]


@pytest.fixture(scope="module")
def spoiled(made: Path) -> Path:
    """The same folder with cut, open, oversized and useless files beside the good ones."""
    for name in ("root.key", "alice.wallet", "alice.pass", "9C.bundle"):
        whole = (made / name).read_bytes()
        cut = made / f"cut.{name.split('.')[1]}"
        cut.write_bytes(whole[: len(whole) // 2])
        os.chmod(cut, 0o600)
    for name in ("root.key", "alice.wallet"):
        (made / f"open.{name.split('.')[1]}").write_bytes((made / name).read_bytes())
        os.chmod(made / f"open.{name.split('.')[1]}", 0o644)
    (made / "big").write_bytes(bytes(2 << 20))
    (made / "folder.png").mkdir()
    Image.new("L", (50, 50), 128).save(made / "grey.png")
    call(made, "wallet new bob.wallet")
    return made


@pytest.mark.parametrize(("line", "code", "exit_code"), BAD)
def test_bad_input(spoiled: Path, capfd: pytest.CaptureFixture[str], line: str, code: str, exit_code: int) -> None:
    names = sorted(spoiled.iterdir())
    assert call(spoiled, line) == exit_code
    out, err = capfd.readouterr()
    assert err.startswith(f"cabinpay: {code}: "), err
    assert err.count("\n") == 1 or line.endswith("--yes")
    assert out == ""
    assert "Traceback" not in err
    assert not [secret for secret in secrets_of(spoiled) if secret in out + err]
    assert sorted(spoiled.iterdir()) == names


@pytest.mark.parametrize("name", ["a\nb", "\x1b[31mred", "[bold]x", "\udcff"])
def test_names_do_not_write_lines_of_their_own(made: Path, capsys: pytest.CaptureFixture[str], name: str) -> None:
    assert call(made, ["keys", "show", name]) in (2, 3)
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "\x1b" not in err


@pytest.mark.parametrize("line", ["keys show root.key", "nonsense", "keys show open.key", "wallet show cut.wallet"])
def test_no_traceback_from_a_real_process(spoiled: Path, line: str) -> None:
    done = run(spoiled, *line.split())
    assert done.returncode == {"keys show root.key": 0, "nonsense": 2, "keys show open.key": 4}.get(line, 3)
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == (done.returncode != 0)


def test_a_disk_that_takes_no_more(made: Path) -> None:
    before = (made / "alice.wallet").read_bytes()
    names = sorted(made.iterdir())
    for line in ("wallet pay alice.wallet", "keys new root k", "wallet new w"):
        done = subprocess.run(
            [*COMMAND, *line.split()], cwd=made, env=ENVIRONMENT, capture_output=True, text=True,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60, 60)),
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (6, "")
        assert done.stderr.startswith("cabinpay: storage: ")
        assert done.stderr.count("\n") == 1
    assert (made / "alice.wallet").read_bytes() == before
    assert sorted(made.iterdir()) == names


def test_outputs_that_take_no_more(made: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    for line in ("wallet show alice.wallet --json", "wallet show alice.wallet", "bundle example", "--help"):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [*COMMAND, *line.split()], cwd=made, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, text=True
            )
        assert (done.returncode, done.stderr.count("\n")) == (6, 1), (line, done.stderr)
        assert done.stderr.startswith("cabinpay: storage: ")
        reader, writer = os.pipe()
        os.close(reader)
        with os.fdopen(writer, "w") as broken:
            done = subprocess.run(
                [*COMMAND, *line.split()], cwd=made, env=ENVIRONMENT, stdout=broken, stderr=subprocess.PIPE, text=True
            )
        assert (done.returncode, done.stderr) == (1, ""), line


def test_windows_that_know_no_such_characters(made: Path) -> None:
    narrow = {**ENVIRONMENT, "PYTHONIOENCODING": "ascii"}
    for line in ("--help", "wallet show alice.wallet", "wallet pay alice.wallet --terminal"):
        done = subprocess.run([*COMMAND, *line.split()], cwd=made, env=narrow, capture_output=True, text=True)
        assert (done.returncode, done.stderr) == (0, "")


def test_closed_streams(made: Path) -> None:
    command = f"{' '.join(COMMAND)} wallet pay alice.wallet --bill 'X' <&- >&-"
    done = subprocess.run(["sh", "-c", command], cwd=made, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    command = command.replace("'X'", f"'{bill_text()}'")
    done = subprocess.run(["sh", "-c", command], cwd=made, env=ENVIRONMENT, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr.splitlines()[-1][:22]) == (4, "cabinpay: not_agreed: ")
    command = f"{' '.join(COMMAND)} bundle crew add 1 --file new.json <&-"
    done = subprocess.run(["sh", "-c", command], cwd=made, env=ENVIRONMENT, capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("\n"), done.stderr[:16]) == (2, 1, "cabinpay: usage:")
    assert not (made / "new.json").exists()


def test_control_c(made: Path) -> None:
    before = (made / "alice.wallet").read_bytes()
    process = subprocess.Popen(
        [*COMMAND, "wallet", "pay", "alice.wallet", "--bill", bill_text()],
        cwd=made, env=ENVIRONMENT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        assert process.stderr is not None
        shown = b""
        while not shown.endswith(b"[y/N] "):
            shown += process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert (out, b"Traceback" in err) == (b"", False)
    assert (made / "alice.wallet").read_bytes() == before
