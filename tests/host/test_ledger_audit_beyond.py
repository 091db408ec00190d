"""`cabinpay ledger verify` on what a terminal should have refused, bearers, lists of revoked passes and the policy."""



import pytest

from host import ledger_world as w
from host.test_ledger_audit import FLAG, RAISE, found_once

DEARER = [[300, 1, 990]]
LOW = [[2000] * 3, [2000] * 3, [700] * 3]


@pytest.fixture(scope="module")
def good(ledger_engine, tmp_path_factory):
    """A pass for another flight that lives too long, is revoked, and pays by an old code, too much for a quick sale and
    more than its issuer allows; one of an airline's overspends was given back in part."""
    folder = tmp_path_factory.mktemp("good")
    ann = w.Passenger("ann", flight=[1, 1], exp=w.NOW + 2 * w.DAY)
    bob = w.Passenger("bob", limits=(w.EUR, 1300, 900, 9))
    terminal = w.Terminal("A")
    terminal.open()
    terminal.sale(ann, DEARER, payment=ann.pay(iat=w.NOW))
    for _ in range(3):
        terminal.sale(bob, mode=w.CHALLENGED)
    file = w.revoked(ann)
    bundles = [w.bundle(caps=LOW, lifetime=2 * w.DAY, per_sale=900)]
    with w.new_ledger(folder, terminal, bundles=bundles, overspend="airline") as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        ledger.add_bundle(w.bundle(version=2, caps=LOW, lifetime=w.DAY, per_sale=1, file=file), {"revoked": file})
        ledger.refund(terminal.kid, 5, 50, "cold", "kim")
        assert w.open_codes(ledger) == {
            ("A", 2): ["flight", "lifetime", "over_cap", "over_limit", "revoked", "stale"], ("A", 5): ["over_limit"],
        }  # fmt: skip
        assert w.money(ledger)["loss:9C", w.EUR] == 990 + 600 and w.faults(ledger) == []
    return folder


@pytest.fixture
def copy(good, tmp_path):
    w.copied(good, tmp_path)
    return tmp_path


BEYOND = ("flight", "lifetime", "stale", "over_cap", "revoked")
UNKNOWN = ("no_shift", "bundle_expired")  # here
FINE = "(SELECT id FROM receipts WHERE number = 3)"
BORNE = "(SELECT id FROM receipts WHERE number = 5)"
ENTRY = f"(SELECT MIN(id) FROM entries WHERE kind = 'overspend' AND receipt_id = {BORNE})"
MADE = f"INSERT INTO entries (receipt_id, kind, made) VALUES ({BORNE}, 'overspend', 1)"
POST = "INSERT INTO postings (entry_id, account, amount, currency) SELECT (SELECT MAX(id) FROM entries), account,"

# (statements, what every line says, how many lines)
MUTATIONS = {
    **{f"{code} cleared": ([FLAG.format(code)], f"{code} without its exception", 1) for code in BEYOND},
    **{f"{c} that is none": ([RAISE.format(FINE, c)], f"says {c}, and it is not", 1) for c in (*BEYOND, *UNKNOWN)},
    "an overspend of the issuer's cap cleared": ([FLAG.format("over_limit")], "over the limit without", 2),
    "what a bearer bears": (
        ["UPDATE settlements SET borne = borne + 1 WHERE borne > 0"], "borne, and is", 2,
    ),
    "an overspend's bearer": (
        [f"UPDATE postings SET account = 'loss:MU' WHERE account LIKE 'loss:%' AND entry_id = {ENTRY}"],
        "an entry of kind overspend is not what its receipt says",
        1,
    ),
    "an overspend's passenger": (
        [f"UPDATE postings SET account = 'passenger:00:00' WHERE account LIKE 'pass%' AND entry_id = {ENTRY}"],
        "an entry of kind overspend is not what its receipt says",
        1,
    ),
    "an overspend's amount": (
        [f"UPDATE postings SET amount = amount * 2 WHERE entry_id = {ENTRY}"], "of an overspend to its bearer", 1,
    ),
    "an overspend's entry deleted": (
        [f"DELETE FROM postings WHERE entry_id = {ENTRY}", f"DELETE FROM entries WHERE id = {ENTRY}"],
        "of an overspend to its bearer",
        1,
    ),
    "an overspend's entry doubled": (
        [MADE, f"{POST} amount, currency FROM postings WHERE entry_id = {ENTRY}"], "of an overspend to its bearer", 1,
    ),
    "an entry of an overspend that is none": (
        [MADE.replace(BORNE, FINE), f"{POST} amount, currency FROM postings WHERE entry_id = {ENTRY}"],
        "of an overspend to its bearer",
        1,
    ),
    "an overspend of a receipt that moves no money": (
        [MADE.replace(BORNE, "1"), f"{POST} amount, currency FROM postings WHERE entry_id = {ENTRY}"],
        "an entry of kind overspend that has no ground",
        1,
    ),
    "the policy": (["UPDATE meta SET overspend = 'issuer'"], "differs from the archive: who bears overspends", 1),
    "a list's bytes": (["UPDATE files SET raw = x'00'"], "not what it was stored as: file", 1),
    "a list deleted": (["DELETE FROM files"], "in the archive, not in the database: file", 1),
    "a list added": (["INSERT INTO files VALUES (zeroblob(32), 'revoked', x'')"], "not what it was stored as", 1),
    "a list by another name": (["UPDATE files SET name = 'crew'"], ": file", 2),
}  # fmt: skip


@pytest.mark.parametrize("name", MUTATIONS)
def test_each_thing_altered_is_found_and_said_once(copy, name):
    found_once(copy, *MUTATIONS[name])
