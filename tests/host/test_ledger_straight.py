"""What a terminal usually gives is judged ahead and written down in one go: the books must be those of the general way,
and whatever is not so must be left to it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, text

from cabinpay.wire.receipts import FLOOR
from cabinpay_host.ledger import ahead, straight
from host import ledger_world as w
from host.ledger_world import dump, faults, open_codes, tables

DEARER = [[300, 1, 990]]


@pytest.fixture
def went_straight(monkeypatch):
    """Of each delivery that was judged ahead: was it written down so?"""
    went = []
    real = straight.keep

    def keep(*args):
        kept = real(*args)
        went.append(kept is not None)
        return kept

    monkeypatch.setattr(straight, "keep", keep)
    return went


def people():
    return [w.Passenger("ann", limits=(w.EUR, 3000, 900, 4)), w.Passenger("bob"), w.Passenger("cy", flight=[1, 2])]


def play(steps):
    """A terminal's life: each step is what happens next and to whom."""
    terminal, crowd = w.Terminal("A"), people()
    terminal.open()
    sold = []
    for what, who in steps:
        passenger = crowd[who % len(crowd)]
        if what in SALES:
            fields = SALES[what](passenger, len(sold))
            sold.append((terminal.sale(passenger, **fields), passenger, fields))
        elif what == "again" and sold:
            item, payer, fields = sold[who % len(sold)]
            if fields.get("mode") != w.CHALLENGED:  # such a payment is for one bill alone
                terminal.sale(payer, **{**fields, "payment": w.shown(item)[2]})
        elif what == "void" and sold:
            terminal.void(sold[who % len(sold)][0])
        elif what == "shift":
            terminal.close()
            terminal.open()
        elif what == "note":
            terminal.note()
    return terminal


SALES = {
    "sale": lambda _who, _count: {},
    "dear": lambda _who, _count: {"lines": DEARER, "mode": w.BOUND},
    "shown": lambda _who, _count: {"mode": w.CHALLENGED},
    "late": lambda who, _count: {"payment": who.pay(iat=w.NOW - 10_000), "quality": [FLOOR, 9]},
    "early": lambda who, count: {"payment": who.pay(seq=w.NOW - 1 - count)},
}
WHAT = st.sampled_from(("sale", "sale", "sale", "dear", "shown", "again", "late", "early", "void", "shift", "note"))
STEPS = st.lists(st.tuples(WHAT, st.integers(0, 5)), min_size=1, max_size=16)


def kept(folder, terminal, batch, halfway):
    """The ledger's tables and money after `terminal` was taken in parts; halfway: what is done in the middle."""
    with w.new_ledger(folder, terminal, overspend="airline") as ledger:
        for at in range(0, len(terminal.items), batch):
            ledger.take(terminal.kid, terminal.items[at : at + batch], "sync")
            halfway(ledger)
        assert faults(ledger) == []
        return dump(ledger), tables(ledger)


def refund_something(ledger):
    with ledger.reading() as session:
        query = "SELECT number FROM receipts WHERE booked = 'sale' AND mode = 3 ORDER BY number LIMIT 1"
        number = session.execute(text(query)).scalar()
    if number and not dump(ledger)["refunds"]:
        terminal = play([])
        ledger.refund(terminal.kid, number, 50, "cold", "kim")


def nothing(_ledger):
    pass


def same(table):
    """Refunds have random ids."""
    return [{k: v for k, v in row.items() if k != "ident"} for row in table]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS, batch=st.integers(1, 9), halfway=st.sampled_from((nothing, refund_something)))
def test_the_books_are_those_of_the_general_way(tmp_path_factory, went_straight, steps, batch, halfway):
    terminal = play(steps)
    folder = tmp_path_factory.mktemp("ways")
    (folder / "one").mkdir()
    (folder / "other").mkdir()
    del went_straight[:]
    dumped, here = kept(folder / "one", terminal, batch, halfway)
    assert went_straight and all(went_straight)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ahead, "look", lambda *_: None)
        general, there = kept(folder / "other", terminal, batch, halfway)
    assert dumped == general
    for name in here.keys() - {"meta", "refunds", "postings"}:
        assert here[name] == there[name], name
    assert same(here["refunds"]) == same(there["refunds"])


def given_to(folder, terminal, *deliveries):
    """What the exceptions are after `deliveries`, and the ledger's money is whole."""
    with w.new_ledger(folder, terminal) as ledger:
        for items in deliveries:
            ledger.take(terminal.kid, items, "sync")
        assert faults(ledger) == []
        return open_codes(ledger), ledger.custody(terminal.kid)


def three_sales(**last):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    terminal.sale(ann)
    terminal.sale(ann)
    terminal.sale(ann, **last)
    return terminal


def test_what_comes_next_goes_straight(tmp_path, went_straight):
    terminal = three_sales()
    codes, held = given_to(tmp_path, terminal, terminal.items[:2], terminal.items[2:])
    assert codes == {} and held == (4, w.sha(terminal.items[3][1])) and went_straight == [True, True]


@pytest.mark.parametrize(
    "skew",
    [
        lambda t: [t.items[1:]],  # a gap
        lambda t: [t.items[:2], t.items],  # some held already
        lambda t: [t.items[:2], t.items[3:], t.items[2:]],
        lambda t: [t.items[:3], [(4, t.twin().sale(w.Passenger("bob"))[1], b"")]],  # a branch
        lambda t: [[*t.items[:3], (4, t.items[3][1], b"")]],  # a sale without evidence
        lambda t: [[*t.items[:3], (4, t.items[3][1][:-1] + b"\0", t.items[3][2])]],  # an altered signature
        lambda t: [[*t.items[:3], (4, b"\xff", b"")]],
        lambda t: [[*t.items[:3], (5, *t.items[3][1:])]],
    ],
)
def test_anything_else_goes_the_general_way(tmp_path, skew):
    terminal = three_sales()
    deliveries = skew(terminal)
    (tmp_path / "one").mkdir()
    (tmp_path / "other").mkdir()
    one = given_to(tmp_path / "one", terminal, *deliveries)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ahead, "look", lambda *_: None)
        assert given_to(tmp_path / "other", terminal, *deliveries) == one


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("part", ["receipt", "payment"])
def test_every_signature_is_looked_at(tmp_path, went_straight, place, part):
    """One that does not verify, wherever it lies in a delivery, refuses its receipt and no other."""
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    for at in range(4):
        bad = at == place
        signer = w.Key("somebody else") if bad and part == "receipt" else None
        device = w.Key("another phone") if bad and part == "payment" else None
        terminal.sale(ann, signer=signer, payment=ann.pay(device=device, iat=terminal.time + 60))
    codes, _ = given_to(tmp_path, terminal, terminal.items)
    assert went_straight == []
    expected = "bad_signature" if part == "receipt" else "bad_payment"
    assert [number for (_, number), found in codes.items() if expected in found] == [place + 1]


def meanwhile(monkeypatch, act):
    """Somebody else's turn comes between the judgement and the writing."""
    real = ahead.judge

    def judge(*args):
        found = real(*args)
        act()
        return found

    monkeypatch.setattr(ahead, "judge", judge)


@pytest.mark.parametrize("event_", ["bundle", "lost", "taken", "phone"])
def test_what_was_judged_by_is_looked_at_again(tmp_path, monkeypatch, went_straight, event_):
    terminal = three_sales()
    acts = {
        "bundle": lambda ledger: ledger.add_bundle(w.bundle(version=2, per_sale=600)),
        "lost": lambda ledger: ledger.report_lost(terminal.kid, 2),
        "taken": lambda ledger: ledger.take(terminal.kid, terminal.items[:3], "another gateway"),
        "phone": lambda ledger: ledger.hand_in(*w.shown(terminal.items[3])),
    }
    with w.new_ledger(tmp_path, terminal) as ledger:
        done = []

        def act():
            if not done:
                done.append(True)
                acts[event_](ledger)

        meanwhile(monkeypatch, act)
        ledger.judge_ahead = lambda *args: ahead.judge(*args)
        ledger.take(terminal.kid, terminal.items, "sync")
        assert went_straight[-1] is False and faults(ledger) == []
        assert ledger.custody(terminal.kid) == (4, w.sha(terminal.items[3][1]))
        expected = {("A", 3): ["lost_terminal"], ("A", 4): ["lost_terminal"]} if event_ == "lost" else {}
        assert open_codes(ledger) == expected


# Statements that look through a table whose rows grow with the receipts: none
GROWING = ("receipts", "evidence", "settlements", "entries", "postings", "exceptions")


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize("way", ["straight", "general"])
def test_no_delivery_looks_through_a_whole_table(tmp_path, monkeypatch, way):
    """A receipt must cost the same at ten thousand rows and at a million."""
    terminal = play([("sale", 0), ("sale", 1), ("void", 0), ("shift", 0), ("again", 1), ("dear", 0), ("sale", 2)])
    if way == "general":
        monkeypatch.setattr(ahead, "look", lambda *_: None)
    asked = {}

    def note(_connection, _cursor, statement, values, _context, _many):
        asked[statement] = values

    with w.new_ledger(tmp_path, terminal) as ledger:
        event.listen(ledger._engine, "before_cursor_execute", note)
        ledger.take(terminal.kid, terminal.items[:4], "sync")
        ledger.take(terminal.kid, terminal.items[4:], "sync")
        reads = {sql: values for sql, values in asked.items() if sql.startswith("SELECT")}
        assert len(reads) > 10
        with ledger.reading() as session:
            for sql, values in reads.items():
                plan = session.connection().exec_driver_sql("EXPLAIN QUERY PLAN " + sql, values).all()
                for *_, step in plan:
                    assert not step.startswith(tuple(f"SCAN {table}" for table in GROWING)), (sql, step)
