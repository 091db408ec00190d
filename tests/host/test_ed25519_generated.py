"""What generate/ makes is what is committed; its tables are what libsodium says; it compiles for every board."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from nacl.bindings import crypto_core_ed25519_add, crypto_scalarmult_ed25519_base_noclamp

import ed25519
import ed25519_packages
from ed25519 import _curve

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
SOURCE = ed25519_packages.SOURCE
GENERATED = ("_data", "_tables", "_viper", "_thumb", "_umaal", "_sha_thumb", "_scalar_thumb")
# Which engines a board of this kind is to have
BOARDS = dict.fromkeys(("xtensawin", "rv32imc", "x64"), "viper") | {
    "armv6m": "thumb viper",
    "armv7emsp": "umaal thumb viper",
}


def test_committed_files_are_what_the_generator_makes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "generate", str(tmp_path)], cwd=SOURCE, check=True)
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(GENERATED)
    for name in GENERATED:
        assert (tmp_path / f"{name}.py").read_bytes() == (SOURCE / f"{name}.py").read_bytes(), name


def entry(table: bytes, index: int) -> bytes:
    """The encoding of an entry's point, whose three fields agree."""
    at = 96 * index
    plus, minus, product = (int.from_bytes(table[i : i + 32], "little") for i in (at, at + 32, at + 64))
    y, x = (plus + minus) * pow(2, -1, P) % P, (plus - minus) * pow(2, -1, P) % P
    assert product == 2 * D * x * y % P and max(plus, minus, product) < P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def comb_scalar(index: int) -> int:
    return (1 << 215) + sum((1 if index >> tooth & 1 else -1) << 43 * tooth for tooth in range(5))


def times_base(scalar: int) -> bytes:
    return crypto_scalarmult_ed25519_base_noclamp((scalar % L).to_bytes(32, "little"))


def test_base_table_is_what_libsodium_says() -> None:
    table = bytes(_curve._base)
    assert len(table) == 32 * 96
    assert [entry(table, i) for i in range(32)] == [times_base(comb_scalar(i)) for i in range(32)]


def test_a_verifiers_table_is_what_libsodium_says() -> None:
    """Of a key with a part of small order too, whose table is of the key's opposite."""
    torsion = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa")
    parts = [bytes([1]) + bytes(31)]
    for _ in range(7):
        parts.append(crypto_core_ed25519_add(parts[-1], torsion))
    for j in (0, 1, 4, 5):
        key = crypto_core_ed25519_add(times_base(12345), parts[j])
        table = ed25519.Verifier(key).table
        assert table is not None and len(table) == 33 * 96
        for i in (*range(0, 32, 5), 31):
            wanted = crypto_core_ed25519_add(times_base(-12345 * comb_scalar(i)), parts[-comb_scalar(i) * j % 8])
            assert entry(table, i) == wanted, (i, j)
        assert entry(table, 32) == crypto_core_ed25519_add(times_base(-12345), parts[-j % 8])


@pytest.mark.parametrize(("arch", "engines"), BOARDS.items())
def test_compiles_for(tmp_path: Path, arch: str, engines: str) -> None:
    for engine in engines.split():
        for source in ed25519_packages.sources(engine):
            assert ed25519_packages.compiled(source, tmp_path / f"{source.stem}.mpy", arch)


def test_package_lists_what_a_board_needs_and_no_more() -> None:
    listed = json.loads((SOURCE / "package.json").read_text())["urls"]
    needed = {path.name for path in SOURCE.glob("*.py")}
    assert {target for target, _ in listed} == {f"ed25519/{name}" for name in needed}
    assert all(url == target.removeprefix("ed25519/") for target, url in listed)
