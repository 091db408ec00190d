"""ed25519 on a Pico's own MicroPython: both engines it can run, by every portable test, libsodium and the figures."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import ed25519_packages
from bench import ed25519_cycles
from ed25519_corpus import judged, seeds_and_messages, signed_by_libsodium
from ed25519_vectors import authors_vectors
from emulated.repl import Repl
from pico_emulated.emulator import Pico

TESTS = Path(__file__).resolve().parents[1]
SHARED = ("portable/support.py", "portable/run.py", "vectors/rfc8032.json", "vectors/speccheck.json")
PATIENCE = 900
# What of the corpus, of the authors' vectors and of the signatures to make: viper takes four times as long
SHARE = {"thumb": (8, 32, 20), "viper": (80, 512, 2)}
VERIFY = """
def check(cases):
    return [ed25519.verify(*case) for case in cases]
"""


def install(prompt: Repl, engine: str, folder: Path) -> None:
    prompt.run("import os\nfor name in ('ed25519', 'portable', 'vectors'):\n    os.mkdir(name)")
    for source in ed25519_packages.sources(engine):
        code = ed25519_packages.compiled(source, folder / f"{source.stem}.mpy", "armv6m")
        prompt.transport.fs_writefile(f"ed25519/{source.stem}.mpy", code)
    prompt.run(f"import ed25519\nassert ed25519.ENGINE == {engine!r}")


@pytest.fixture(scope="module", params=["thumb", "viper"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def board(engine: str, formatted: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Repl]:
    """One board for the whole file, with one engine and what the portable tests need."""
    folder = tmp_path_factory.mktemp(engine)
    flash = Path(shutil.copy(formatted, folder / "flash.img"))
    with Pico(flash) as pico:
        pico.wait_usb()
        with Repl(pico) as prompt:
            install(prompt, engine, folder)
            for name in SHARED:
                prompt.transport.fs_writefile(name, (TESTS / name).read_bytes())
            yield prompt


def run(prompt: Repl, code: str) -> str:
    """What it prints, however long it takes."""
    prompt.start(code)
    out, error = prompt.transport.follow(timeout=PATIENCE)
    assert not error, error.decode()
    return out.decode()


def portable(board: Repl, module: str) -> None:
    source = (TESTS / "portable" / f"{module}.py").read_text()
    board.transport.fs_writefile(f"portable/{module}.py", source.encode())
    begin = "import gc, sys\nsys.path.insert(0, '/portable')\nsys.modules.pop('run', None)\ngc.collect()\n"
    out = run(board, f"{begin}sys.argv[:] = ['', {module!r}]\nimport run\nsys.modules.pop({module!r})").splitlines()
    assert out[-1] == "END" and [line for line in out if not line.startswith("PASS ")] == ["END"], "\n".join(out)
    assert len(out) - 1 == source.count("\ndef test_")


def test_every_operation(board: Repl) -> None:
    portable(board, "test_ed25519_engine")


@pytest.mark.parametrize("engine", ["thumb"], indirect=True)
def test_every_rule(board: Repl) -> None:
    portable(board, "test_ed25519")


def test_libsodium_judges_alike(board: Repl, engine: str) -> None:
    """A part of the corpus, and for the faster engine all that libsodium accepts but for most of the honest ones."""
    run(board, "import ed25519" + VERIFY)
    every = SHARE[engine][0]
    kept = [engine == "thumb" and answer and name != "honest" for name, _, answer in judged()]
    chosen = [entry for i, entry in enumerate(judged()) if i % every == 0 or kept[i]]
    assert any(answer for _, _, answer in chosen) and len(chosen) >= len(judged()) // every
    for first in range(0, len(chosen), 20):
        cases = chosen[first : first + 20]
        answers = run(board, f"print(check({[case for _, case, _ in cases]!r}))")
        assert answers.strip() == str([answer for _, _, answer in cases]), [name for name, _, _ in cases]


def test_verifier_answers_as_libsodium(board: Repl, engine: str) -> None:
    run(board, "import ed25519")
    wanted = [entry for entry in judged() if entry[0] in ("mixed_order", "published")][:: SHARE[engine][0] + 4]
    for _, (key, message, signature), answer in wanted:
        assert run(board, f"print(ed25519.Verifier({key!r}).verify({message!r}, {signature!r}))").strip() == str(answer)


def test_authors_vectors(board: Repl, engine: str) -> None:
    run(board, "import ed25519")
    code = "print(ed25519.public_key(seed) == key, ed25519.sign(seed, message) == signature, "
    code += "ed25519.verify(key, message, signature), ed25519.verify(key, message + b'x', signature))"
    for seed, key, message, signature in authors_vectors()[:: SHARE[engine][1]]:
        values = f"seed, key, message, signature = {seed!r}, {key!r}, {message!r}, {signature!r}\n"
        assert run(board, values + code).split() == ["True", "True", "True", "False"]


def test_signatures_are_libsodiums(board: Repl, engine: str) -> None:
    run(board, "import ed25519")
    for seed, message in seeds_and_messages(SHARE[engine][2]):
        answer = run(board, f"print((ed25519.public_key({seed!r}), ed25519.sign({seed!r}, {message!r})))")
        assert answer.strip() == str(signed_by_libsodium(seed, message))


def test_what_sees_a_secret_takes_the_same_cycles(board: Repl) -> None:
    """Reduction, S, recoding, writing the program and running it, for scalars of every shape."""
    rows = ast.literal_eval(run(board, (Path(__file__).parent / "fixed_time.py").read_text()))
    assert len(rows) == 8 and all(row == rows[0] for row in rows), rows
    assert min(rows[0]) > 5000


@pytest.mark.parametrize("engine", ["thumb"], indirect=True)
def test_limits(pico: Pico, engine: str, tmp_path: Path) -> None:
    """Of cycles and of memory; make bench-ed25519 prints more."""
    values, ram, _ = ed25519_cycles.measured(engine, tmp_path)
    assert {name: values[name] for name, limit in ed25519_cycles.LIMITS.items() if not 0 < values[name] <= limit} == {}
    assert 0 < ram <= ed25519_cycles.RAM_LIMIT
