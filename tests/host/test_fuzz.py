"""A few seconds of `make fuzz` with a fixed seed; memory; and the same texts on real MicroPython."""

import contextlib
import tracemalloc
from pathlib import Path

import pytest

import micropython
import world
from cabinpay.agent.verdict import APPROVED
from cabinpay_host.errors import HostError
from cabinpay_host.link import Hello, Link
from fuzz import corpus, links
from fuzz.targets import TARGETS, Broken, Runner
from host.verdict_cases import Sodium

SEED = "every time the same"
CASES = {
    "qr": 3000, "receipts": 600, "readers": 3000, "bundles": 500, "requests": 400, "replies": 2000, "frames": 1500,
    "ledger": 12,
}  # fmt: skip
# What one hostile text may allocate on the way to its refusal: a terminal's heap is 190 KB
PEAK = 48 * 1024


@pytest.fixture(autouse=True)
def sodium(monkeypatch):
    # Runner sets it too; a test gives it back
    monkeypatch.setattr(world, "ed25519", Sodium)


@pytest.mark.parametrize("name", TARGETS)
def test_mutations(name: str) -> None:
    runner = Runner(name, SEED)
    with contextlib.closing(runner):
        outcomes = [runner.run(number) for number in range(CASES[name])]
    print(f"{len(outcomes)} cases, {len(set(outcomes))} outcomes")
    assert len(set(outcomes)) > 2


@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        ("qr", lambda target: setattr(target.terminal.crypto, "verify", lambda *_: True)),
        ("qr", lambda target: setattr(target.terminal, "codec", None)),
        ("receipts", lambda target: target.terminal.items.pop()),
        ("requests", lambda target: target.terminal.clock.raise_floor(world.NOW + 9)),
    ],
)
def test_a_breach_is_noticed_and_names_its_case(name, spoil) -> None:
    runner = Runner(name, SEED)
    cases = [runner.case(number) for number in range(400)]
    spoil(runner.target)
    runner.case = cases.__getitem__
    with pytest.raises(Broken, match=f"{name}:{SEED}:[0-9]+ broke"):
        for number in range(400):
            runner.run(number)


def test_a_case_is_known_by_its_number() -> None:
    first, second = Runner("qr", SEED), Runner("qr", SEED)
    assert [first.case(number) for number in range(50)] == [second.case(number) for number in range(50)]
    assert first.case(1) != Runner("qr", "another").case(1)


def test_a_hostile_text_takes_little_memory() -> None:
    runner = Runner("qr", SEED)
    terminal, sale = runner.target.terminal, runner.target.sale
    texts = [runner.case(number) for number in range(600)]
    texts += [b"CP1:" + b"0" * (1 << 20), b"CP1:" + b"BB8" * 159]
    peaks = []
    tracemalloc.start()
    for text in texts:
        start = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        terminal.scan(text, sale)
        peaks.append(tracemalloc.get_traced_memory()[1] - start)
    tracemalloc.stop()
    print(f"at most {max(peaks)} bytes")
    assert max(peaks) < PEAK


@pytest.mark.parametrize("answer", [7, 1 << 40, -1, True, None, "x", [1, 2], {}, b"", bytes(200)])
def test_a_login_answered_with_anything_else(answer) -> None:
    target = links.Replies(Sodium())
    target.answers = {"login": [("ok", answer)]}
    with pytest.raises(HostError) as refused:
        Link(links.Deaf(lambda ident, *_: target.plain("login", ident))).login(Hello(target.hello), target.ground)
    assert refused.value.code == "not_this_terminal"


def verdicts(count: int) -> dict[bytes, str]:
    runner = Runner("qr", SEED)
    terminal, sale = runner.target.terminal, runner.target.sale
    texts = [runner.case(number) for number in range(count)] + sorted(runner.target.valid)
    return {text: terminal.scan(text, sale).code for text in texts}


def on_micropython(found: dict[bytes, str], path: Path) -> str:
    path.write_text("".join(f"{text.hex()};{code}\n" for text, code in found.items()))
    folder = Path(corpus.__file__).parent
    return micropython.run(corpus.__file__, str(path), path=(str(folder.parent / "portable"),), timeout=600)


def test_mutated_texts_on_micropython(tmp_path: Path) -> None:
    found = verdicts(3500)
    approved = sum(code == APPROVED for code in found.values())
    assert len(found) > 3000 and approved == 6 and len(set(found.values())) > 12
    assert on_micropython(found, tmp_path / "texts") == f"checked {len(found)} approved {approved}\n"


def test_the_check_on_micropython_can_fail(tmp_path: Path) -> None:
    good = corpus.selling(crypto=Sodium())[2][0]
    found = {world.shown(*good): "stale", b"CP1:": "cbor", b"x": "approved"}
    output = on_micropython(found, tmp_path / "texts").splitlines()
    assert [line.split()[2:] for line in output[:-1]] == [["stale", "approved"], ["approved", "prefix"]]
    assert output[-1] == "checked 3 approved 1"
