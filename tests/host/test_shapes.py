"""The short way through the codec: it says what the general one says, or nothing."""

import json
from pathlib import Path
from typing import Any

import cbor2
from hypothesis import given, settings
from hypothesis import strategies as st

from cabinpay.wire import cbor
from cabinpay.wire.errors import WireError
from cabinpay_host import codec, shapes
from host import codec_inputs

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "cabinpay.json").read_text())
OBJECTS = {entry["name"]: entry for entry in VECTORS["objects"]}
hunt = settings(max_examples=1500, deadline=None, derandomize=True, database=None)

edges = st.sampled_from([0, 1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1]) | st.integers(0, 2**32 - 1)
kid_header = st.binary(min_size=8, max_size=8).map(lambda kid: b"\xa2\x01\x32\x04\x48" + kid)


def octets(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


pairs = st.lists(edges, min_size=2, max_size=2)
sale = {1: edges, 2: octets(32), 3: st.just(1), 4: edges, 5: pairs, 6: edges, 7: edges, 8: pairs}
sales = st.fixed_dictionaries(sale | {9: octets(16), 10: octets(16)})
terms = pairs | st.tuples(edges, edges, octets(8)).map(list)
payments = st.fixed_dictionaries({6: edges, -65538: edges}, optional={10: octets(8), -65539: terms})
signed = st.tuples(
    kid_header | st.just(b"\xa1\x01\x32"), st.just({}), st.integers(0, 255).map(bytes), octets(64)
).map(list)  # fmt: skip
shown = st.integers(24, 400).map(bytes)
lines = st.lists(st.tuples(edges, edges, edges | edges.map(lambda n: -1 - n)).map(list), min_size=1, max_size=23)
evidence = st.tuples(shown, shown, lines).map(list) | st.tuples(shown, shown, lines, octets(16)).map(list)
shaped = sales | payments | signed | evidence


def by_cbor2(value: Any) -> bytes:
    return cbor2.dumps(codec._ordered(value, 0))


def general(data: bytes) -> Any:
    try:
        return codec._decode(data)
    except WireError as e:
        return e.code


@hunt
@given(shaped)
def test_what_has_a_shape_is_read(value: Any) -> None:
    data = by_cbor2(value)
    assert repr(shapes.read(data)) == repr(general(data)) == repr(cbor.decode(data))


@hunt
@given(shaped, codec_inputs.mutations)
def test_what_is_nearly_so_is_read_as_the_general_way_reads_it(value: Any, steps: list[Any]) -> None:
    data = codec_inputs.mutated(by_cbor2(value), steps)
    found = shapes.read(data)
    assert found is None or repr(found) == repr(general(data)), data.hex()


@hunt
@given(codec_inputs.chains)
def test_what_is_written_is_what_cbor2_writes(value: Any) -> None:
    found = shapes.write(value)
    assert found is None or found == by_cbor2(value)


@given(st.lists(st.binary(max_size=600) | edges | st.text("ab"), max_size=5) | lines)
def test_what_is_signed_and_hashed_is_written_here(value: list[Any]) -> None:
    assert shapes.write(value) == by_cbor2(value)


def test_the_vectors_have_these_shapes() -> None:
    """Else all of this would be for nothing."""
    forms = {"Payment": 3, "Evidence": 2, "receipt": 1}
    for form, least in forms.items():
        objects = [bytes.fromhex(e["encoded"]) for e in OBJECTS.values() if e["form"] == form]
        read = [data for data in objects if shapes.read(data) is not None]
        assert len(read) >= least, form
    objects = [bytes.fromhex(e["encoded"]) for e in OBJECTS.values() if "signer" in e]
    assert sum(shapes.read(data) is not None for data in objects) > 5


def test_no_bytes_and_other_values() -> None:
    assert shapes.read(b"") is None and shapes.read(b"\xaa") is None and shapes.read(b"\x84") is None
    assert shapes.write({}) is None and shapes.write([[[[1]]]]) is None and shapes.write([True]) is None
    assert shapes.write([1 << 32]) is None and shapes.write(["é"]) is None and shapes.write([None]) is None
