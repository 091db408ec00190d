"""Enrolment: who gets a pass, what is in it, and who can read it."""

import time
from pathlib import Path

import cwt
import pytest

from cabinpay.wire import cbor, cose
from cabinpay.wire.claims import Pass
from cabinpay.wire.errors import WireError
from cabinpay.wire.trust import by_keys
from cabinpay_host import codec, crypto, enrol
from cabinpay_host.errors import HostError
from host.ground_kit import DAY, NOW, Airline

POLICY = enrol.Policy(minimum_score=550, days=7, currency=156, per_sale=20000, total=50000, count=20)
DEVICE = crypto.public_key(bytes(range(32)))


@pytest.fixture
def airline(tmp_path: Path) -> Airline:
    return Airline(tmp_path)


def issue(ground: Airline, **other: object) -> bytes:
    wanted = {"airline": "9C", "score": 550, "device_public": DEVICE, "now": NOW, **other}
    return enrol.issue_pass(ground.keys["issuer"], POLICY, **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("reader", [codec, cbor])
@pytest.mark.parametrize("flight", [None, (8863, 20833)])
def test_a_pass_says_what_the_policy_says(airline: Airline, reader: object, flight: tuple[int, int] | None) -> None:
    signed = issue(airline, flight=flight)
    payload = cose.open(signed, by_keys([airline.keys["issuer"].public], crypto.verify), cose.AAD_PASS, reader)
    claims = Pass.unpack(payload, reader)
    assert (claims.aud, claims.limits, claims.device_key()) == ("9C", [156, 50000, 20000, 20], DEVICE)
    assert (claims.nbf, claims.exp) == (NOW - 300, NOW - 300 + 7 * DAY)
    assert claims.flight == (list(flight) if flight else None)


def test_any_cwt_library_reads_it(airline: Airline) -> None:
    public = airline.keys["issuer"].public
    key = cwt.COSEKey.new({1: 1, 2: airline.keys["issuer"].kid, 3: -19, -1: 6, -2: public})
    # the library wants RFC 9052's tag 18 around what a pass leaves bare
    payload = cwt.decode(b"\xd2" + issue(airline, now=int(time.time())), key)
    assert payload[3] == "9C"
    assert payload[8] == {1: {1: 1, -1: 6, -2: DEVICE}}


def test_no_two_passes_share_a_name(airline: Airline) -> None:
    passes = [Pass.unpack(cose.parse(issue(airline), codec).payload, codec) for _ in range(50)]
    assert len({p.sub for p in passes} | {p.cti for p in passes}) == 100


@pytest.mark.parametrize("score", [549, 0, -1])
def test_a_score_below_the_line_gets_nothing(airline: Airline, score: int) -> None:
    with pytest.raises(HostError) as refused:
        issue(airline, score=score)
    assert (refused.value.code, refused.value.exit_code) == ("score_too_low", 4)


LOW_ORDER = "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
REFUSED = [
    ({"device_public": b""}, "device_key"),
    ({"device_public": DEVICE[:31]}, "device_key"),
    ({"device_public": bytes(32)}, "device_key"),
    ({"device_public": bytes.fromhex(LOW_ORDER)}, "device_key"),
    ({"device_public": b"\xff" * 32}, "device_key"),
    ({"airline": "9c"}, "pass_field"),
    ({"airline": "CES"}, "pass_field"),
    ({"airline": ""}, "pass_field"),
    ({"flight": (0, 20833)}, "pass_field"),
    ({"flight": (10000, 20833)}, "pass_field"),
    ({"flight": (1, -1)}, "pass_field"),
    ({"flight": (1, 65536)}, "pass_field"),
    ({"now": 1 << 32}, "pass_field"),
    ({"now": 0}, "pass_field"),
]


@pytest.mark.parametrize(("other", "code"), REFUSED)
def test_what_no_pass_can_say(airline: Airline, other: dict[str, object], code: str) -> None:
    with pytest.raises(HostError) as refused:
        issue(airline, **other)
    assert (refused.value.code, refused.value.exit_code) == (code, 2)


def test_a_key_of_another_role_signs_no_pass(airline: Airline) -> None:
    for role in ("root", "day", "laptop", "books"):
        with pytest.raises(ValueError, match="does not sign"):
            enrol.issue_pass(airline.keys[role], POLICY, "9C", 600, DEVICE, NOW)


def test_a_signature_that_does_not_hold_is_not_given_away(airline: Airline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto, "signer", lambda _: lambda _: bytes(64))
    with pytest.raises(WireError):
        issue(airline)


def test_the_example_is_a_policy(airline: Airline) -> None:
    assert enrol.read_policy(airline.policy) == POLICY


FAULTS = [
    ("minimum_score = 550", "", "toml_missing", "minimum_score"),
    ("minimum_score = 550", "minimum_score = '550'", "toml_field", "minimum_score"),
    ("days = 7", "days = 367", "toml_field", "days must be a whole number from 1 to 366"),
    ("currency = 156", "currency = 0", "toml_field", "currency"),
    ("currency = 156", 'currency = "CNY"', "toml_field", "currency"),
    ("per_sale = 20000", "per_sale = 50001", "toml_field", "per_sale must be a whole number from 1 to 50000"),
    ("total = 50000", "total = 4294967296", "toml_field", "total"),
    ("count = 20", "count = 256", "toml_field", "count"),
    ("count = 20", "count = 20\ntier = 1", "toml_unknown", "tier"),
    ("count = 20", "count 20", "toml_syntax", "policy.toml"),
]


@pytest.mark.parametrize(("old", "new", "code", "words"), FAULTS)
def test_each_fault_of_a_policy_names_its_field(airline: Airline, old: str, new: str, code: str, words: str) -> None:
    assert old in enrol.EXAMPLE
    airline.policy.write_text(enrol.EXAMPLE.replace(old, new))
    with pytest.raises(HostError) as refused:
        enrol.read_policy(airline.policy)
    assert (refused.value.code, refused.value.exit_code) == (code, 3)
    assert words in refused.value.line
