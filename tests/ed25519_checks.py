"""What ed25519 is held to on a board: the portable tests there, libsodium and the authors' vectors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ed25519_packages
from ed25519_corpus import judged, seeds_and_messages, signed_by_libsodium
from ed25519_vectors import authors_vectors
from emulated.repl import Repl

TESTS = Path(__file__).resolve().parent
SHARED = ("portable/support.py", "portable/run.py", "vectors/rfc8032.json", "vectors/speccheck.json")
PATIENCE = 900
VERIFY = """
import ed25519
def check(cases):
    return [ed25519.verify(*case) for case in cases]
"""
VECTORS = """
print([
    ed25519.public_key(seed) == key and ed25519.sign(seed, message) == signature
    and ed25519.verify(key, message, signature) and not ed25519.verify(key, message + b"x", signature)
    for seed, key, message, signature in vectors
])
"""


class Board:
    """A prompt with ed25519 on it: one engine. every: of the corpus, of the authors' vectors, one in so many."""

    def __init__(self, prompt: Repl, put: Callable[[str, bytes], None], every: tuple[int, int], signatures: int):
        self.prompt, self.put, self.signatures = prompt, put, signatures
        self.every_case, self.every_vector = every

    def install(self, engine: str, arch: str, folder: Path) -> None:
        for source in ed25519_packages.sources(engine):
            code = ed25519_packages.compiled(source, folder / f"{source.stem}.mpy", arch)
            self.put(f"ed25519/{source.stem}.mpy", code)
        for name in SHARED:
            self.put(name, (TESTS / name).read_bytes())
        self.prompt.run(f"import ed25519\nassert ed25519.ENGINE == {engine!r}, ed25519.ENGINE")

    def run(self, code: str) -> str:
        """What it prints, however long it takes."""
        self.prompt.start(code)
        out, error = self.prompt.transport.follow(timeout=PATIENCE)
        assert not error, error.decode()
        return out.decode()

    def portable(self, module: str) -> None:
        source = (TESTS / "portable" / f"{module}.py").read_text()
        self.put(f"portable/{module}.py", source.encode())
        begin = "import gc, sys\nsys.path.insert(0, '/portable')\nsys.modules.pop('run', None)\ngc.collect()\n"
        out = self.run(f"{begin}sys.argv[:] = ['', {module!r}]\nimport run\nsys.modules.pop({module!r})").splitlines()
        assert out[-1] == "END" and [line for line in out if not line.startswith("PASS ")] == ["END"], "\n".join(out)
        assert len(out) - 1 == source.count("\ndef test_")

    def libsodium_judges_alike(self, all_accepted: bool) -> None:
        """A part of the corpus, and all that libsodium accepts but for most of the honest ones."""
        self.run(VERIFY)
        kept = [all_accepted and answer and name != "honest" for name, _, answer in judged()]
        chosen = [entry for i, entry in enumerate(judged()) if i % self.every_case == 0 or kept[i]]
        assert any(answer for _, _, answer in chosen) and len(chosen) >= len(judged()) // self.every_case
        for first in range(0, len(chosen), 20):
            cases = chosen[first : first + 20]
            answers = self.run(f"print(check({[case for _, case, _ in cases]!r}))")
            assert answers.strip() == str([answer for _, _, answer in cases]), [name for name, _, _ in cases]

    def verifier_answers_as_libsodium(self) -> None:
        self.run("import ed25519")
        wanted = [entry for entry in judged() if entry[0] in ("mixed_order", "published")][:: self.every_case + 4]
        for _, (key, message, signature), answer in wanted:
            code = f"print(ed25519.Verifier({key!r}).verify({message!r}, {signature!r}))"
            assert self.run(code).strip() == str(answer)

    def authors_vectors(self) -> None:
        self.run("import ed25519")
        chosen = authors_vectors()[:: self.every_vector]
        for first in range(0, len(chosen), 8):
            vectors = chosen[first : first + 8]
            assert self.run(f"vectors = {vectors!r}{VECTORS}").strip() == str([True] * len(vectors))

    def signatures_are_libsodiums(self) -> None:
        self.run("import ed25519")
        for seed, message in seeds_and_messages(self.signatures):
            answer = self.run(f"print((ed25519.public_key({seed!r}), ed25519.sign({seed!r}, {message!r})))")
            assert answer.strip() == str(signed_by_libsodium(seed, message))
