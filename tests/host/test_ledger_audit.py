"""`cabinpay ledger verify` finds each single thing that was altered behind the ledger's back, and says it once."""


import pytest

from cabinpay_host.errors import HostError
from cabinpay_host.ledger import Ledger
from cabinpay_host.ledger import archive as arc
from host import ledger_world as w

DEARER = [[300, 1, 990]]


@pytest.fixture(scope="module")
def good(ledger_engine, tmp_path_factory):
    """A ledger after a bad day: sales in each mode, a replay whose debit was handed over, a sale over the limit, a
    fork, a broken chain, a receipt that is none, one that is forged, a late bundle, a terminal with a new label."""
    folder = tmp_path_factory.mktemp("good")
    ann, bob = w.Passenger("ann", limits=(w.EUR, 3000, 900, 9)), w.Passenger("bob")
    one, two = w.Terminal("A"), w.Terminal("B", time=w.NOW + 30)
    photo = bob.pay()
    for terminal in (one, two):
        terminal.open()
        terminal.sale(ann, mode=w.CHALLENGED)
        terminal.sale(bob, payment=photo)
    clone = one.twin()
    clone.sale(bob, DEARER, mode=w.BOUND)
    one.sale(ann, DEARER)  # over the limit
    one.spoil()
    one.sale(bob, signer=w.Key("stranger"))
    one.close()
    two.sale(w.Passenger("eve", issuer=w.Key("second issuer")))
    two.sale(ann, previous=bytes(32))
    two.close()
    with w.new_ledger(folder, one, two) as ledger:
        ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1")
        ledger.add_enrolment(w.ISSUER.kid, bob.cti, bob.sub, "P-2")
        for terminal in (two, clone, one):  # B is debited for the photo until A comes
            ledger.take(terminal.kid, terminal.items, "sync")
            w.pull(ledger, terminal)
        ledger.add_bundle(w.bundle(w.ISSUER, w.Key("second issuer"), version=2))
        ledger.add_terminal(two.key.public, "B, galley", w.AIRLINE)
        codes = {code for found in w.open_codes(ledger).values() for code in found}
        assert codes == {"replay", "over_limit", "fork", "chain", "bad_receipt", "bad_signature", "stale"}
        assert w.faults(ledger) == []
    return folder


@pytest.fixture
def copy(good, tmp_path):
    w.copied(good, tmp_path)
    return tmp_path


def altered(folder, *statements):
    """What verify says after these statements; each of them must have altered something."""
    w.alter(folder, *statements)
    return verified(folder)


def verified(folder):
    with Ledger.open(*w.places(folder)) as ledger, ledger.reading() as session:
        lines = w.audit.verify(session, ledger.archive)
    assert len(lines) == len(set(lines)) and not any("\n" in line for line in lines)
    return lines


def count(folder, query):
    return w.fetched(folder, query)[0][0]


A_SALE = "(SELECT MIN(receipt_id) FROM settlements)"
A_REPLAY = "(SELECT id FROM receipts WHERE booked = 'replay')"
A_REFUSED = "(SELECT MIN(id) FROM receipts WHERE state = 'refused')"
ITS_ENTRIES = f"(SELECT id FROM entries WHERE receipt_id = {A_SALE})"
REVERSED = "(SELECT MIN(id) FROM entries WHERE kind = 'reversal')"
RAISE = "INSERT INTO exceptions (receipt_id, code, detail, raised) VALUES ({}, '{}', '', 1)"
FLAG = "UPDATE exceptions SET cleared = 1 WHERE code = '{}' AND cleared IS NULL"

# (statements, what every line says, how many lines: a number or a query made before)
MUTATIONS = {
    "every debit moved to another passenger": (
        ["UPDATE postings SET account = 'passenger:00:00' WHERE account LIKE 'passenger:%'"],
        "is not what its receipt says",
        "SELECT COUNT(DISTINCT e.receipt_id) FROM entries e JOIN postings p ON p.entry_id = e.id"
        " WHERE p.account LIKE 'passenger:%'",
    ),
    "a loss posted to another airline": (
        ["UPDATE postings SET account = 'loss:MU' WHERE account LIKE 'loss:%'"],
        "of kind replay is not what its receipt says",
        1,
    ),
    "sales credited to another airline": (
        [f"UPDATE postings SET account = 'sales:MU' WHERE account LIKE 'sales:%' AND entry_id IN {ITS_ENTRIES}"],
        "of kind sale is not what its receipt says",
        1,
    ),
    "all amounts times ten in settlements": (
        ["UPDATE settlements SET amount = amount * 10"],
        "a settlement is not what its receipt says",
        "SELECT COUNT(*) FROM settlements",
    ),
    "all amounts times ten in postings": (
        ["UPDATE postings SET amount = amount * 10"],
        "is not what its receipt says",
        "SELECT COUNT(DISTINCT receipt_id) FROM entries",
    ),
    "a posting's currency": (
        [f"UPDATE postings SET currency = 840 WHERE entry_id IN {ITS_ENTRIES}"],
        "is not what its receipt says",
        1,
    ),
    "a posting changed": (["UPDATE postings SET amount = amount + 1 WHERE id = 1"], "do not sum to zero", 1),
    "a posting deleted": (["DELETE FROM postings WHERE id = 1"], "less than two postings", 1),
    "a posting more": (
        ["INSERT INTO postings (entry_id, account, amount, currency) VALUES (1, 'loss:9C', 0, 978)"],
        "is not what its receipt says",
        1,
    ),
    "a reversal that gives back less": (
        [f"UPDATE postings SET amount = amount / 2 WHERE entry_id = {REVERSED}"],
        "of kind reversal is not what its receipt says",
        1,
    ),
    "a reversal deleted": (
        [f"DELETE FROM postings WHERE entry_id = {REVERSED}", f"DELETE FROM entries WHERE id = {REVERSED}"],
        "an entry of kind replay that has no ground",
        1,
    ),
    "an entry of a kind nobody knows": (["UPDATE entries SET kind = 'gift' WHERE id = 1"], "kind gift that has no", 1),
    "an entry for a receipt that moves no money": (
        ["INSERT INTO entries (receipt_id, kind, made) SELECT id, 'sale', 1 FROM receipts WHERE kind = 3 LIMIT 1"],
        "an entry of kind sale that has no ground",
        1,
    ),
    "a sale made up twice": (
        ["INSERT INTO entries (receipt_id, kind, made) SELECT receipt_id, kind, 1 FROM entries WHERE id = 1"],
        "an entry of kind sale that has no ground",
        1,
    ),
    "an entry of nothing": (
        ["INSERT INTO entries (receipt_id, kind, made) VALUES (999, 'sale', 1)"],
        "an entry of no receipt",
        1,
    ),
    "postings without entry": (
        ["INSERT INTO postings (entry_id, account, amount, currency) VALUES (999, 'x', 1, 978)"],
        "a posting of no entry",
        1,
    ),
    "booked as something else": ([f"UPDATE receipts SET booked = 'replay' WHERE id = {A_SALE}"], "counts as booked", 1),
    "a settlement deleted": ([f"DELETE FROM settlements WHERE receipt_id = {A_SALE}"], "a sale is not settled", 1),
    "a settlement's limits": (
        [f"UPDATE settlements SET limit_sale = 7 WHERE receipt_id = {A_SALE}"], "a settlement is not what", 1
    ),
    "a settlement given to the replay": (
        [
            f"UPDATE settlements SET receipt_id = {A_REPLAY} WHERE (cti, seq) ="
            f" (SELECT cti, seq FROM receipts WHERE id = {A_REPLAY})"
        ],
        "settle",
        2,  # one sale too few settled, one too many
    ),
    "receipts.amount": (
        ["UPDATE receipts SET amount = amount + 1 WHERE kind = 1"],
        "(amount)",
        "SELECT COUNT(*) FROM receipts WHERE kind = 1",
    ),
    "receipts.kind": ([f"UPDATE receipts SET kind = 2 WHERE id = {A_SALE}"], "(kind)", 1),
    "receipts.time": ([f"UPDATE receipts SET time = time + 1 WHERE id = {A_SALE}"], "(time)", 1),
    "receipts.shift": ([f"UPDATE receipts SET shift = 7 WHERE id = {A_SALE}"], "(shift)", 1),
    "receipts.mode": ([f"UPDATE receipts SET mode = mode % 3 + 1 WHERE id = {A_SALE}"], "(mode)", 1),
    "receipts.currency": ([f"UPDATE receipts SET currency = 840 WHERE id = {A_SALE}"], "(currency)", 1),
    "receipts.issuer_kid": ([f"UPDATE receipts SET issuer_kid = x'00' WHERE id = {A_SALE}"], "(issuer_kid)", 1),
    "receipts.cti": ([f"UPDATE receipts SET cti = x'0001020304050607' WHERE id = {A_SALE}"], "(cti)", 1),
    "receipts.previous": ([f"UPDATE receipts SET previous = NULL WHERE id = {A_SALE}"], "(previous)", 1),
    "seq in receipts and settlements": (
        ["UPDATE receipts SET seq = seq + 1000000", "UPDATE settlements SET seq = seq + 1000000"],
        "(seq)",
        "SELECT COUNT(*) FROM receipts WHERE state = 'sound' AND kind = 1",
    ),
    "the wrong evidence": ([f"UPDATE receipts SET evidence_sha256 = x'00' WHERE id = {A_SALE}"], "is not held", 1),
    "a sale taken out of the books and called another kind": (
        [
            f"DELETE FROM postings WHERE entry_id IN {ITS_ENTRIES}",
            f"DELETE FROM entries WHERE receipt_id = {A_SALE}",
            f"UPDATE receipts SET kind = 9, booked = NULL WHERE id = {A_SALE}",
            f"DELETE FROM settlements WHERE receipt_id = {A_SALE}",
        ],
        "(kind)",
        1,
    ),
    "a sale taken out of the books": (
        [
            f"DELETE FROM postings WHERE entry_id IN {ITS_ENTRIES}",
            f"DELETE FROM entries WHERE receipt_id = {A_SALE}",
            f"UPDATE receipts SET booked = NULL WHERE id = {A_SALE}",
            f"DELETE FROM settlements WHERE receipt_id = {A_SALE}",
        ],
        ("a sale is not settled", "the books have no entry"),
        2,
    ),
    "a forged receipt called sound": (
        [
            "UPDATE receipts SET state = 'sound' WHERE id = (SELECT receipt_id FROM exceptions"
            " WHERE code = 'bad_signature')"
        ],
        "judged sound, and it is not",
        1,
    ),
    "a sale called refused": (
        [f"UPDATE receipts SET state = 'refused' WHERE id = {A_SALE}"],
        (
            "a settlement of what settles nothing",
            "has no ground",
            "refused without an exception",
            "refused, and nothing is wrong",
        ),
        4,
    ),
    "a state nobody knows": ([f"UPDATE receipts SET state = 'x' WHERE id = {A_SALE}"], "a receipt of state x", 1),
    "a receipt unjudged": ([f"UPDATE receipts SET state = 'pending' WHERE id = {A_REFUSED}"], "waits to be judged", 1),
    "a receipt's bytes": ([f"UPDATE receipts SET raw = x'00' WHERE id = {A_SALE}"], "not what it was stored as", 1),
    "all evidence's bytes": (
        ["UPDATE evidence SET raw = x'00'"],
        "not what it was stored as: evidence",
        "SELECT COUNT(*) FROM evidence",
    ),
    "a root added": (["INSERT INTO roots VALUES (x'01')"], "in the database, not in the archive: root", 1),
    "all roots deleted": (["DELETE FROM roots"], "in the archive, not in the database: root", 1),
    "all bundles deleted": (["DELETE FROM bundles"], "in the archive, not in the database: bundle", 2),
    "a bundle's bytes": (["UPDATE bundles SET raw = x'00' WHERE version = 2"], "not what it was stored as: bundle", 1),
    "a bundle's version": (["UPDATE bundles SET version = 9 WHERE version = 2"], "differs from the archive: bundle", 1),
    "all enrolments deleted": (["DELETE FROM enrolments"], "in the archive, not in the database: enrolment", 2),
    "enrolments exchanged": (
        ["UPDATE enrolments SET passenger = CASE passenger WHEN 'P-1' THEN 'P-2' ELSE 'P-1' END"],
        "differs from the archive: enrolment",
        2,
    ),
    "a terminal's key": (
        ["UPDATE terminals SET public_key = zeroblob(32) WHERE label = 'A'"],
        "not what it was stored as: terminal",
        1,
    ),
    "a terminal's label": (["UPDATE terminals SET label = 'B' WHERE label <> 'A'"], "differs from the archive", 1),
    "a terminal's airline": (["UPDATE terminals SET airline = 'MU' WHERE label = 'A'"], "differs from the archive", 1),
    "a receipt no longer joined": (
        ["UPDATE receipts SET follows = NULL WHERE id = (SELECT receipt_id FROM exceptions WHERE code = 'chain')"],
        ("counts as joined to number 1, and is not", "in the archive, not in the database: what came before"),
        2,
    ),
    "who gave evidence": (["UPDATE evidence SET handed = 1 WHERE id = 1"], "differs from the archive: evidence", 1),
    "evidence of nothing": (
        ["INSERT INTO evidence (receipt_id, sha256, raw, handed) VALUES (999, x'00', x'00', FALSE)"],
        "evidence of no receipt",
        1,
    ),
    "custody ahead": (["UPDATE terminals SET held_number = 99 WHERE label = 'A'"], "custody", 2),
    "custody behind": (
        [
            "UPDATE terminals SET held_number = held_number - 1, held_head = (SELECT sha256 FROM receipts r"
            " WHERE r.terminal_kid = kid AND r.number = held_number - 1) WHERE label <> 'A'"
        ],
        "custody is behind",
        1,
    ),
    "the last receipt deleted, and custody moved back": (
        [
            "DELETE FROM receipts WHERE number = (SELECT held_number FROM terminals WHERE label = 'B, galley')"
            " AND terminal_kid = (SELECT kid FROM terminals WHERE label = 'B, galley')",
            "UPDATE terminals SET held_number = held_number - 1, held_head = (SELECT sha256 FROM receipts r"
            " WHERE r.terminal_kid = kid AND r.number = held_number - 1) WHERE label <> 'A'",
        ],
        "in the archive, not in the database: receipt",
        1,
    ),
    "a fork cleared": ([FLAG.format("fork")], "a fork without", "SELECT COUNT(*) FROM exceptions WHERE code = 'fork'"),
    "a break of the chain cleared": ([FLAG.format("chain")], "a break of the chain without its exception", 1),
    "a replay cleared": ([FLAG.format("replay")], "a replay without its exception", 1),
    "an overspend cleared": (
        [FLAG.format("over_limit")],
        "over the limit without its exception",
        "SELECT COUNT(*) FROM exceptions WHERE code = 'over_limit' AND cleared IS NULL",
    ),
    "a verdict cleared": ([FLAG.format("bad_signature")], "refused without an exception that says why", 1),
    "a replay that is none": ([RAISE.format(A_SALE, "replay")], "an exception says replay, and it is none", 1),
    "an overspend that is none": ([RAISE.format(A_REPLAY, "over_limit")], "says over the limit, and it is not", 1),
    "a verdict that is none": ([RAISE.format(A_SALE, "bad_pass")], "sound, with an exception", 1),
    "an exception of nothing": ([RAISE.format(999, "gap")], "an exception of no receipt", 1),
    "the archive's length": (
        ["UPDATE meta SET archive_length = archive_length + 1"],
        "the archive can be read to byte",
        1,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_thing_altered_is_found_and_said_once(copy, name):
    found_once(copy, *MUTATIONS[name])


def found_once(copy, statements, said, lines):
    expected = lines if isinstance(lines, int) else count(copy, lines)
    found = altered(copy, *statements)
    said = (said,) if isinstance(said, str) else said
    assert all(any(part in line for part in said) for line in found), found
    assert all(any(part in line for line in found) for part in said), found
    assert len(found) == expected, found


def test_a_gap_cleared(tmp_path):
    terminal = w.Terminal("A")
    terminal.open()
    terminal.sale(w.Passenger("ann"))
    terminal.close()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[2:], "sync")
        assert w.faults(ledger) == []
    (line,) = altered(tmp_path, FLAG.format("gap"))
    assert "a gap without its exception" in line


def test_settlements_and_postings_times_ten(copy):
    """They agree with each other, and with no receipt."""
    found = altered(copy, "UPDATE postings SET amount = amount * 10", "UPDATE settlements SET amount = amount * 10")
    settled = count(copy, "SELECT COUNT(*) FROM settlements")
    assert len([line for line in found if "a settlement is not what its receipt says" in line]) == settled
    assert len(found) == settled + count(copy, "SELECT COUNT(DISTINCT receipt_id) FROM entries")


@pytest.mark.parametrize("cut", [1, 50, 400])
def test_an_archive_cut_short_is_one_line(copy, cut):
    archive = copy / "ledger.archive"
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-cut])
    (line,) = verified(copy)
    assert f"of {len(whole) - cut}, the ledger wrote {len(whole)}" in line


def test_an_archive_damaged_in_the_middle_is_one_line(copy):
    archive = copy / "ledger.archive"
    whole = bytearray(archive.read_bytes())
    whole[len(whole) // 2] ^= 1
    archive.write_bytes(whole)
    (line,) = verified(copy)
    assert "the archive can be read to byte" in line and "items of the database are not in it" in line


def test_more_in_the_archive_than_was_committed(copy):
    archive = copy / "ledger.archive"
    whole = archive.read_bytes()
    archive.write_bytes(whole + b"garbage")
    (line,) = verified(copy)
    assert "has 7 bytes (0 whole records, torn after byte" in line
    record = arc._pack(arc.Record(arc.ROOT, (bytes(32),)))
    archive.write_bytes(whole + record)
    (line,) = verified(copy)
    assert f"has {len(record)} bytes (1 whole records) more" in line


@pytest.mark.parametrize("record", [
    arc.Record(9, (b"x",)),
    arc.Record(arc.RECEIPT, (b"x",)),
    arc.Record(arc.TERMINAL, (bytes(32), b"\xff", b"9C")),
])  # fmt: skip
def test_a_record_that_nobody_understands(copy, record):
    data = arc._pack(record)
    with open(copy / "ledger.archive", "ab") as f:
        f.write(data)
    (line,) = altered(copy, f"UPDATE meta SET archive_length = archive_length + {len(data)}")
    assert line == f"a record of kind {record.kind} in the archive cannot be understood"


def test_an_archive_that_cannot_be_read(copy, monkeypatch):
    def failing(*_):
        raise OSError(5, "Input/output error")

    with Ledger.open(*w.places(copy)) as ledger, ledger.reading() as session:
        monkeypatch.setattr(arc, "_read_body", failing)
        with pytest.raises(HostError) as e:
            w.audit.verify(session, ledger.archive)
    assert (e.value.code, e.value.exit_code) == ("archive_unreadable", 6)
    assert "cannot read" in e.value.line and "taken" not in e.value.line
