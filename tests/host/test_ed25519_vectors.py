"""The authors' 1024 vectors on CPython and on MicroPython's unix port, whole; the Pico's are in tests/emulated."""

from pathlib import Path

import pytest

import ed25519
import ed25519_packages
import micropython
from ed25519_vectors import authors_vectors

ON_MICROPYTHON = """
import ed25519, sys
print(ed25519.ENGINE)
right = 0
for line in open(sys.argv[1]):
    seed, key, message, signature = [bytes.fromhex(field) for field in line.strip("\\n").split(",")]
    right += (
        ed25519.public_key(seed) == key
        and ed25519.sign(seed, message) == signature
        and ed25519.verify(key, message, signature)
        and not ed25519.verify(key, message + b"x", signature)
    )
print(right)
"""


def test_there_are_1024() -> None:
    assert len(set(authors_vectors())) == 1024


def test_on_cpython() -> None:
    for seed, key, message, signature in authors_vectors():
        assert ed25519.public_key(seed) == key
        assert ed25519.sign(seed, message) == signature
        assert ed25519.verify(key, message, signature)
        assert not ed25519.verify(key, message + b"x", signature)


@pytest.mark.parametrize("engine", ["viper", "plain"])
def test_on_micropython(tmp_path: Path, engine: str) -> None:
    (tmp_path / "script.py").write_text(ON_MICROPYTHON)
    lines = (",".join(field.hex() for field in vector) for vector in authors_vectors())
    (tmp_path / "lines.txt").write_text("".join(line + "\n" for line in lines))
    path = (str(ed25519_packages.copied(tmp_path, engine)),)
    out = micropython.run(str(tmp_path / "script.py"), str(tmp_path / "lines.txt"), path=path, timeout=600)
    assert out.split() == [engine, "1024"]
