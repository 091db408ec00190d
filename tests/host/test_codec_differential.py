"""Hunts for any input on which the terminal's codec and the host's (cbor2) differ, alone and under whole objects."""

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import micropython
from cabinpay.wire import cbor, cose, messages, qrtext, receipts, trust
from cabinpay.wire.claims import Pass, Payment
from cabinpay.wire.errors import WireError
from cabinpay_host import codec
from entries import claims
from host import codec_corpus, codec_inputs

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "cabinpay.json").read_text())
OBJECTS = {entry["name"]: entry for entry in VECTORS["objects"]}
hunt = settings(max_examples=1000, deadline=None, derandomize=True, database=None)


def same_answer(data: bytes) -> str:
    ours = codec_corpus.answer(cbor, WireError, data)
    assert ours == codec_corpus.answer(codec, WireError, data), data.hex()
    return ours


@hunt
@given(st.binary(max_size=48) | codec_inputs.pieces)
def test_any_bytes(data: bytes) -> None:
    same_answer(data)


@hunt
@given(codec_inputs.chains, codec_inputs.mutations)
def test_mutated_encodings(value: Any, steps: list[tuple[int, int, bytes]]) -> None:
    if depth(value) <= cbor.MAX_DEPTH:
        same_answer(codec_inputs.mutated(codec.encode(value), steps))


@hunt
@given(codec_inputs.chains, st.integers(0, 1 << 32))
def test_encodings_that_are_not_deterministic(value: Any, seed: int) -> None:
    data = codec_inputs.loose(value, random.Random(seed))
    answer = same_answer(data)
    if depth(value) <= cbor.MAX_DEPTH:
        assert (answer == "refused: cbor") == (data != codec.encode(value))


@hunt
@given(codec_inputs.chains)
def test_values(value: Any) -> None:
    ours, theirs = written(cbor, value), written(codec, value)
    assert ours == theirs
    if depth(value) <= cbor.MAX_DEPTH:
        assert same_answer(ours) == codec_corpus.shown(value)
    else:
        assert ours is ValueError


odd_leaves = codec_inputs.leaves | st.sampled_from([1.5, 1 << 64, -(1 << 64) - 1, "\ud800", {1}, 1j, ..., range(3)])
odd_keys = codec_inputs.keys | st.sampled_from([None, True, False, (), (1,), 1.5, 1 << 64, frozenset(), b"".__class__])
odd = st.recursive(
    odd_leaves | st.binary(max_size=3).map(bytearray) | st.binary(max_size=3).map(memoryview),
    lambda inner: st.lists(inner, max_size=4) | st.lists(inner, max_size=4).map(tuple)
    | st.dictionaries(odd_keys, inner, max_size=3),
    max_leaves=10,
)  # fmt: skip


@hunt
@given(odd)
def test_values_that_cannot_be_written(value: Any) -> None:
    ours, theirs = written(cbor, value), written(codec, value)
    # Where two things are wrong, which one is named first may differ
    assert ours == theirs or {ours, theirs} == {TypeError, ValueError}


def written(with_codec: Any, value: Any) -> Any:
    try:
        return with_codec.encode(value)
    except TypeError:
        return TypeError
    except ValueError:
        return ValueError


def depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=-1)
    return 1 + max(map(depth, value), default=-1) if isinstance(value, list) else 0


def test_bounds_are_the_same_on_both_sides_of_each() -> None:
    accepted = []
    for length in (cbor.MAX_SIZE - 4, cbor.MAX_SIZE - 3, cbor.MAX_SIZE - 2, cbor.MAX_SIZE):
        accepted.append(same_answer(codec.encode(bytes(length))) != "refused: cbor")
    for items in (cbor.MAX_ITEMS - 2, cbor.MAX_ITEMS - 1, cbor.MAX_ITEMS):
        accepted.append(same_answer(codec.encode([0] * items)) != "refused: cbor")
    for pairs in (cbor.MAX_ITEMS // 2 - 1, cbor.MAX_ITEMS // 2):
        accepted.append(same_answer(codec.encode(dict.fromkeys(range(pairs)))) != "refused: cbor")
    for opener in (b"\x81", b"\xa1\x00"):
        for levels in (cbor.MAX_DEPTH, cbor.MAX_DEPTH + 1, 500, 5000):
            accepted.append(same_answer(opener * levels + b"\x00") != "refused: cbor")
    assert accepted == [True, True, False, False, True, True, False, True, False, *[True, False, False, False] * 2]


@pytest.mark.parametrize("text", [
    "c5821bffffffffffffffff01",  # a bigfloat of 2^64 bits
    "d8238078402828282828282828", "d81c" * 300 + "00",
    "d81c81" + "82d81d00d81d00",  # an array inside itself
    "d81c8a" + "00" * 10 + "d81c8a" + "d81d00" * 10, "d9010081d81900", "c11bffffffffffffffff", "d9d9f7d9d9f700",
])  # fmt: skip
def test_tags_are_refused_before_anything_acts_on_them(text: str) -> None:
    assert same_answer(bytes.fromhex(text)) == "refused: cbor"


def test_references_cannot_make_a_few_bytes_grow() -> None:
    level = b"\x00"
    for n in range(8):
        level = b"\xd8\x1c\x98\x64" + level + b"\xd8\x1d" + bytes([n]) * 99 if n < 24 else level
    assert same_answer(level) == "refused: cbor"


def test_corpus_on_micropython(tmp_path: Path) -> None:
    inputs = {*codec_inputs.corpus(6000), *(bytes.fromhex(e["encoded"]) for e in VECTORS["objects"])}
    inputs |= {bytes.fromhex(e["input"]) for e in VECTORS["refusals"] if "input" in e}
    answers = {data: codec_corpus.answer(codec, WireError, data) for data in sorted(inputs)}
    refused = sum(answer == "refused: cbor" for answer in answers.values())
    assert len(answers) >= 3000 and refused > 800 and len(answers) - refused > 800
    path = tmp_path / "corpus.txt"
    path.write_text("".join(f"{data.hex()};{answer}\n" for data, answer in answers.items()))
    output = micropython.run(codec_corpus.__file__, str(path), path=(str(Path(__file__).parent),), timeout=300)
    assert output == f"checked {len(answers)}\n"


def test_the_corpus_check_can_fail(tmp_path: Path) -> None:
    path = tmp_path / "corpus.txt"
    path.write_text("01;True\n01;1\n00;refused: cbor\n1800;0\n")
    output = micropython.run(codec_corpus.__file__, str(path), path=(str(Path(__file__).parent),))
    assert output.splitlines() == [
        "differs 01 True 1", "differs 00 refused: cbor 0", "differs 1800 0 refused: cbor", "checked 4"
    ]  # fmt: skip


def attributes(thing: Any) -> Any:
    return {key: attributes(value) for key, value in vars(thing).items()} if hasattr(thing, "__dict__") else thing


READERS: dict[str, Any] = {
    "Pass": Pass.unpack,
    "Payment": Payment.unpack,
    "receipt": receipts.read_receipt,
    "Evidence": receipts.Evidence.unpack,
    "Delegation": trust.Delegation.unpack,
    "Bundle": trust.Bundle.unpack,
    "login": messages.read_login,
    "ack": messages.read_ack,
    "time": messages.read_time,
    "request": messages.read_request,
    "reply": messages.read_reply,
}
READ = [entry for entry in OBJECTS.values() if entry["form"] in READERS]
SIGNED = [entry for entry in OBJECTS.values() if "signer" in entry]
TEXTS = [entry for entry in OBJECTS.values() if "text" in entry]


def outcome(read: Any, data: bytes, with_codec: Any) -> str:
    try:
        return repr(attributes(read(data, with_codec)))
    except WireError as e:
        return e.code


def same_outcome(read: Any, data: bytes) -> str:
    ours = outcome(read, data, cbor)
    assert ours == outcome(read, data, codec), data.hex()
    return ours


def replaced(value: Any, place: int, item: Any) -> Any:
    """`value` with one of its parts, wherever it is, replaced by another value."""
    if isinstance(value, dict) and value and place:
        key = sorted(value, key=repr)[place % len(value)]
        return {**value, key: replaced(value[key], place // (len(value) + 1), item)}
    if isinstance(value, list) and value and place:
        at = place % len(value)
        return [*value[:at], replaced(value[at], place // (len(value) + 1), item), *value[at + 1 :]]
    return item


@hunt
@given(st.sampled_from(SIGNED), codec_inputs.mutations)
def test_mutated_cose(entry: dict[str, Any], steps: list[tuple[int, int, bytes]]) -> None:
    same_outcome(cose.parse, codec_inputs.mutated(bytes.fromhex(entry["encoded"]), steps))


@hunt
@given(st.sampled_from(READ), codec_inputs.mutations)
def test_mutated_payloads(entry: dict[str, Any], steps: list[tuple[int, int, bytes]]) -> None:
    data = codec.encode(claims(entry["claims"]))
    assert same_outcome(READERS[entry["form"]], data) not in WireError.CODES
    same_outcome(READERS[entry["form"]], codec_inputs.mutated(data, steps))


@hunt
@given(
    st.sampled_from(READ),
    st.integers(0, 1 << 16),
    odd_leaves,
)
def test_claims_of_other_types(entry: dict[str, Any], place: int, item: Any) -> None:
    if written(codec, item) not in (TypeError, ValueError):
        same_outcome(READERS[entry["form"]], codec.encode(replaced(claims(entry["claims"]), place, item)))


@hunt
@given(st.sampled_from(TEXTS), codec_inputs.mutations, st.booleans())
def test_mutated_texts(entry: dict[str, Any], steps: list[tuple[int, int, bytes]], inside: bool) -> None:
    """Outside, characters change; inside, the bytes behind them, so that what follows Base45 is reached."""
    text = entry["text"].encode()
    if inside:
        prefix = qrtext.CUSTOMER if entry["form"] == "customer" else qrtext.BILL
        changed = codec_inputs.mutated(bytes.fromhex(entry["encoded"]), steps)
        text = (prefix + qrtext.base45.encode(changed)).encode()
    else:
        text = codec_inputs.mutated(text, steps)
    same_outcome(qrtext.read_customer, text)
    same_outcome(qrtext.read_bill, text)
