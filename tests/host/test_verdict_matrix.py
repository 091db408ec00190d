"""Every condition of the verdict (design, section 4) alone and in all pairs, for each way to pay and clock quality.

What must come out is written here as one plain list, in the design's order, with its exceptions; no line of it looks
at the agent.
"""

import itertools

import pytest

import world
from cabinpay.wire.claims import BOUND, CHALLENGED, QUICK
from cabinpay.wire.receipts import FLOOR, RTC, SYNCED
from host import verdict_cases
from host.verdict_cases import CLOCKS, KNOBS, SEQ, WAYS, header_of, last_bit, shown
from world import AMOUNT, DAY, FLIGHT, JPY, NOW

C, B, Q = CHALLENGED, BOUND, QUICK
ALL, NAMED, TIMED = (C, B, Q), (C, B), (B, Q)
ANY, GOOD = (RTC, SYNCED, FLOOR), (RTC, SYNCED)

# (code, ways to pay it is looked at for, clocks it is looked at over, the knobs that make it), first come first said.
TABLE = (
    # the terminal as a whole
    ("damaged", ALL, ANY, {"fault": "damaged"}),
    ("storage", ALL, ANY, {"fault": "storage"}),
    ("rolled_back", ALL, ANY, {"fault": "rolled-back"}),
    ("no_bundle", ALL, ANY, {"bundle": False}),
    # the code itself
    ("length", ALL, ANY, {"text": lambda its, paid: shown(its, paid).ljust(484, b"0")}),
    ("prefix", ALL, ANY, {"text": lambda its, paid: shown(its, paid).replace(b"CP1:", b"CP2:")}),
    ("base45", ALL, ANY, {"text": lambda its, paid: shown(its, paid).replace(b"CP1:", b"CP1:a", 1)}),
    ("cbor", ALL, ANY, {"text": lambda its, paid: shown(its, paid + b"\x00")}),
    ("cose", ALL, ANY, {"text": lambda its, paid: shown(header_of(its, b"\xa1\x01\x27"), paid)}),
    ("schema", ALL, ANY, {"text": lambda its, paid: shown(its, paid, b"")}),
    # who it is and where
    ("no_shift", ALL, ANY, {"shift": False}),
    ("issuer", ALL, ANY, {"issuer": "issuer 2"}),
    ("issuer", ALL, GOOD, {"issuer_from": NOW + 1}),  # a floor is a lower bound: it may be later already
    ("issuer", ALL, ANY, {"issuer_until": NOW}),
    ("airline", ALL, ANY, {"aud": "YY"}),
    ("flight", ALL, ANY, {"flight": (FLIGHT + 1, DAY)}),
    ("flight", ALL, ANY, {"flight": (FLIGHT, DAY + 1)}),
    ("currency", ALL, ANY, {"currency": JPY}),
    ("currency", ALL, ANY, {"issuer_currency": JPY}),
    ("currency", ALL, ANY, {"sold_in": JPY}),
    ("pass_early", ALL, GOOD, {"nbf": NOW + 1}),
    ("pass_expired", ALL, ANY, {"exp": NOW}),
    ("pass_lifetime", ALL, ANY, {"lifetime": 1}),
    # what is being sold, and may it be sold so
    ("no_sale", ALL, ANY, {"lines": []}),
    ("bundle_expired", TIMED, ANY, {"not_after": NOW - 1}),
    ("bundle_expired", TIMED, ANY, {"delegated_until": NOW - 1}),
    ("ground_overdue", TIMED, ANY, {"max_sales": "reached"}),
    ("ground_overdue", TIMED, ANY, {"max_sum": 0}),
    ("mode", ALL, ANY, {"cap": 0}),
    # is it of now, or over this bill
    ("stale", TIMED, ANY, {"iat": NOW - 61}),
    ("ahead", TIMED, GOOD, {"iat": NOW + 61}),  # over a floor it may be later already
    ("no_bill", (C,), ANY, {"bill": "none"}),
    ("no_bill", (C,), ANY, {"bill": "run out"}),
    ("other_bill", (C,), ANY, {"bill": "another"}),
    ("other_bill", (C,), ANY, {"billed": bytes(8)}),  # a bill names its order by its hash
    # does it say what is being sold
    ("amount", NAMED, ANY, {"amount": AMOUNT - 1}),
    ("amount", NAMED, ANY, {"agreed_in": JPY}),
    ("order", (B,), ANY, {"order": bytes(8)}),
    # is it genuine
    ("pass_signature", ALL, ANY, {"pass_bytes": last_bit}),
    ("payment_signature", ALL, ANY, {"payment_bytes": last_bit}),
    ("payment_signature", ALL, ANY, {"payment_signed": "thief"}),
    # what the terminal remembers
    ("already_paid", ALL, ANY, {"paid": True, "spent": ((SEQ, 100),)}),
    ("revoked", ALL, ANY, {"revoked": True}),
    ("seq", ALL, ANY, {"spent": ((SEQ + 1, 100),)}),
    ("per_sale", ALL, ANY, {"per_sale": AMOUNT - 1}),
    ("per_sale", ALL, ANY, {"issuer_per_sale": AMOUNT - 1}),
    ("total", ALL, ANY, {"total": AMOUNT - 1}),
    ("total", ALL, ANY, {"issuer_total": AMOUNT - 1}),
    ("total", ALL, ANY, {"spent": ((SEQ - 1, 10000),)}),
    ("count", ALL, ANY, {"count": 1, "spent": ((SEQ - 1, 1),)}),
    ("terminal_limit", ALL, ANY, {"cap": AMOUNT - 1}),
    ("terminal_limit", (C,), (FLOOR,), {"floor_cap": AMOUNT - 1}),
    ("passes_full", ALL, ANY, {"crowd": True}),
    ("full", ALL, ANY, {"room": 0}),
)  # fmt: skip
ROWS = range(len(TABLE))
CODES = [row[0] for row in TABLE]
# What is said of a payment before its signatures are looked at, and gives way to already_paid
BEFORE_SIGNATURES = CODES[CODES.index("no_shift") : CODES.index("pass_signature")]
# A bundle past its end, or a ground too long ago, leaves challenged sales under the floor's limit
RESTRICTED = ("bundle_expired", "ground_overdue")


def expected(rows, way, clock):
    """The code for a scan that has the faults of these rows of TABLE."""
    knobs = combined(rows)
    codes = {TABLE[i][0] for i in rows if way in TABLE[i][1] and clock in TABLE[i][2]}
    named = {TABLE[i][0] for i in rows}
    if way == C and named & set(RESTRICTED) and knobs.get("floor_cap"):
        codes.add("terminal_limit")
    if "already_paid" in codes and knobs.get("issuer") is None and "no_bundle" not in codes:
        # a removed issuer's key is not there to check a signature by; any other change says "already paid" still
        genuine = not codes & {"pass_signature", "payment_signature"}
        codes -= set(BEFORE_SIGNATURES) if genuine else set()
    if "spent" in knobs and "passes_full" in codes:
        codes.remove("passes_full")  # a pass that is in the table has its place
    return min(codes, key=CODES.index, default="approved")


def combined(rows):
    """The knobs of these rows together, or None where two turn the same one to different ends."""
    knobs = {}
    for i in rows:
        for name, value in TABLE[i][3].items():
            if name in knobs and knobs[name] != value:
                return None
            knobs[name] = value
    return knobs


def case_of(rows):
    case = {**KNOBS, **combined(rows)}
    if case["max_sales"] == "reached":
        case["max_sales"] = 1
        case["sold"] = 1
    return case


@pytest.fixture
def bench(monkeypatch):
    # the same bytes, made a hundred times faster
    monkeypatch.setattr(world, "ed25519", verdict_cases.Sodium)
    return verdict_cases.Bench()


def combinations(size):
    """Sets of rows that can hold at the same time."""
    return [rows for rows in itertools.combinations(ROWS, size) if combined(rows) is not None]


def check(bench, sets):
    """Runs each set for every way and clock; prints how many that were and returns what came out otherwise."""
    wrong, reached = [], set()
    for rows in sets:
        case = case_of(rows)
        for way, clock in itertools.product(WAYS, CLOCKS):
            wanted = expected(rows, way, clock)
            code, cost, changed = bench.scan(case, way, clock)
            reached.add(code)
            fine = changed == (code == "approved") and (cost == 0 or not cheap(wanted, rows))
            if code != wanted or not fine:
                wrong.append(([TABLE[i][::3] for i in rows], way, clock, "expected", wanted, "found", code, cost))
    print(f"{len(sets)} sets of faults, {len(sets) * len(WAYS) * len(CLOCKS)} verdicts, {len(reached)} codes")
    return wrong


def cheap(code, rows):
    """Must this verdict cost no signature? What has been paid may have to show first that it is genuine."""
    late = CODES[CODES.index("pass_signature") :]
    return code != "approved" and code not in late and not {CODES[i] for i in rows} & {"already_paid", "seq"}


def test_nothing_wrong_is_approved(bench):
    assert check(bench, [()]) == []


def test_every_condition_alone(bench):
    sets = combinations(1)
    assert len(sets) == len(TABLE)
    assert check(bench, sets) == []


@pytest.mark.parametrize("part", range(4))
def test_every_pair_of_conditions(bench, part):
    sets = combinations(2)[part::4]
    assert len(sets) > 250
    assert check(bench, sets) == []


def test_the_table_names_every_refusal_of_a_selling_terminal():
    from reasons import REASONS

    # of the wire, but no scan comes to it; and terminals that were never set up or lost their file system
    assert set(REASONS) - set(CODES) == {"signature", "blank", "needs_recovery"}
    assert set(CODES) <= set(REASONS)
