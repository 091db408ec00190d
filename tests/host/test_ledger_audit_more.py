"""`cabinpay ledger verify` on voids, breaks, hand-ins, refunds, lost terminals and auditors: each alteration, once."""



import pytest

from cabinpay_host.ledger import archive as arc
from host import ledger_world as w
from host.test_ledger_audit import FLAG, RAISE, altered, count, found_once

DEARER = [[300, 1, 990]]


@pytest.fixture(scope="module")
def good(ledger_engine, tmp_path_factory):
    """A: a cancelled sale, a void of it that comes too late, a refund, a break, and a replay of what B cancelled, too.
    C is lost, and what it had sold above that is reversed; one receipt came from a phone only."""
    folder = tmp_path_factory.mktemp("good")
    ann, bob = w.Passenger("ann"), w.Passenger("bob")
    one, two, three = w.Terminal("A", time=w.NOW + 600), w.Terminal("B"), w.Terminal("C")
    photo = bob.pay()
    for terminal in (one, two, three):
        terminal.open()
    two.void(two.sale(bob, payment=photo))
    first = one.sale(ann, mode=w.CHALLENGED)
    one.sale(ann, DEARER, mode=w.BOUND)
    one.void(first)
    one.void(first)
    one.sale(bob, payment=photo)
    one.damage(6, 9)
    one.open()
    for _ in range(2):
        three.sale(ann)
    phone = one.twin().sale(bob)
    with w.new_ledger(folder, one, two, three) as ledger:
        for terminal in (one, two, three):
            w.pull(ledger, terminal)
        ledger.hand_in(*w.shown(phone))
        ledger.refund(one.kid, 3, 100, "cold", "kim")
        ledger.refund(one.kid, 3, 300, "late", "kim")
        ledger.name_auditor("kim", "boss")
        ledger.name_auditor("lee", "boss")
        ledger.name_auditor("lee", "boss", given=False)
        ledger.report_lost(three.kid, 2)
        found = w.open_codes(ledger)
        assert found == {
            ("A", 5): ["void"],
            ("A", 6): ["replay", "stale"],
            ("A", 10): ["break"],
            ("C", 3): ["lost_terminal"],
        }
        assert w.faults(ledger) == []
    return folder


@pytest.fixture
def copy(good, tmp_path):
    w.copied(good, tmp_path)
    return tmp_path


CANCELLED = "(SELECT id FROM receipts WHERE voided_by IS NOT NULL AND number = 2 AND mode = 1)"
VOID = f"(SELECT voided_by FROM receipts WHERE id = {CANCELLED})"
IDLE = "(SELECT receipt_id FROM exceptions WHERE code = 'void')"
REPLAY = "(SELECT id FROM receipts WHERE booked = 'replay')"
REFUNDED = "(SELECT MIN(receipt_id) FROM refunds)"
LOST = "(SELECT receipt_id FROM exceptions WHERE code = 'lost_terminal')"
PHONE = "(SELECT id FROM receipts WHERE NOT streamed)"
BROKEN = "(SELECT id FROM receipts WHERE good IS NOT NULL)"
ENTRY = "(SELECT MAX(id) FROM entries WHERE receipt_id = {} AND kind = '{}')"
POST = "INSERT INTO postings (entry_id, account, amount, currency) SELECT {}, account, amount, currency FROM postings"

# (statements, what every line says, how many lines)
MUTATIONS = {
    "a void's reversal deleted": (
        [
            f"DELETE FROM postings WHERE entry_id = {ENTRY.format(CANCELLED, 'reversal')}",
            f"DELETE FROM entries WHERE id = {ENTRY.format(CANCELLED, 'reversal')}",
        ],
        "the books have sale, the receipt is nothing to book",
        1,
    ),
    "a void's reversal doubled": (
        [
            f"INSERT INTO entries (receipt_id, kind, made) VALUES ({CANCELLED}, 'reversal', 1)",
            POST.format("(SELECT MAX(id) FROM entries)")
            + f" WHERE entry_id = (SELECT MIN(id) FROM entries WHERE receipt_id = {CANCELLED} AND kind = 'reversal')",
        ],
        "an entry of kind reversal that has no ground",
        1,
    ),
    "a cancelled sale's settlement counts": (
        [f"UPDATE settlements SET voided = FALSE WHERE receipt_id = {CANCELLED}"], "a settlement is not what", 1,
    ),
    "a sale's settlement counts as cancelled": (
        [f"UPDATE settlements SET voided = TRUE WHERE receipt_id = {REFUNDED}"],
        ("a settlement is not what", "counts as", "the books give back"),
        5,  # both refunds would have had nothing to give back
    ),
    "a sale no longer cancelled": (
        [f"UPDATE receipts SET voided_by = NULL WHERE id = {CANCELLED}"], "counts as cancelled by nobody, and is", 1,
    ),
    "a sale cancelled by nothing": (
        [f"UPDATE receipts SET voided_by = 1 WHERE id = {REFUNDED}"], "and is cancelled by nobody", 1,
    ),
    "a void of another sale": (
        [f"UPDATE receipts SET target = (SELECT sha256 FROM receipts WHERE id = {REFUNDED}) WHERE id = {VOID}"],
        ("(target)", "counts as cancelled", "a settlement is not what", "the books have", "says void, and it is none"),
        6,  # the other sale counts as cancelled, and the first one by the void that came too late
    ),
    "a void that cancels nothing, cleared": ([FLAG.format("void")], "a void that cancels nothing without its", 1),
    "a void that stands, flagged": ([RAISE.format(VOID, "void")], "an exception says void, and it is none", 1),
    "a sale flagged as a void": ([RAISE.format(REFUNDED, "void")], "an exception says void, and it is none", 1),
    "a receipt is no longer its terminal's word": (
        [f"UPDATE receipts SET word = FALSE WHERE id = {REFUNDED}"], "(word)", 1,
    ),
    "a lost terminal's receipt counts as its word": (
        [f"UPDATE receipts SET word = TRUE WHERE id = {LOST}"], "(word)", 1,
    ),
    "a sale refused on a pretext, and taken out of the books": (
        [
            f"UPDATE receipts SET state = 'refused', booked = NULL WHERE id = {PHONE}",
            RAISE.format(PHONE, "bad_pass"),
            f"DELETE FROM settlements WHERE receipt_id = {PHONE}",
            f"DELETE FROM postings WHERE entry_id = {ENTRY.format(PHONE, 'sale')}",
            f"DELETE FROM entries WHERE id = {ENTRY.format(PHONE, 'sale')}",
        ],
        "refused, and nothing is wrong with it",
        1,
    ),
    "a break removed": ([FLAG.format("break")], "a loss of receipts without its exception", 1),
    "a break that is none": ([RAISE.format(REFUNDED, "break")], "an exception says break, and it is none", 1),
    "a fork that is none": ([RAISE.format(REFUNDED, "fork")], "an exception says fork, and it is none", 1),
    "a gap that is none": ([RAISE.format(REFUNDED, "gap")], "an exception says gap, and it is none", 1),
    "a broken chain that is none": ([RAISE.format(REFUNDED, "chain")], "an exception says chain, and it is none", 1),
    "a break's last good number": (
        [f"UPDATE receipts SET good = NULL WHERE id = {BROKEN}"],
        ("(good)", "a gap without", "says break, and it is none", "counts as joined", "custody runs over"),
        5,
    ),
    "a break deleted": (
        [f"DELETE FROM exceptions WHERE receipt_id = {BROKEN}", f"DELETE FROM receipts WHERE id = {BROKEN}"],
        (
            "in the archive, not in the database: receipt", "custody", "a gap without its exception",
            "counts as joined to number 1, and is not",
        ),
        4,
    ),
    "a replay's loss on the passenger": (
        [
            f"UPDATE postings SET account = 'passenger:00:00' WHERE account LIKE 'loss:%'"
            f" AND entry_id = {ENTRY.format(REPLAY, 'replay')}"
        ],
        "an entry of kind replay is not what its receipt says",
        1,
    ),
    "a replay's loss halved": (
        [f"UPDATE postings SET amount = amount / 2 WHERE entry_id = {ENTRY.format(REPLAY, 'replay')}"],
        "an entry of kind replay is not what its receipt says",
        1,
    ),
    "a replay's loss deleted": (
        [
            f"DELETE FROM postings WHERE entry_id = {ENTRY.format(REPLAY, 'replay')}",
            f"DELETE FROM entries WHERE id = {ENTRY.format(REPLAY, 'replay')}",
            f"UPDATE receipts SET booked = NULL WHERE id = {REPLAY}",
        ],
        "the books have no entry, the receipt is replay",
        1,
    ),
    "a hand-in counts as its terminal's": (
        [f"UPDATE receipts SET streamed = TRUE WHERE id = {PHONE}"], "differs from the archive: receipt", 1,
    ),
    "a receipt counts as a phone's": (
        [f"UPDATE receipts SET streamed = FALSE WHERE id = {REFUNDED}"],
        ("differs from the archive: receipt", "counts as joined", "custody runs over"),
        3,
    ),
    "a hand-in joined": ([f"UPDATE receipts SET anchored = TRUE WHERE id = {PHONE}"], ("joined", "custody"), 2),
    "a hand-in's evidence": (
        [f"UPDATE evidence SET raw = x'00' WHERE receipt_id = {PHONE}"], "not what it was stored as: evidence", 1,
    ),
    "a hand-in's evidence deleted": (
        [f"DELETE FROM evidence WHERE receipt_id = {PHONE}"],
        ("in the archive, not in the database: evidence", "the evidence it was judged by is not held"),
        2,
    ),
    "a hand-in's amount": ([f"UPDATE receipts SET amount = 1 WHERE id = {PHONE}"], "(amount)", 1),
    "a hand-in's settlement": (
        [f"UPDATE settlements SET amount = 1 WHERE receipt_id = {PHONE}"], "a settlement is not what", 1,
    ),
    "a refund's amount": (
        ["UPDATE refunds SET amount = 700 WHERE reason = 'cold'"],
        ("differs from the archive: refund", "counts as", "the books give back"),
        5,  # what is left for the other one changes too
    ),
    "a refund's reason": (["UPDATE refunds SET reason = 'hot' WHERE amount = 100"], "differs from the archive", 1),
    "a refund's author": (["UPDATE refunds SET author = 'lee' WHERE amount = 100"], "differs from the archive", 1),
    "a refund's time": (["UPDATE refunds SET made = 1 WHERE amount = 100"], "differs from the archive", 1),
    "a refund's id": (
        ["UPDATE refunds SET ident = x'00' WHERE amount = 100"],
        ("in the database, not in the archive: refund", "in the archive, not in the database: refund"),
        2,
    ),
    "a refund of another receipt": (
        [f"UPDATE refunds SET receipt_id = {PHONE} WHERE amount = 100"],
        ("differs from the archive: refund", "another payment than its receipt's", "its entries are not"),
        3,
    ),
    "a refund of another passenger": (
        [f"UPDATE refunds SET cti = (SELECT cti FROM receipts WHERE id = {PHONE}) WHERE amount = 100"],
        ("another payment than its receipt's", "its entries are not"),
        2,
    ),
    "a refund not posted": (["UPDATE refunds SET posted = 0 WHERE amount = 100"], "counts as 0 given back, and is", 1),
    "a refund's postings": (
        [f"UPDATE postings SET amount = amount * 2 WHERE entry_id = {ENTRY.format(REFUNDED, 'refund')}"],
        "its entries are not what it says",
        1,
    ),
    "a refund to another account": (
        [
            "UPDATE postings SET account = 'passenger:00:00' WHERE amount < 0"
            " AND entry_id = (SELECT MIN(id) FROM entries WHERE kind = 'refund')"
        ],
        "its entries are not what it says",
        1,
    ),
    "a refund posted twice": (
        [
            "INSERT INTO entries (receipt_id, refund_id, kind, made) SELECT receipt_id, refund_id, kind, 1 FROM entries"
            " WHERE kind = 'refund' LIMIT 1",
            POST.format("(SELECT MAX(id) FROM entries)")
            + " WHERE entry_id = (SELECT MIN(id) FROM entries WHERE kind = 'refund')",
        ],
        "its entries are not what it says",
        1,
    ),
    "a refund deleted": (
        ["DELETE FROM refunds WHERE amount = 100"],
        ("in the archive, not in the database: refund", "an entry of no refund"),
        2,
    ),
    "a refund's entry called a sale's": (
        ["UPDATE entries SET refund_id = NULL WHERE kind = 'refund' AND id = (SELECT MAX(id) FROM entries WHERE"
         " kind = 'refund')"],
        ("an entry of kind refund that has no ground", "the books give back 0"),
        2,
    ),
    "a terminal no longer lost": (
        ["UPDATE terminals SET lost_at = NULL"], "in the archive, not in the database: loss of terminal", 1,
    ),
    "a terminal lost elsewhere": (
        ["UPDATE terminals SET lost_at = 3 WHERE lost_at = 2"], "differs from the archive: loss of terminal", 1,
    ),
    "a terminal lost that was not reported": (
        ["UPDATE terminals SET lost_at = 10 WHERE label = 'A'"],
        "in the database, not in the archive: loss of terminal",
        1,
    ),
    "a lost terminal's receipt, unflagged": (
        [FLAG.format("lost_terminal")],
        ("of a lost terminal without its exception", "refused without an exception"),
        2,
    ),
    "flagged as lost": (
        [RAISE.format(REFUNDED, "lost_terminal")], ("says lost, and it is not", "sound, with an exception"), 2,
    ),
    "a lost terminal's receipt judged sound": (
        [f"UPDATE receipts SET state = 'sound' WHERE id = {LOST}"], "signed by a terminal that was lost", 1,
    ),
    "a lost terminal's sale on the books again": (
        [
            f"DELETE FROM postings WHERE entry_id = {ENTRY.format(LOST, 'reversal')}",
            f"DELETE FROM entries WHERE id = {ENTRY.format(LOST, 'reversal')}",
        ],
        "the books have sale, the receipt is nothing to book",
        1,
    ),
    "an auditor added": (
        ["INSERT INTO roles VALUES ('lee', 'auditor', 'boss', 1)"], "in the database, not in the archive: role", 1,
    ),
    "an auditor removed": (["DELETE FROM roles"], "in the archive, not in the database: role", 1),
    "an auditor renamed": (["UPDATE roles SET name = 'lee'"], "role auditor of", 2),
    "who named an auditor": (["UPDATE roles SET author = 'kim'"], "differs from the archive: role", 1),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_thing_altered_is_found_and_said_once(copy, name):
    found_once(copy, *MUTATIONS[name])


@pytest.mark.parametrize("kind", [arc.REFUND, arc.LOST, arc.ROLE])
def test_a_decision_in_the_archive_only(copy, kind):
    """And one that was taken back is none."""
    fields = {
        arc.REFUND: (bytes(8), bytes(8), arc.u64(2), bytes(32), arc.u64(1), b"cold", b"kim", arc.u64(1)),
        arc.LOST: (bytes(8), bytes(8), arc.u64(2), arc.u64(1)),
        arc.ROLE: (bytes(8), b"eve", b"auditor", b"\x01", b"boss", arc.u64(1)),
    }
    added = 0
    for record, lines in ((arc.Record(kind, fields[kind]), 1), (arc.Record(arc.RETRACTED, (bytes(8),)), 0)):
        data = arc._pack(record)
        added += len(data)
        with open(copy / "ledger.archive", "ab") as f:
            f.write(data)
        found = altered(copy, f"UPDATE meta SET archive_length = archive_length + {len(data)}")
        assert len(found) == lines and all("in the archive, not in the database" in line for line in found)
    assert count(copy, "SELECT archive_length FROM meta") == (copy / "ledger.archive").stat().st_size and added
