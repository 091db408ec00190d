import ed25519
from cabinpay.agent.errors import Refused
from cabinpay.agent.files import read_whole
from cabinpay.agent.trust import NAME, Trust, in_window
from cabinpay.wire import cbor
from cabinpay.wire.errors import WireError
from cabinpay.wire.receipts import FLOOR, RTC, SYNCED
from cabinpay.wire.trust import ACK, MAINTAIN, PULL, TIME
from world import EUR, JPY, NOW, ROOTS, bundle, delegation, fresh_files, ground_entry, issuer_entry, kid_of, public

ROOT_KEYS = [public(root) for root in ROOTS]


def empty(files=None):
    return Trust(files or fresh_files(), cbor, ed25519.verify)


def installed(data=None):
    trust = empty()
    trust.install(data or bundle(), ROOT_KEYS, 0)
    return trust


def outcome(trust, data, floor=NOW):
    """Code of the refusal, or None; a refusal leaves bundle and file as they were."""
    before = (trust.bundle, read_whole(trust.files, NAME))
    try:
        trust.install(data, ROOT_KEYS, floor)
    except (WireError, Refused) as e:
        assert (trust.bundle, read_whole(trust.files, NAME)) == before
        return e.code
    assert read_whole(trust.files, NAME) == data
    return None


def test_a_bundle_is_kept_and_loaded_again():
    trust = empty()
    trust.load(ROOT_KEYS)
    assert trust.bundle is None
    trust.install(bundle(), ROOT_KEYS, NOW)
    again = empty(trust.files)
    again.load(ROOT_KEYS)
    assert again.bundle.version == 7 and again.issuer(kid_of("issuer"))[0] == public("issuer")


def test_older_is_refused_and_newer_and_the_same_are_taken():
    for version, serial, code in (
        (7, 3, None),
        (8, 3, None),
        (8, 4, None),
        (0xFFFFFFFF, 3, None),
        (6, 3, "bundle_older"),
        (6, 9, "bundle_older"),
        (1, 1, "bundle_older"),
        (8, 2, "bundle_older"),
        (7, 2, "bundle_older"),
    ):
        trust = installed(bundle(delegation=delegation(serial=3)))
        assert outcome(trust, bundle(version=version, delegation=delegation(serial=serial))) == code, (version, serial)


def test_older_is_refused_after_a_reboot_too():
    trust = installed()
    again = empty(trust.files)
    again.load(ROOT_KEYS)
    assert outcome(again, bundle(version=6)) == "bundle_older"


def test_of_one_version_there_is_one_bundle():
    trust = installed()
    assert outcome(trust, bundle()) is None
    assert outcome(trust, bundle(issued=NOW - 7100)) == "bundle_version"
    again = empty(trust.files)
    again.load(ROOT_KEYS)
    assert outcome(again, bundle(issued=NOW - 7100)) == "bundle_version" and outcome(again, bundle()) is None
    assert outcome(trust, bundle(issued=NOW - 7100, version=8)) is None


def test_what_has_run_out_is_refused():
    for bundle_end, delegation_end, code in (
        (NOW, NOW, None),
        (NOW - 1, NOW + 9, "bundle_expired"),
        (NOW + 9, NOW - 1, "bundle_expired"),
    ):
        data = bundle(not_after=bundle_end, delegation=delegation(not_after=delegation_end))
        assert outcome(empty(), data) == code


def test_a_bundle_that_ends_before_it_begins_is_refused():
    assert outcome(empty(), bundle(issued=NOW + 1001, not_after=NOW + 1000)) == "bundle_window"
    assert outcome(empty(), bundle(issued=NOW + 1000, not_after=NOW + 1000)) is None


def test_whose_signatures_are_taken():
    good = bundle(version=8)
    for data, code in (
        (bundle(version=8, delegation=delegation(root="root next")), None),
        (bundle(version=8, delegation=delegation(root="issuer")), "signature"),
        (bundle(version=8, delegation=delegation(key="bundle 2")), "signature"),
        (bundle("bundle 2", version=8, delegation=delegation(key="bundle 2")), None),
        (bundle("root", version=8), "signature"),
        (bundle("issuer", version=8), "signature"),
        (good[:-1] + bytes([good[-1] ^ 1]), "signature"),
        (good[:-1], "cbor"),
        (b"", "cbor"),
        (b"\xa0", "cose"),
    ):
        assert outcome(installed(), data) == code


def test_a_damaged_file_is_no_bundle():
    trust = installed()
    with trust.files.open(NAME, "rb") as f:
        data = f.read()
    for at in range(0, len(data), 7):
        with trust.files.open(NAME, "wb") as f:
            f.write(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        again = empty(trust.files)
        try:
            again.load(ROOT_KEYS)
            raise AssertionError("took a damaged bundle")
        except ValueError:
            assert again.bundle is None


def test_another_terminals_roots_open_nothing():
    trust = installed()
    try:
        empty(trust.files).load([public("issuer"), public("bundle")])
        raise AssertionError("took a bundle of other roots")
    except WireError as e:
        assert e.code == "signature"


def test_a_failing_flash_leaves_the_bundle_in_force():
    trust = installed()
    kept = trust.files

    class Full:
        def open(self, name, mode):
            if mode == "wb":
                raise OSError(28)
            return kept.open(name, mode)

        exists = kept.exists

    trust.files = Full()
    try:
        trust.install(bundle(version=8), ROOT_KEYS, NOW)
        raise AssertionError("installed without storing")
    except OSError:
        assert trust.bundle.version == 7


def test_rights_of_ground_keys():
    trust = installed(
        bundle(
            ground=[
                ground_entry("all", PULL | ACK | TIME | MAINTAIN),
                ground_entry("pull", PULL),
                ground_entry("ack", ACK),
                ground_entry("time", TIME),
            ]
        )
    )
    now = (NOW, RTC, 0)
    for label, rights in (("all", 15), ("pull", PULL), ("ack", ACK), ("time", TIME), ("stranger", 0), ("issuer", 0)):
        for right in (PULL, ACK, TIME, MAINTAIN):
            expected = public(label) if rights & right else None
            assert trust.ground(kid_of(label), right, now) == expected, (label, right)
    assert trust.ground(None, PULL, now) is None


def test_windows_of_ground_keys():
    trust = installed(bundle(ground=[ground_entry("ledger", PULL, NOW - 10, NOW + 10)]))
    for time, quality, expected in (
        (NOW - 11, RTC, False),
        (NOW - 10, RTC, True),
        (NOW + 9, SYNCED, True),
        (NOW + 10, SYNCED, False),
        (NOW - 11, FLOOR, True),
        (NOW + 9, FLOOR, True),
        (NOW + 10, FLOOR, False),
    ):
        assert (trust.ground(kid_of("ledger"), PULL, (time, quality, 0)) is not None) == expected, (time, quality)
        assert in_window(NOW - 10, NOW + 10, (time, quality, 0)) == expected


def test_running_out():
    trust = installed(bundle(not_after=NOW + 100, delegation=delegation(not_after=NOW + 50)))
    assert [trust.run_out((NOW + t, RTC, 0)) for t in (0, 50, 51, 101)] == [False, False, True, True]
    trust = installed(bundle(not_after=NOW + 50, delegation=delegation(not_after=NOW + 100)))
    assert [trust.run_out((NOW + t, FLOOR, 0)) for t in (50, 51)] == [False, True]


def test_a_new_bundle_replaces_everything():
    trust = installed()
    trust.install(
        bundle(
            version=8,
            issuers=[issuer_entry("issuer 2")],
            ground=[ground_entry("ledger 2")],
            currencies=[[EUR, 2, [[1, 1, 1]] * 3, 5]],
        ),
        ROOT_KEYS,
        NOW,
    )
    assert trust.issuer(kid_of("issuer")) is None and trust.issuer(kid_of("issuer 2")) is not None
    assert trust.ground(kid_of("ledger"), PULL, (NOW, RTC, 0)) is None
    assert trust.currency(JPY) is None and trust.currency(EUR)[3] == 5


def test_keys_rotate_without_a_gap():
    # an issuer, a ground key, a bundle key and a root hand over one after the other: at each step old and new both work
    now = (NOW, RTC, 0)
    issuers = [issuer_entry("issuer", NOW - 100, NOW + 100), issuer_entry("issuer 2", NOW - 10, NOW + 999)]
    grounds = [ground_entry("ledger", PULL, NOW - 100, NOW + 100), ground_entry("ledger 2", PULL, NOW - 10, NOW + 999)]
    trust = installed(bundle(version=7))
    steps = (
        ("bundle", delegation(serial=1), {"issuers": issuers, "ground": grounds}),
        ("bundle 2", delegation(key="bundle 2", serial=2), {"issuers": issuers, "ground": grounds}),
        ("bundle 2", delegation("root next", "bundle 2", serial=3), {"issuers": issuers, "ground": grounds}),
        ("bundle 3", delegation("root next", "bundle 3", serial=4), {"issuers": issuers[1:], "ground": grounds[1:]}),
    )
    for version, (signer, word, fields) in enumerate(steps, 8):
        assert outcome(trust, bundle(signer, version=version, delegation=word, **fields)) is None, version
        assert trust.issuer(kid_of("issuer 2")) and trust.ground(kid_of("ledger 2"), PULL, now)
        assert (trust.issuer(kid_of("issuer")) is not None) == (version < 11)
    assert outcome(trust, bundle(version=12, delegation=delegation(serial=3))) == "bundle_older", (
        "the old root's is over"
    )
    again = empty(trust.files)
    again.load(ROOT_KEYS)
    assert again.bundle.version == 11


def test_passes_of_old_and_new_issuer_are_both_taken():
    # half open windows: at any second of the handover one of the two holds
    trust = installed(bundle(issuers=[issuer_entry("old", 0, NOW), issuer_entry("new", NOW, NOW + 99)]))
    for time, old, new in (
        (NOW - 1, True, False),
        (NOW, False, True),
        (NOW + 98, False, True),
        (NOW + 99, False, False),
    ):
        found = [in_window(*(trust.issuer(kid_of(k))[1:3] + [(time, RTC, 0)])) for k in ("old", "new")]
        assert found == [old, new], time
