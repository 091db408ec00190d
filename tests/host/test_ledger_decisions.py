"""What people decide: refunds, terminals reported lost, auditors; and a ledger made again from its archive alone."""

import pytest

from cabinpay_host.errors import HostError
from cabinpay_host.ledger import Ledger, views
from cabinpay_host.ledger import archive as arc
from cabinpay_host.ledger.rebuild import rebuild
from host import ledger_world as w
from host.ledger_world import dump, faults, money, open_codes, tables
from host.test_cli import call


def flight(sales=2):
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    for _ in range(sales):
        terminal.sale(ann)
    return terminal, ann


def refused(call, *args, **kwargs):
    with pytest.raises(HostError) as e:
        call(*args, **kwargs)
    assert "\n" not in e.value.line
    return e.value.code


def rebuilt(folder, ledger, **to):
    """Is `ledger`, made again from its archive, the same, table by table?"""
    folder.mkdir()
    again, missing = rebuild(ledger.archive.path, *w.places(folder), clock=lambda: w.NOW + 3 * w.DAY)
    with again:
        assert missing == [] and again.id == ledger.id and faults(again) == []
        assert again.archive.path.read_bytes() == ledger.archive.path.read_bytes()
        assert money(again) == money(ledger)
        assert tables(again, **to) == tables(ledger, **to)
        return dump(again) == dump(ledger)


def test_refunds_never_exceed_the_debit(tmp_path):
    terminal, ann = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1")
        ledger.take(terminal.kid, terminal.items, "sync")
        ident = ledger.refund(terminal.kid, 2, 400, "it was cold", "kim")
        assert len(ident) == 8 and money(ledger)[ann.account, w.EUR] == 900
        assert refused(ledger.refund, terminal.kid, 2, 251, "again", "kim") == "refund_too_much"
        assert ledger.refund(terminal.kid, 2, 250, "it was cold", "kim") != ident
        for amount in (1, 0, -1):
            assert refused(ledger.refund, terminal.kid, 2, amount, "more", "kim") == "refund_too_much"
        assert refused(ledger.refund, terminal.kid, 1, 1, "no sale", "kim") == "not_debited"
        assert refused(ledger.refund, terminal.kid, 9, 1, "no receipt", "kim") == "not_debited"
        assert refused(ledger.refund, terminal.kid, 3, 1, "", "kim") == "bad_refund"
        assert money(ledger) == {(ann.account, w.EUR): 650, ("sales:9C", w.EUR): -650}
        with ledger.reading() as session:
            lines = views.statement_of_passenger(session, "P-1")
        assert [(s.number, s.amount, s.reason) for s in lines] == [
            (2, 650, None), (3, 650, None), (2, -400, "it was cold"), (2, -250, "it was cold"),
        ]  # fmt: skip
        assert faults(ledger) == [] and rebuilt(tmp_path / "again", ledger)


def test_a_void_that_comes_after_a_refund_gives_nothing_back_twice(tmp_path):
    terminal, _ = flight(1)
    terminal.void(terminal.items[1])
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[:2], "sync")
        ledger.refund(terminal.kid, 2, 400, "cold", "kim")
        ledger.take(terminal.kid, terminal.items[2:], "sync")
        assert money(ledger) == {} and faults(ledger) == []
        assert refused(ledger.refund, terminal.kid, 2, 1, "cold", "kim") == "not_debited"
        assert rebuilt(tmp_path / "again", ledger)


def test_a_refund_of_a_payment_whose_debit_moves(tmp_path):
    ann = w.Passenger("ann")
    one, two, payment = w.Terminal("A"), w.Terminal("B", time=w.NOW + 300), ann.pay()
    one.sale(ann, [[101, 1, 300]], payment=payment)
    two.sale(ann, payment=payment)
    with w.new_ledger(tmp_path, one, two) as ledger:
        ledger.take(two.kid, two.items, "sync")
        ledger.refund(two.kid, 1, 500, "cold", "kim")
        ledger.take(one.kid, one.items, "sync")
        assert money(ledger) == {("loss:9C", w.EUR): 650, ("sales:9C", w.EUR): -650} and faults(ledger) == []
        assert rebuilt(tmp_path / "again", ledger)


def test_a_refund_of_a_forked_number_names_its_receipt(tmp_path):
    terminal, ann = flight(1)
    twin = terminal.twin()
    sale, _ = terminal.sale(ann), twin.sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, [*terminal.items, *twin.items], "sync")
        assert refused(ledger.refund, terminal.kid, 3, 1, "cold", "kim") == "refund_ambiguous"
        ledger.refund(terminal.kid, 3, 1, "cold", "kim", w.sha(sale[1]))
        assert money(ledger)[ann.account, w.EUR] == 1949 and faults(ledger) == []


@pytest.mark.parametrize("first", [False, True])
def test_a_lost_terminal_is_closed_at_a_number(tmp_path, first):
    terminal, ann = flight(3)
    terminal.void(terminal.items[1])
    terminal.close()
    with w.new_ledger(tmp_path, terminal) as ledger:
        if first:
            ledger.report_lost(terminal.kid, 3)
        ledger.take(terminal.kid, terminal.items, "sync")
        ledger.hand_in(*w.shown(terminal.items[3]))
        ledger.report_lost(terminal.kid, 3)
        size = ledger.archive.path.stat().st_size
        ledger.report_lost(terminal.kid, 3)
        assert ledger.archive.path.stat().st_size == size
        assert open_codes(ledger) == {("A", n): ["lost_terminal"] for n in (4, 5, 6)}
        assert money(ledger)[ann.account, w.EUR] == 1300  # nor is the void above it believed
        assert ledger.custody(terminal.kid)[0] == 6 and faults(ledger) == []
        assert rebuilt(tmp_path / "again", ledger)
        ledger.report_lost(terminal.kid, 6)  # it was a slip of the pen
        assert open_codes(ledger) == {} and money(ledger)[ann.account, w.EUR] == 1300 and faults(ledger) == []
        assert refused(ledger.report_lost, terminal.kid, -1) == "bad_number"
        assert refused(ledger.report_lost, b"stranger", 1) == "unknown_terminal"
        assert rebuilt(tmp_path / "once more", ledger)


def test_a_payment_passes_to_the_next_receipt_when_its_terminal_is_lost(tmp_path):
    ann = w.Passenger("ann")
    one, two, payment = w.Terminal("A"), w.Terminal("B", time=w.NOW + 300), ann.pay()
    for terminal in (one, two):
        terminal.sale(ann, payment=payment)
    with w.new_ledger(tmp_path, one, two) as ledger:
        for terminal in (one, two):
            ledger.take(terminal.kid, terminal.items, "sync")
        ledger.report_lost(one.kid, 0)
        assert open_codes(ledger, "no_shift") == {("A", 1): ["lost_terminal"], ("B", 1): ["stale"]}
        assert money(ledger) == {(ann.account, w.EUR): 650, ("sales:9C", w.EUR): -650} and faults(ledger) == []
        ledger.report_lost(two.kid, 0)
        assert money(ledger) == {} and dump(ledger)["settlements"] == [] and faults(ledger) == []


def test_one_of_three_receipts_of_a_payment_is_a_lost_terminals(tmp_path):
    """And lies between the others in time."""
    ann = w.Passenger("ann")
    payment = ann.pay()
    fleet = [w.Terminal(label, time=w.NOW + 20 * n) for n, label in enumerate("ABC")]
    for terminal in fleet:
        terminal.sale(ann, payment=payment)
    with w.new_ledger(tmp_path, *fleet) as ledger:
        for terminal in fleet[::-1]:
            ledger.take(terminal.kid, terminal.items, "sync")
        ledger.report_lost(fleet[1].kid, 0)
        assert open_codes(ledger, "no_shift") == {("B", 1): ["lost_terminal"], ("C", 1): ["replay"]}
        assert faults(ledger) == []
        assert money(ledger)[ann.account, w.EUR] == money(ledger)["loss:9C", w.EUR] == 650


def test_evidence_is_shown_to_auditors(tmp_path):
    terminal, ann = flight(1)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")

        def lines(reader):
            with ledger.reading() as session:
                (line,) = views.statement_of_pass(session, w.ISSUER.kid, ann.cti, reader=reader)
            return line.lines

        assert [lines(None), lines("kim")] == [(), ()]
        ledger.name_auditor("kim", "boss")
        ledger.name_auditor("kim", "boss")
        assert [lines("kim"), lines("lee")] == [((101, 1, 650),), ()]
        with ledger.reading() as session:
            (seen,) = views.evidence(session, terminal.kid, 2, "kim")
            assert (seen.signed_pass, seen.lines) == (ann.signed, ((101, 1, 650),))
            assert refused(views.evidence, session, terminal.kid, 2, "lee") == "not_auditor"
        assert rebuilt(tmp_path / "again", ledger)
        ledger.name_auditor("kim", "boss", given=False)
        assert lines("kim") == () and faults(ledger) == [] and rebuilt(tmp_path / "once more", ledger)
        assert refused(ledger.name_auditor, "", "boss") == "bad_name"


def test_a_decision_that_was_never_committed_is_retracted(tmp_path, monkeypatch):
    terminal, ann = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
        with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
            real = arc.Archive.append

            def stopped(*args):
                real(*args)
                raise KeyboardInterrupt

            patch.setattr(arc.Archive, "append", stopped)
            ledger.refund(terminal.kid, 2, 400, "cold", "kim")
        ledger.refund(terminal.kid, 2, 400, "cold", "kim")
        assert money(ledger)[ann.account, w.EUR] == 900 and faults(ledger) == []
        assert rebuilt(tmp_path / "again", ledger)


def everything(ledger, terminal, ann, clone):
    """About all that an archive can hold."""
    ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1")
    ledger.hand_in(*w.shown(terminal.items[2]))
    w.pull(ledger, terminal)
    ledger.take(terminal.kid, clone.items[2:], "sync")
    w.pull(ledger, clone, batch=2)
    ledger.refund(terminal.kid, 3, 1, "cold", "kim")
    ledger.name_auditor("kim", "boss")
    ledger.add_terminal(terminal.key.public, "B", w.AIRLINE)
    ledger.add_terminal(terminal.key.public, "A", w.AIRLINE)
    ledger.report_lost(terminal.kid, 20)


def test_rebuild(tmp_path):
    terminal, ann = flight(2)
    clone = terminal.twin()
    clone.sale(ann, previous=bytes(32))
    terminal.void(terminal.items[1])
    terminal.spoil()
    terminal.sale(ann, signer=w.Key("stranger"))
    clone.damage(4, 12)
    clone.sale(w.Passenger("eve", issuer=w.Key("stranger")))
    with w.new_ledger(tmp_path, terminal) as ledger:
        everything(ledger, terminal, ann, clone)
        assert faults(ledger) == []
        assert rebuilt(tmp_path / "again", ledger)
        with Ledger.open(*w.places(tmp_path / "again")) as again:
            assert again.custody(terminal.kid) == ledger.custody(terminal.kid)
            before = dump(again)
            everything_known = [ledger_.take(terminal.kid, clone.items, "sync").new for ledger_ in (ledger, again)]
            assert everything_known == [0, 0] and dump(again) == before
        assert refused(rebuild, ledger.archive.path, *w.places(tmp_path)) == "ledger_exists"


def test_a_rebuild_that_fails_leaves_nothing_and_one_from_a_torn_archive_says_so(tmp_path, monkeypatch):
    terminal, ann = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
    source, new = tmp_path / "ledger.archive", tmp_path / "new"
    new.mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(Ledger, "judge_pending", lambda _: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            rebuild(source, *w.places(new))
    assert list(new.iterdir()) == []
    assert refused(rebuild, tmp_path / "absent", *w.places(new)) == "archive_missing"
    assert refused(rebuild, __file__, *w.places(new)) == "not_an_archive"
    whole = source.read_bytes()
    source.write_bytes(whole[: arc.HEADER + 40])
    assert refused(rebuild, source, *w.places(new)) == "archive_damaged" and list(new.iterdir()) == []
    source.write_bytes(whole)
    with open(source, "ab") as f:
        f.write(b"CPr1\0\0torn")
    again, missing = rebuild(source, *w.places(new))
    with again:
        assert missing == [f"bytes {len(whole)} to {len(whole) + 9} of the archive are damaged"]
        assert money(again)[ann.account, w.EUR] == 1300 and faults(again) == []


def test_the_commands(tmp_path, capsys):
    terminal, ann = flight()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1")
        ledger.take(terminal.kid, terminal.items, "sync")
    (tmp_path / "ledger.archive").rename(tmp_path / "l.db.archive")
    if not w.on_server():
        (tmp_path / "ledger.db").rename(tmp_path / "l.db")
    place = {f"{name}.db": w.location(tmp_path, name) for name in "lm"}
    lines = [
        ("ledger refund A 2 --amount 150 --reason cold --author kim --ledger l.db", 0, ""),
        ("ledger refund A 2 --amount 501 --reason cold --author kim --ledger l.db", 4, "refund_too_much"),
        ("ledger refund B 2 --amount 1 --reason cold --author kim --ledger l.db", 4, "unknown_terminal"),
        ("ledger refund A 2 --amount 1 --reason c --author k --receipt x --ledger l.db", 2, "usage"),
        (f"ledger refund A {1 << 64} --amount 1 --reason c --author k --ledger l.db", 2, "usage"),
        (f"ledger evidence A {1 << 64} --as kim --ledger l.db", 2, "usage"),
        (f"ledger evidence {terminal.kid.hex()} 2 --as kim --ledger l.db", 4, "not_auditor"),
        ("ledger auditor kim --ledger l.db", 0, ""),
        ("ledger auditor --ledger l.db", 0, "kim"),
        (f"ledger evidence {terminal.kid.hex()} 2 --as kim --ledger l.db --json", 0, '"lines"'),
        ("ledger statement P-1 --as kim --ledger l.db --json", 0, "1 x 101"),
        ("ledger statement P-1 --ledger l.db --json", 0, "refund: cold"),
        ("ledger lost A --at 2 --ledger l.db", 0, ""),
        ("ledger exceptions --ledger l.db --json", 0, "lost_terminal"),
        ("ledger rebuild --from l.db.archive --ledger m.db", 0, ""),
        ("ledger rebuild --from l.db.archive --ledger m.db", 4, "ledger_exists"),
        ("ledger verify --ledger m.db", 0, "every check holds"),
        ("ledger verify --ledger m.db --json", 0, "\"faults\": []"),
    ]
    for words, code, word in lines:
        line = " ".join(place.get(part, part) for part in words.split(" "))
        assert call(tmp_path, line) == code, line
        out, err = capsys.readouterr()
        assert word in out + err, line
        assert (line.startswith("ledger statement P-1 --l") and "1 x 101" in out) is False
    shown = []
    for name in "lm":
        assert call(tmp_path, f"ledger balances --ledger {place[f'{name}.db']} --json") == 0
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] and "5.00 EUR" in shown[0]
