"""What the back office does: batches and their answers, totals, exceptions worked through, reports."""

import csv
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pypdfium2
import pytest
import sepaxml
import xmlschema

from cabinpay_host.cli import main
from cabinpay_host.errors import HostError
from cabinpay_host.ledger import batch_files, batches, pain008, report_html, report_pdf, totals, views, workings
from cabinpay_host.ledger.batches import Answer
from cabinpay_host.ledger.rebuild import rebuild
from cabinpay_host.ledger.report import gather
from host import ledger_world as w

SCHEMA = Path(sepaxml.__file__).parent / "schemas" / "pain.008.001.08.xsd"
AIR = pain008.Creditor("Spring Air", "DE89370400440532013000", "COBADEFFXXX")


def refused(call, *args):
    with pytest.raises(HostError) as e:
        call(*args)
    return e.value.code


@pytest.fixture
def morning(tmp_path):
    """Two flights: Ann bought twice on A and once on B, Bob once and had it cancelled, Cy once, and A's chain has a
    gap."""
    ann, bob, cy = (w.Passenger(name) for name in ("ann", "bob", "cy"))
    one, two = w.Terminal("A"), w.Terminal("B")
    for terminal in (one, two):
        terminal.open()
        terminal.sale(ann)
    one.void(one.sale(bob))
    one.sale(ann, [[300, 1, 990]])
    two.sale(cy)
    one.close()
    with w.new_ledger(tmp_path, one, two) as ledger:
        ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-ann")
        ledger.add_enrolment(w.ISSUER.kid, cy.cti, cy.sub, "=cmd|'cy")
        ledger.take(one.kid, one.items[:3] + one.items[4:], "sync")
        ledger.take(two.kid, two.items, "sync")
        yield ledger, one, ann, cy


def due(ledger):
    with ledger.reading() as session:
        return {line.cti: line.amount for line in batches.due(session, w.ISSUER.kid, w.EUR)}


def rebuilt(ledger, tmp_path, name):
    copy, missing = rebuild(ledger.archive.path, *w.places(tmp_path, name))
    with copy:
        assert missing == [] and w.faults(copy) == [] and w.tables(copy) == w.tables(ledger)


def test_a_batch_asks_once_and_again_what_was_declined(morning, tmp_path):
    ledger, one, ann, cy = morning
    bob = w.Passenger("bob")
    assert due(ledger) == {ann.cti: 2290, cy.cti: 650, bob.cti: 650}  # the void is missing yet
    ledger.take(one.kid, one.items, "sync")
    assert due(ledger) == {ann.cti: 2290, cy.cti: 650}
    first = ledger.make_batch(w.ISSUER.kid, w.EUR, "kim")
    assert due(ledger) == {} and refused(ledger.make_batch, w.ISSUER.kid, w.EUR, "kim") == "nothing_due"
    assert refused(ledger.make_batch, w.ISSUER.kid, w.USD, "kim") == "nothing_due"
    answers = [Answer(first, ann.cti, "settled", ""), Answer(first, cy.cti, "declined", "AM04")]
    assert ledger.answer(answers) == 2 and ledger.answer(answers) == 0
    assert due(ledger) == {cy.cti: 650}
    ledger.refund(one.kid, 2, 150, "cold", "kim")  # after it was collected: taken off what comes next
    more = w.Terminal("D")
    more.open()
    more.sale(ann)
    ledger.add_terminal(more.key.public, "D", w.AIRLINE)
    ledger.take(more.kid, more.items, "sync")
    assert due(ledger) == {ann.cti: 500, cy.cti: 650}
    assert refused(ledger.answer, [Answer(first, ann.cti, "declined", "")]) == "return_differs"
    assert refused(ledger.answer, [Answer(first, bob.cti, "settled", "")]) == "unknown_line"
    assert refused(ledger.answer, [Answer(b"no batch", ann.cti, "settled", "")]) == "unknown_batch"
    second = ledger.make_batch(w.ISSUER.kid, w.EUR, "lee")
    assert second != first and due(ledger) == {} and w.faults(ledger) == []
    rebuilt(ledger, tmp_path, "again")


def test_a_batch_in_files(morning):
    ledger, _, ann, cy = morning
    ident = ledger.make_batch(w.ISSUER.kid, w.EUR, "kim")
    with ledger.reading() as session:
        found = batch_files.collection(session, ident)
    document = pain008.write(found, AIR)
    xmlschema.XMLSchema(str(SCHEMA)).validate(io.BytesIO(document))
    space = {"p": pain008.NAMESPACE}
    root = ET.fromstring(document)
    amounts = [e.text for e in root.iterfind(".//p:InstdAmt", space)]
    assert sorted(amounts) == ["22.90", "6.50", "6.50"]
    assert {e.text for e in root.iterfind(".//p:CtrlSum", space)} == {"35.90"}
    assert {e.text for e in root.iterfind(".//p:NbOfTxs", space)} == {"3"}
    rows = list(csv.DictReader(io.StringIO(batch_files.write(found).decode())))
    assert sum(int(row["amount"]) for row in rows) == 3590 and {row["currency"] for row in rows} == {"EUR"}
    assert {row["passenger"] for row in rows} >= {"P-ann", "'=cmd|'cy"}  # no formula for a spreadsheet
    references = {row["pass"]: row["reference"] for row in rows}
    told = [(ann, "Settled,"), (cy, "declined,AM04")]
    answers = "reference,state,reason\n" + "".join(f"{references[who.cti.hex()]},{word}\n" for who, word in told)
    assert batch_files.read(answers.encode()) == [
        Answer(ident, ann.cti, "settled", ""),
        Answer(ident, cy.cti, "declined", "AM04"),
    ]


def status(*entries):
    told = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{ref}</OrgnlEndToEndId><TxSts>{state}</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for ref, state, code in entries
    )
    return f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><R>{told}</R></Document>'.encode()


def test_answers_as_pain_002_and_what_is_none():
    ref = pain008.reference(b"batch id", b"its pass")
    data = status((ref, "ACSC", "NARR"), (ref, "RJCT", "AC04"), (ref, "PDNG", "NARR"))
    assert [(a.state, a.reason) for a in pain008.read(data)] == [("settled", "NARR"), ("declined", "AC04")]
    bad = [b"<a/>", b"<not xml", status(("12-34", "ACSC", "")), b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"]
    assert [refused(pain008.read, data) for data in bad] == ["bad_return"] * 4
    bad = [b"\xff\xfe", b"x,settled", f"{ref},perhaps".encode(), ref.encode()]
    assert [refused(batch_files.read, data) for data in bad] == ["bad_return"] * 4


def test_totals_are_the_sales_less_what_was_cancelled(morning):
    ledger, one, _, _ = morning
    ledger.take(one.kid, one.items, "sync")
    with ledger.reading() as session:
        (((group, currency), total),) = totals.totals(session).items()
        assert totals.totals(session, 1) == {} and totals.days(session) == [20254]
    assert (group.flight, group.aircraft, group.crew, group.day, currency) == ("9C8801", "B-1234", "c17", 20254, w.EUR)
    assert (total.sales, total.voids, total.net, total.terminals) == (5, 1, 2940, {"A", "B"})


def test_an_exception_is_worked_through(morning, tmp_path):
    ledger, one, _, _ = morning
    (code,) = w.open_codes(ledger)["A", 5]
    assert code == "gap"
    assert refused(ledger.work_through, one.kid, 5, "fork", "seen", "kim") == "no_exception"
    assert refused(ledger.work_through, one.kid, 5, "gap", "", "kim") == "bad_working"
    assert ledger.work_through(one.kid, 5, "gap", "the cart's flash was swapped", "kim") == 1
    with ledger.reading() as session:
        assert views.exceptions(session, unworked=True) == [] and len(views.exceptions(session)) == 1
        ((row, number, label),) = workings.workings(session)
    assert (row.code, row.reason, row.author, number, label) == ("gap", "the cart's flash was swapped", "kim", 5, "A")
    assert w.faults(ledger) == []
    rebuilt(ledger, tmp_path, "again")


ALTERED = {
    "UPDATE batch_lines SET amount = amount + 1": "differs from the archive: pass",
    "UPDATE batch_lines SET state = 'settled', told = 1": "in the database, not in the archive: answer",
    "DELETE FROM batch_lines": "differs from the archive: batch",
    "UPDATE batches SET author = 'lee'": "differs from the archive: batch",
    "UPDATE workings SET reason = 'nothing'": "differs from the archive: working",
    "DELETE FROM workings": "in the archive, not in the database: working",
}


@pytest.mark.parametrize("statement", ALTERED)
def test_the_audit_sees_what_was_altered(morning, tmp_path, statement):
    ledger, one, _, _ = morning
    ledger.make_batch(w.ISSUER.kid, w.EUR, "kim")
    ledger.work_through(one.kid, 5, "gap", "seen", "kim")
    assert w.faults(ledger) == []
    ledger.close()
    w.alter(tmp_path, statement)
    assert any(line.startswith(ALTERED[statement]) for line in w.faults(ledger))


def test_reports(morning):
    ledger, *_ = morning
    with ledger.reading() as session:
        found = gather(session, ledger.id, w.NOW, None)
        empty = gather(session, ledger.id, w.NOW, 3)
    page = report_html.draw(found)
    for word in ("9C8801", "35.90 EUR", "c17", "gap", "number 4 is missing", "books"):
        assert word in page
    assert "<script" not in page and "http" not in page
    for report in (found, empty):
        document = pypdfium2.PdfDocument(report_pdf.draw(report))
        said = "".join(p.get_textpage().get_text_range() for p in document)
        document.close()
        assert "Sales on board" in said and "balance" in said
        assert ("9C8801" in said) == (report is found)


def test_a_report_shows_names_as_they_are_and_runs_none_of_them(tmp_path):
    terminal, ann = w.Terminal("<script>推车"), w.Passenger("ann")
    terminal.open()
    terminal.sale(ann)
    terminal.sale(ann)
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items[::2], "sync")
        with ledger.reading() as session:
            found = gather(session, ledger.id, w.NOW, None)
    page = report_html.draw(found)
    assert "&lt;script&gt;推车" in page and "<script" not in page
    assert report_pdf.draw(found).startswith(b"%PDF")


def test_the_commands(morning, tmp_path, monkeypatch, capsys):
    assert morning
    where = "{}#{}".format(*w.places(tmp_path))
    monkeypatch.chdir(tmp_path)
    account = f"--creditor Air --iban {AIR.iban} --bic {AIR.bic}"
    batch = f"ledger batch --issuer {w.ISSUER.kid.hex()} --currency EUR {account}"
    lines = [
        ("ledger totals --json", 0, "9C8801"),
        ("ledger totals --day 2025-06-15", 0, "Totals"),
        ("ledger totals --day tomorrow", 2, "usage"),
        ("ledger due --json", 0, "35.90 EUR"),
        (f"{batch} --out files --author kim", 0, "3 passes"),
        (f"{batch} --out files", 4, "nothing_due"),
        ("ledger work-through A 5 gap --reason seen --author kim", 0, "1 exceptions"),
        ("ledger report --out a.html", 0, ""),
        ("ledger report --out a.pdf", 0, ""),
        ("ledger report --out a.doc", 2, "usage"),
        ("ledger upgrade", 0, "already"),
        ("ledger verify", 0, "every check holds"),
    ]
    for line, code, word in lines:
        assert run(f"{line} --ledger {where}") == code, line
        out, err = capsys.readouterr()
        assert word in out + err and "Traceback" not in err, line
    (made,) = (tmp_path / "files").glob("*.csv")
    text = made.read_text().splitlines()
    (tmp_path / "told.csv").write_text("\n".join(f"{line.split(',')[0]},settled," for line in text))
    for word in ("3 of 3", "0 of 3"):
        assert run(f"ledger returns told.csv --ledger {where}") == 0 and word in capsys.readouterr().err


def run(line):
    with pytest.raises(SystemExit) as e:
        main(line.split(" "))
    return e.value.code or 0
