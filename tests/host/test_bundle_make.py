"""Bundles: made from TOML, opened by the terminal's own reader, refused with the field's name."""

import errno
import json
import random
from pathlib import Path

import pytest

from cabinpay.wire import cbor, trust
from cabinpay_host import bundle, bundle_text, codec, crypto, files, keys, money
from cabinpay_host.errors import HostError
from host.ground_kit import DAY, NOW, SPEC, Airline


@pytest.fixture
def airline(tmp_path: Path) -> Airline:
    return Airline(tmp_path)


@pytest.mark.parametrize("reader", [codec, cbor])
def test_every_field_arrives(airline: Airline, reader: object) -> None:
    delegation, made = trust.open_bundle(airline.bundle(), airline.roots, crypto.verify, reader)
    publics = {name: key.public for name, key in airline.keys.items()}
    assert (delegation.bundle_key, delegation.not_after, delegation.serial) == (publics["day"], NOW + 90 * DAY, 1)
    assert vars(made) == {
        "delegation": airline.delegation,
        "version": 7,
        "issued": NOW,
        "not_after": NOW + 7 * DAY,
        "airline": "9C",
        "currencies": [
            [156, 2, [[50000, 50000, 20000], [20000, 20001, 7], [5000, 5001, 0]], 5000000],
            [978, 2, [[4, 5, 6], [0, 0, 0], [0, 0, 0]], 0],
        ],
        "issuers": [[publics["issuer"], 1767225600, 1798797600, [[156, 50000, 200000]]]],
        "ground": [
            [publics["laptop"], 1767225600, 1830297600, trust.PULL | trust.TIME],
            [publics["books"], 1767225600, 1830297600, trust.ACK],
        ],
        "limits": [60, 30 * DAY, 500, 7 * DAY],
        "files": None,
        "gateway": None,
    }


def test_the_example_is_one(airline: Airline) -> None:
    airline.spec.write_text(bundle.EXAMPLE)
    keys.create(airline.folder, "ledger", "ledger")
    assert bundle.open_checked(airline.bundle(), airline.roots)[1].version == 1


def test_a_next_root_may_be_pinned_too(airline: Airline) -> None:
    following = keys.create(airline.folder, "root", "next").public
    airline.roots.insert(0, following)
    data = airline.bundle()
    with pytest.raises(HostError) as refused:
        bundle.open_checked(data, [following])
    assert (refused.value.code, refused.value.exit_code) == ("bundle_bad", 3)


FAULTS = [
    ("version = 7", "version = 0", "toml_field", "version must be a whole number from 1 to 4294967295"),
    ("version = 7", "version = true", "toml_field", "version"),
    ("version = 7", "version = 1.0", "toml_field", "version"),
    ("version = 7", "", "toml_missing", "version is missing"),
    ("version = 7", "versoin = 7", "toml_missing", "version is missing"),
    ("version = 7", "version = 7\nvalid = 1", "toml_unknown", "valid is unknown"),
    ("version = 7", "version = 7\nversion = 8", "toml_syntax", "9C.toml"),
    ("version = 7", "version = \xff", "toml_syntax", "9C.toml"),
    ("version = 7", "x = " + "[" * 5000, "toml_syntax", "9C.toml"),
    ("version = 7", "version = 7" + " " * 300_000, "file_size", "9C.toml"),
    ('"9C"', '"9c"', "toml_field", "airline must be a designator of two capital letters"),
    ('"9C"', "9", "toml_field", "airline"),
    ("valid_days = 7", "valid_days = 0", "toml_field", "valid_days"),
    ("freshness_seconds = 60", "freshness_seconds = 29", "toml_field", "limits.freshness_seconds must be"),
    ("freshness_seconds = 60", "freshness_seconds = 121", "toml_field", "from 30 to 120"),
    ("pass_days = 30", "pass_days = -1", "toml_field", "limits.pass_days"),
    ("max_sales = 500", "max_sales = '5'", "toml_field", "limits.max_sales"),
    ("retention_days = 7", "retention_days = 99999", "toml_field", "limits.retention_days"),
    ("retention_days = 7", "retention_days = 7\nx = 1", "toml_unknown", "limits.x"),
    ("[limits]", "[limit]", "toml_missing", "limits is missing"),
    ("[currencies.978]", "[currencies.EUR]", "toml_field", "currencies must be 1 to 16 tables named by ISO 4217"),
    ("[currencies.978]", "[currencies.1560]", "toml_field", "currencies"),
    ("[currencies.978]", "[currencies.000]", "toml_field", "currencies"),
    ("exponent = 2", "exponent = 5", "toml_field", "currencies.156.exponent"),
    ("max_sum = 5000000", "max_sum = 4294967296", "toml_field", "currencies.156.max_sum"),
    ("floor = 20000", "flor = 20000", "toml_missing", "currencies.156.challenged.floor"),
    ("synced = 5001", "snyced = 5001", "toml_unknown", "currencies.156.quick.snyced"),
    ("quick = {", "qick = {", "toml_unknown", "currencies.156.qick"),
    ("floor = 7", "floor = -7", "toml_field", "currencies.156.bound.floor"),
    ('key = "issuer.pub"', 'key = "absent.pub"', "file_missing", "issuers[1].key"),
    ('key = "issuer.pub"', 'key = "issuer.key"', "key_secret", "issuers[1].key"),
    ('key = "issuer.pub"', 'key = "laptop.pub"', "key_role", "issuers[1].key"),
    ('key = "issuer.pub"', 'key = ""', "toml_field", "issuers[1].key"),
    ('key = "issuer.pub"', 'key = "a\\u0000b"', "file_missing", "issuers[1].key"),
    ('key = "laptop.pub"', 'key = "issuer.pub"', "key_role", "ground[1].key"),
    ('key = "books.pub"', 'key = "laptop.pub"', "key_shared", "needs a key of its own"),
    ("until = 2027-01-01T12:00:00+02:00", "until = 2026-01-01", "toml_field", "issuers[1].until"),
    ("until = 2027-01-01T12:00:00+02:00", "until = 2027-01-01T12:00:00", "toml_field", "2026-01-31T12:00:00Z"),
    ("until = 2027-01-01T12:00:00+02:00", 'until = "2027-01-01"', "toml_field", "without quotes"),
    ("until = 2027-01-01T12:00:00+02:00", "until = 1960-01-01", "toml_field", "issuers[1].until"),
    ("until = 2027-01-01T12:00:00+02:00", "until = 0001-01-01T00:00:00+23:00", "toml_field", "issuers[1].until"),
    ("per_sale = 50000, total", "per_sale = 200001, total", "toml_field", "issuers[1].currencies.156.per_sale"),
    ("currencies.156 = {", "currencies.840 = {", "toml_field", "issuers[1].currencies"),
    ("currencies.156 = {", "currency.156 = {", "toml_missing", "issuers[1].currencies"),
    ('["time", "pull"]', '["tme"]', "toml_field", "ground[1].rights must be a list of pull, ack, time, maintain"),
    ('["time", "pull"]', "[]", "toml_field", "ground[1].rights"),
    ('["time", "pull"]', '"time"', "toml_field", "ground[1].rights"),
    ('["time", "pull"]', "[[]]", "toml_field", "ground[1].rights"),
    ("[[issuers]]", "[issuers]", "toml_field", "each begun by [[issuers]]"),
    ("valid_days = 7", "valid_days = 91", "delegation_expired", "valid_days"),
]


@pytest.mark.parametrize(("old", "new", "code", "words"), FAULTS)
def test_each_fault_names_its_field(airline: Airline, old: str, new: str, code: str, words: str) -> None:
    assert old in SPEC
    airline.spec.write_text(SPEC.replace(old, new), encoding="latin-1")
    with pytest.raises(HostError) as refused:
        airline.bundle()
    assert refused.value.code == code
    assert refused.value.exit_code == (4 if code in ("delegation_expired", "key_shared") else 3)
    assert words in refused.value.line
    assert "\n" not in refused.value.line


def test_delegations_that_do_not_hold(airline: Airline) -> None:
    root = airline.keys["root"]
    stranger = keys.create(airline.folder, "root", "stranger")
    other = keys.create(airline.folder, "bundle", "other")
    cases = {
        "delegation_key": bundle.make_delegation(root, other.public, NOW + 90 * DAY, 2),
        "delegation_expired": bundle.make_delegation(root, airline.keys["day"].public, NOW + 7 * DAY - 1, 2),
        "delegation_bad": bundle.make_delegation(stranger, airline.keys["day"].public, NOW + 90 * DAY, 2),
    }
    for code, delegation in cases.items():
        airline.delegation = delegation
        _refused(airline, code)
    whole = cases["delegation_key"]
    for length in range(len(whole)):
        airline.delegation = whole[:length]
        _refused(airline, "delegation_bad")


def _refused(airline: Airline, code: str) -> None:
    with pytest.raises(HostError) as refused:
        airline.bundle()
    assert refused.value.code == code


@pytest.mark.parametrize("serial", [0, -1, 1 << 32])
def test_serials_have_a_range(airline: Airline, serial: int) -> None:
    with pytest.raises(HostError) as refused:
        bundle.make_delegation(airline.keys["root"], airline.keys["day"].public, NOW, serial)
    assert (refused.value.code, refused.value.exit_code) == ("delegation_bad", 2)


def test_a_signature_that_does_not_hold_is_not_given_away(airline: Airline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crypto, "signer", lambda _: lambda _: bytes(64))
    _refused(airline, "bundle_bad")


def test_a_root_signs_no_bundles_itself(airline: Airline) -> None:
    with pytest.raises(HostError) as refused:
        bundle.make_delegation(airline.keys["root"], airline.keys["root"].public, NOW, 1)
    assert refused.value.code == "key_shared"


def test_takes_the_place_of_older_bundles_only(airline: Airline) -> None:
    path = airline.folder / "9C.bundle"
    bundle.write(path, airline.bundle())
    for version in (7, 6):
        airline.spec.write_text(SPEC.replace("version = 7", f"version = {version}"))
        with pytest.raises(HostError) as refused:
            bundle.write(path, airline.bundle())
        assert (refused.value.code, refused.value.exit_code) == ("bundle_old", 4)
    airline.spec.write_text(SPEC.replace("version = 7", "version = 8"))
    bundle.write(path, airline.bundle())
    assert bundle.peek(path.read_bytes())[1].version == 8


def test_what_is_no_bundle_stays(airline: Airline) -> None:
    path = airline.folder / "root.key"
    before = path.read_bytes()
    with pytest.raises(HostError) as refused:
        bundle.write(path, airline.bundle())
    assert refused.value.code == "bundle_bad"
    assert path.read_bytes() == before


def test_a_full_disk_leaves_the_old_bundle(airline: Airline, monkeypatch: pytest.MonkeyPatch) -> None:
    path = airline.folder / "9C.bundle"
    bundle.write(path, airline.bundle())
    before = path.read_bytes()
    airline.spec.write_text(SPEC.replace("version = 7", "version = 8"))
    data = airline.bundle()
    listing = sorted(airline.folder.iterdir())

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    for call in ("fsync", "rename"):
        with monkeypatch.context() as patch:
            patch.setattr(files.os, call, full)
            with pytest.raises(HostError) as refused:
                bundle.write(path, data)
        assert (refused.value.code, refused.value.exit_code) == ("storage", 6)
        assert path.read_bytes() == before
        assert sorted(airline.folder.iterdir()) == listing


def test_damaged_bundles_end_in_one_line(airline: Airline) -> None:
    whole = airline.bundle()
    chance = random.Random(7)
    for _ in range(1500):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 4)):
            data[chance.randrange(len(data))] = chance.randrange(256)
        if data == whole:
            continue
        with pytest.raises(HostError):
            bundle.open_checked(bytes(data), airline.roots)
        try:
            content = bundle.peek(bytes(data))
        except HostError as e:
            assert e.code == "bundle_bad"
        else:
            assert bundle_text.describe(*content)
            assert json.dumps(bundle_text.record(*content))


@pytest.mark.parametrize(
    ("amount", "currency", "exponent", "shown"),
    [
        (1250, 156, None, "12.50 CNY"),
        (5, 978, None, "0.05 EUR"),
        (-5, 978, None, "-0.05 EUR"),
        (1234567, 392, None, "1,234,567 JPY"),
        (4294967295, 840, None, "42,949,672.95 USD"),
        (7, 8, None, "7 minor units of currency 008"),
        (12345, 48, 3, "12.345 048"),
        (12345, 156, 0, "12,345 CNY"),
    ],
)
def test_amounts_for_people(amount: int, currency: int, exponent: int | None, shown: str) -> None:
    assert money.show(amount, currency, exponent) == shown


def test_what_people_and_programs_are_shown(airline: Airline) -> None:
    content = bundle.peek(airline.bundle())
    text = bundle_text.describe(*content)
    for words in ("Bundle 7 of airline 9C", "quick      rtc 50.00 CNY, synced 50.01 CNY", "bound      off",
                  "Currency EUR: 0.00 EUR", ": pull, time", "passes of 30 days"):  # fmt: skip
        assert words in text
    record = json.loads(json.dumps(bundle_text.record(*content)))
    assert record["currencies"][0]["caps"]["quick"] == {"rtc": 5000, "synced": 5001, "floor": 0}
    assert record["ground"][0]["rights"] == ["pull", "time"]
    assert bundle_text.moment(1 << 40) == "second 1099511627776"
