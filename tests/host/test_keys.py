"""Key files: what is written, what is refused, and that no secret shows."""

import errno
import json
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from cabinpay.wire import cose
from cabinpay.wire.trust import by_keys
from cabinpay_host import codec, crypto, files, keys
from cabinpay_host.errors import HostError


@pytest.mark.parametrize("role", keys.ROLES)
def test_both_halves_come_back(tmp_path: Path, role: str) -> None:
    key = keys.create(tmp_path, role, "a-1.b")
    secret, public = tmp_path / "a-1.b.key", tmp_path / "a-1.b.pub"
    assert keys.load_secret(secret, role) == key
    assert keys.load_public(public, role) == keys.PublicKey(role, key.public)
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert key.seed.hex() in secret.read_text()
    assert key.seed.hex() not in public.read_text()
    assert json.loads(public.read_text()) == {
        "format": "cabinpay-key", "role": role, "kid": key.kid.hex(), "public": key.public.hex()
    }  # fmt: skip
    for shown in (repr(key), str(key), f"{key}"):
        assert key.seed.hex() not in shown
        assert repr(key.seed) not in shown


def test_every_key_is_another(tmp_path: Path) -> None:
    assert len({keys.create(tmp_path, "root", str(i)).seed for i in range(20)}) == 20


@pytest.mark.parametrize("role", keys.ROLES)
def test_a_key_signs_what_its_role_signs_and_nothing_else(tmp_path: Path, role: str) -> None:
    key = keys.create(tmp_path, role, "k")
    aads = {aad for allowed in keys.ROLES.values() for aad in allowed} | {cose.AAD_RECEIPT, b"other"}
    for aad in aads:
        if aad in keys.ROLES[role]:
            signed = key.sign(b"payload", aad)
            assert cose.open(signed, by_keys([key.public], crypto.verify), aad, codec) == b"payload"
        else:
            with pytest.raises(ValueError, match="does not sign"):
                key.sign(b"payload", aad)


@pytest.mark.parametrize("present", ["k.key", "k.pub"])
def test_never_overwrites_and_leaves_no_half(tmp_path: Path, present: str) -> None:
    (tmp_path / present).write_text("precious")
    with pytest.raises(HostError) as refused:
        keys.create(tmp_path, "root", "k")
    assert (refused.value.code, refused.value.exit_code) == ("file_exists", 4)
    assert [(f.name, f.read_text()) for f in tmp_path.iterdir()] == [(present, "precious")]


@pytest.mark.parametrize("failing", [1, 2, 3, 4])
def test_a_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    calls = iter(range(1, 9))

    def full(_: int) -> None:
        if next(calls) == failing:
            raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(HostError) as refused:
        keys.create(tmp_path, "root", "k")
    assert (refused.value.code, refused.value.exit_code) == ("storage", 6)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "../k", "a/b", ".hidden", "a b", "é", "a" * 65, "a\n", "-x"])
def test_names_that_would_surprise(tmp_path: Path, name: str) -> None:
    with pytest.raises(HostError) as refused:
        keys.create(tmp_path, "root", name)
    assert (refused.value.code, refused.value.exit_code) == ("key_name", 2)


def test_roles_that_are_none(tmp_path: Path) -> None:
    for role in ("", "Root", "terminal", "device"):
        with pytest.raises(HostError) as refused:
            keys.create(tmp_path, role, "k")
        assert (refused.value.code, refused.value.exit_code) == ("key_role", 2)


@pytest.mark.parametrize("role", keys.ROLES)
def test_wrong_role_and_wrong_half(tmp_path: Path, role: str) -> None:
    keys.create(tmp_path, role, "k")
    for other in keys.ROLES.keys() - {role}:
        _refused("key_role", partial(keys.load_secret, tmp_path / "k.key", other))
        _refused("key_role", partial(keys.load_public, tmp_path / "k.pub", other))
    _refused("key_public", lambda: keys.load_secret(tmp_path / "k.pub", role))
    _refused("key_secret", lambda: keys.load_public(tmp_path / "k.key", role))


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601, 0o777])
def test_a_secret_that_others_can_reach(tmp_path: Path, mode: int) -> None:
    keys.create(tmp_path, "root", "k")
    os.chmod(tmp_path / "k.key", mode)
    line = _refused("file_shared", lambda: keys.load_secret(tmp_path / "k.key", "root"), 4)
    assert line.endswith(f"chmod 600 {tmp_path}/k.key")


def _edited(**changes: object) -> Callable[[str], str]:
    return lambda text: json.dumps({**json.loads(text), **changes})


DAMAGE = {
    "empty": (lambda _: "", "file_garbled"),
    "no json": (lambda _: "\0\1\2", "file_garbled"),
    "not utf-8": (lambda text: text.replace("root", "ro\udcfft"), "file_garbled"),
    "list": (lambda _: "[]", "file_garbled"),
    "deep": (lambda _: "[" * 4000, "file_garbled"),
    "too long": (lambda text: text + " " * 5000, "file_size"),
    "other format": (_edited(format="other"), "key_garbled"),
    "more": (_edited(more=1), "key_garbled"),
    "role of another kind": (_edited(role=["root"]), "key_garbled"),
    "unknown role": (_edited(role="terminal"), "key_garbled"),
    "short public": (_edited(public="00"), "key_garbled"),
    "public is a number": (_edited(public=5), "key_garbled"),
    "other public": (_edited(public="00" * 32), "key_mismatch"),
    "kid": (_edited(kid="00" * 8), "key_mismatch"),
    "other seed": (_edited(seed="00" * 32), "key_mismatch"),
    "short seed": (_edited(seed="00"), "key_mismatch"),
    "no seed": (_edited(seed=None), "key_mismatch"),
    "capitals": (lambda text: _edited(seed=json.loads(text)["seed"].upper() + "A")(text), "key_mismatch"),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damage(tmp_path: Path, damage: str) -> None:
    seed = keys.create(tmp_path, "root", "k").seed.hex()
    path = tmp_path / "k.key"
    change, code = DAMAGE[damage]
    path.write_text(change(path.read_text()), errors="surrogateescape")
    line = _refused(code, lambda: keys.load_secret(path, "root"))
    assert seed not in line


def test_every_cut_is_refused(tmp_path: Path) -> None:
    keys.create(tmp_path, "root", "k")
    path = tmp_path / "k.key"
    whole = path.read_bytes().rstrip()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        _refused("file_garbled", lambda: keys.load_secret(path, "root"))


def test_what_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    _refused("file_kind", lambda: keys.load(tmp_path / "pipe"))
    _refused("file_kind", lambda: keys.load(tmp_path))
    _refused("file_kind", lambda: keys.load(Path("/dev/zero")))
    _refused("file_missing", lambda: keys.load(tmp_path / "absent"))
    _refused("file_missing", lambda: keys.load(tmp_path / "a\0b"))
    _refused("file_missing", lambda: keys.load(Path("/dev/null/k.key")))


def test_files_that_belong_to_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys.create(tmp_path, "root", "k")

    def denied(*_: object) -> int:
        raise PermissionError(errno.EACCES, "denied")

    monkeypatch.setattr(files.os, "open", denied)
    _refused("file_denied", lambda: keys.load(tmp_path / "k.key"))
    _refused("file_denied", lambda: keys.create(tmp_path, "root", "new"))
    _refused("file_denied", lambda: files.replace(tmp_path / "k.pub", b""))


def _refused(code: str, call: Callable[[], object], exit_code: int = 3) -> str:
    with pytest.raises(HostError) as refused:
        call()
    assert (refused.value.code, refused.value.exit_code) == (code, exit_code)
    assert "\n" not in refused.value.line
    return refused.value.line
