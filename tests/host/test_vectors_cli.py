"""cabinpay vectors: what it prints, and what it says of another implementer's output."""

import json
from pathlib import Path
from typing import Any

import pytest

from cabinpay_host import cli, codec, vectors
from vectors import make_vectors
from vectors import wire_objects as w

ROOT = Path(__file__).resolve().parents[2]
OURS = json.loads(make_vectors.make())
BY_NAME = {entry["name"]: entry for entry in OURS["objects"]}


def run(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as e:
        cli.main(["vectors", *args])
    out, err = capsys.readouterr()
    assert "Traceback" not in err
    return int(e.value.code or 0), out, err


def checked(tmp_path: Path, value: Any) -> dict[str, vectors.Row]:
    (tmp_path / "mine.json").write_text(json.dumps(value))
    return {row.name: row for row in vectors.check(tmp_path / "mine.json")}


def altered(tmp_path: Path, name: str, **fields: Any) -> str:
    rows = checked(
        tmp_path, {"objects": [entry | fields if entry["name"] == name else entry for entry in OURS["objects"]]}
    )
    assert {row.state for row in rows.values() if row.name != name} == {"ok"}
    assert rows[name].state == "different"
    return rows[name].detail


def test_the_committed_vectors_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys) == (0, make_vectors.make(), "")


def test_what_is_printed_passes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.json").write_text(make_vectors.make())
    code, out, err = run(capsys, "check", str(tmp_path / "mine.json"), "--json")
    results = json.loads(out)["results"]
    assert (code, err, len(results)) == (0, "", len(OURS["objects"]) + len(OURS["refusals"]))
    assert {row["state"] for row in results} == {"ok"}


def test_encoded_alone_is_enough(tmp_path: Path) -> None:
    least = [{"name": entry["name"], "encoded": entry["encoded"]} for entry in OURS["objects"]]
    rows = checked(tmp_path, {"objects": least})
    assert len(rows) == len(least) and {row.state for row in rows.values()} == {"ok"}
    rows = checked(tmp_path, {"objects": least[1:]})
    assert [name for name, row in rows.items() if row.state == "missing"] == [OURS["objects"][0]["name"]]


def test_the_first_difference_is_named(tmp_path: Path) -> None:
    def as_bytes(name: str) -> bytes:
        return bytes.fromhex(BY_NAME[name]["encoded"])

    late = w.sign1(codec.encode(w.PASS | w.FLIGHT | {4: w.PASS[4] + 1}), "issuer", b"")
    assert "in the payload, claim 4 (exp)" in altered(tmp_path, "pass with flight", encoded=late.hex())
    eddsa = w.sign1(codec.encode(w.PASS), "issuer", b"", codec.encode({1: -8, 4: w.kid("issuer")}))
    assert "byte 4 is 27, 32 is wanted (180 bytes): in the protected header" in altered(
        tmp_path, "pass", encoded=eddsa.hex()
    )
    other = w.sign1(codec.decode(as_bytes("ack"))[2], "ledger", b"")
    assert "in the signature" in altered(tmp_path, "ack", encoded=other.hex())
    tagged = altered(tmp_path, "pass", encoded="d2" + BY_NAME["pass"]["encoded"])
    assert "byte 0 is d2, 84 is wanted (181 bytes, 180 wanted): in the head of the whole" in tagged
    longer = altered(tmp_path, "receipt, void", encoded=BY_NAME["receipt, void"]["encoded"] + "00")
    assert "is 00, the end is wanted" in longer and "after the end" in longer
    bill = codec.encode([*w.BILL[:2], 1151, *w.BILL[3:]])
    assert "in the place 2 (amount)" in altered(tmp_path, "bill", encoded=bill.hex())
    ack = w.sign1(
        codec.encode([w.kid("terminal"), 8, *codec.decode(codec.decode(as_bytes("ack"))[2])[2:]]), "ledger", b""
    )
    assert "in the payload, place 1 (number)" in altered(tmp_path, "ack", encoded=ack.hex())


def test_other_fields_are_compared_where_they_are(tmp_path: Path) -> None:
    text = BY_NAME["bill"]["text"]
    assert "in the Base45" in altered(tmp_path, "bill", text=text[:-1] + ("0" if text[-1] != "0" else "1"))
    assert "in the prefix" in altered(tmp_path, "bill", text="CP1R" + text[4:])
    frame = BY_NAME["request, hello"]["frame"]
    assert "in the CRC-32" in altered(tmp_path, "request, hello", frame=frame[:-4] + "00c0")
    assert "in the body" in altered(tmp_path, "request, hello", frame="c0c0" + frame[2:])
    structure = BY_NAME["receipt, open"]["sig_structure"]
    without = structure.replace(b"cabinpay-receipt".hex(), "00" * 16)
    assert "in the external_aad" in altered(tmp_path, "receipt, open", sig_structure=without)
    assert "another hash" in altered(tmp_path, "receipt, open", sha256="00" * 32)
    assert "no hex digits" in altered(tmp_path, "receipt, open", encoded="xyz")
    assert "no text" in altered(tmp_path, "receipt, open", encoded=1)


def test_refusals_are_compared_by_their_codes(tmp_path: Path) -> None:
    refusals = [dict(entry) for entry in OURS["refusals"]]
    refusals[0]["code"] = "cose"
    (tmp_path / "mine.json").write_text(json.dumps({"objects": OURS["objects"], "refusals": refusals[:-1]}))
    rows = vectors.check(tmp_path / "mine.json")
    states = [row.state for row in rows]
    assert (states.count("different"), states.count("missing")) == (1, 1)
    different = next(row for row in rows if row.state == "different")
    assert different.name == "refusal, cbor.decode, integer not minimal, '1817'"
    assert different.detail == "code: 'cose', 'cbor' is wanted"


@pytest.mark.parametrize(
    ("text", "code", "exit_code"),
    [
        ("", "file_garbled", 3), ("[]", "file_garbled", 3), ("{}", "vectors_form", 3),
        ('{"objects": {}}', "vectors_form", 3),
        ('{"objects": [1]}', "vectors_form", 3), ('{"objects": [], "refusals": 1}', "vectors_form", 3),
        ('{"objects": []}', "vectors_differ", 7), ('{"objects": [{"name": 1}, {}]}', "vectors_differ", 7),
        ('{"objects": [{"name": []}]}', "vectors_differ", 7),
    ],
)  # fmt: skip
def test_files_that_are_none(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, code: str, exit_code: int
) -> None:
    (tmp_path / "mine.json").write_text(text)
    assert run(capsys, "check", str(tmp_path / "mine.json"))[0] == exit_code
    with pytest.raises(SystemExit):
        cli.main(["vectors", "check", str(tmp_path / "mine.json")])
    assert capsys.readouterr().err.startswith(f"cabinpay: {code}: ")


def test_the_link_is_packed_as_a_file() -> None:
    link = ROOT / "host_tools/cabinpay_host/vectors.json"
    assert link.resolve() == ROOT / "tests/vectors/cabinpay.json"
    assert "vectors.json" in (ROOT / "pyproject.toml").read_text()
