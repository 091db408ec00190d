"""ed25519 against libsodium (PyNaCl): whatever libsodium answers is right, whether it accepts or refuses.

The corpus is made from a written seed. It is judged by libsodium, then by ed25519 on CPython and on real MicroPython.
"""

import hashlib
import random
from pathlib import Path

import pytest
from nacl.bindings import crypto_core_ed25519_add

import ed25519
import ed25519_packages
import micropython
from ed25519 import _curve
from ed25519_corpus import NEUTRAL, SIGN, Case, P, corpus, encode, judged, seeds_and_messages, signed_by_libsodium

# ENGINE; then for every line 1 or 0 by `verify` and by `Verifier`
VERIFY_ON_MICROPYTHON = """
import ed25519, sys
print(ed25519.ENGINE)
for line in open(sys.argv[1]):
    key, message, signature = [bytes.fromhex(field) for field in line.strip("\\n").split(",")]
    print(int(ed25519.verify(key, message, signature)), int(ed25519.Verifier(key).verify(message, signature)))
"""

SIGN_ON_MICROPYTHON = """
import ed25519, sys
print(ed25519.ENGINE)
for line in open(sys.argv[1]):
    seed, message = [bytes.fromhex(field) for field in line.strip("\\n").split(",")]
    print(ed25519.public_key(seed).hex() + "," + ed25519.sign(seed, message).hex())
"""

# How many of the signatures to make
ENGINES = pytest.mark.parametrize(("engine", "signatures"), [("viper", 400), ("plain", 100)])


def on_micropython(script: str, lines: list[str], folder: Path, engine: str) -> list[str]:
    (folder / "script.py").write_text(script)
    (folder / "lines.txt").write_text("".join(line + "\n" for line in lines))
    path = (str(ed25519_packages.copied(folder, engine)),)
    out = micropython.run(str(folder / "script.py"), str(folder / "lines.txt"), path=path, timeout=600)
    first, *answers = out.splitlines()
    assert first == engine
    return answers


def described(differing: list[tuple[str, Case, bool]]) -> list[str]:
    return [f"{name}: libsodium {answer}: {[field.hex() for field in case]}" for name, case, answer in differing]


def test_corpus_is_large_and_libsodium_accepts_what_the_policy_says() -> None:
    accepted = dict.fromkeys(corpus(), 0)
    for name, _, answer in judged():
        accepted[name] += answer
    # mixed_order: 43 pairs of torsion parts for which the equation can hold, one of them (0, 0) twice.
    expected = {"honest": 300, "mixed_order": 44, "published": 1}
    assert accepted == dict.fromkeys(corpus(), 0) | expected
    assert len(judged()) >= 3000


def test_verify_agrees_with_libsodium() -> None:
    assert ed25519.ENGINE == "plain"
    differing = [entry for entry in judged() if ed25519.verify(*entry[1]) is not entry[2]]
    assert not differing, described(differing)


def test_verifier_agrees_with_libsodium() -> None:
    keys = {case[0] for _, case, _ in judged()}
    verifiers = {key: ed25519.Verifier(key) for key in keys}
    differing = [entry for entry in judged() if verifiers[entry[1][0]].verify(*entry[1][1:]) is not entry[2]]
    assert not differing, described(differing)


@ENGINES
def test_verify_on_micropython_agrees_with_libsodium(tmp_path: Path, engine: str, signatures: int) -> None:
    lines = [",".join(field.hex() for field in case) for _, case, _ in judged()]
    answers = on_micropython(VERIFY_ON_MICROPYTHON, lines, tmp_path, engine)
    assert len(answers) == len(lines)
    expected = [" ".join(2 * [str(int(entry[2]))]) for entry in judged()]
    differing = [entry for entry, a, b in zip(judged(), answers, expected, strict=True) if a != b]
    assert not differing, described(differing)


def is_point(encoded: bytes) -> bool:
    try:
        crypto_core_ed25519_add(encoded, NEUTRAL)
    except RuntimeError:
        return False
    return int.from_bytes(encoded, "little") & (SIGN - 1) < P


def test_decoding_agrees_with_libsodium() -> None:
    """No signature can be made for what is no point, so that this rule shows nowhere else."""
    source = random.Random("points")
    encodings = [source.randbytes(32) for _ in range(400)] + [encode(P + i) for i in range(-19, 19)]
    found = 0
    for encoded in encodings:
        decoded = _curve.decode(encoded)
        assert (decoded is not None) is is_point(encoded), encoded.hex()
        if decoded is not None:
            assert _curve.encode(*decoded) == encoded
            found += 1
    assert 150 < found < 250


def test_sign_agrees_with_libsodium() -> None:
    for seed, message in seeds_and_messages(400):
        assert (ed25519.public_key(seed), ed25519.sign(seed, message)) == signed_by_libsodium(seed, message)


@ENGINES
def test_sign_on_micropython_agrees_with_libsodium(tmp_path: Path, engine: str, signatures: int) -> None:
    pairs = seeds_and_messages(signatures)
    lines = [f"{seed.hex()},{message.hex()}" for seed, message in pairs]
    answers = on_micropython(SIGN_ON_MICROPYTHON, lines, tmp_path, engine)
    expected = [signed_by_libsodium(seed, message) for seed, message in pairs]
    assert answers == [f"{key.hex()},{signature.hex()}" for key, signature in expected]


def test_sha512_agrees_with_hashlib() -> None:
    source = random.Random("sha512")
    for length in range(400):
        data = source.randbytes(length)
        assert ed25519.sha512(data) == hashlib.sha512(data).digest(), length
