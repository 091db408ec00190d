"""An archive with damage in its middle, and one whose last records were never committed."""

import pytest

from cabinpay_host.ledger import Ledger, views
from cabinpay_host.ledger import archive as arc
from cabinpay_host.ledger.rebuild import rebuild
from host import ledger_world as w
from host.ledger_world import faults, money, tables
from host.test_cli import call


def kept(folder):
    """A ledger with three sales in its archive, and one of each record before them."""
    terminal, ann = w.Terminal("A"), w.Passenger("ann")
    terminal.open()
    for _ in range(3):
        terminal.sale(ann)
    file = w.revoked(w.Passenger("eve"))
    ledger = w.new_ledger(folder, terminal)
    ledger.add_bundle(w.bundle(version=2, file=file), {"revoked": file})
    ledger.add_enrolment(w.ISSUER.kid, ann.cti, ann.sub, "P-1")
    for item in terminal.items:
        ledger.take(terminal.kid, [item], "sync")
    return ledger, terminal, ann


def rebuilt(source, folder):
    folder.mkdir()
    return rebuild(source, *w.places(folder), clock=lambda: w.NOW)


def spans(archive):
    ends = [after for _, after in archive.records()]
    return list(zip([arc.HEADER, *ends], ends, strict=False))


def flip(path, at):
    data = bytearray(path.read_bytes())
    data[at] ^= 0x04
    path.write_bytes(data)


@pytest.mark.parametrize("where", [0, 4, 7, 9, 12, 20, -1])  # mark, length, checksum, body
def test_a_flipped_byte_costs_its_own_record_and_no_other(tmp_path, where):
    ledger, *_ = kept(tmp_path)
    archive, whole = ledger.archive, ledger.archive.path.read_bytes()
    ledger.close()
    every = [record for record, _ in archive.records()]
    for n, (start, end) in enumerate(spans(archive)):
        flip(archive.path, (start if where >= 0 else end) + min(where, end - start - 1))
        copy = arc.Archive(tmp_path / f"copy {n}")
        length, damaged = archive.copy(copy.path)
        assert damaged == [(start, end)] and length == copy.size()
        assert [record for record, _ in copy.records()] == every[:n] + every[n + 1 :]
        archive.path.write_bytes(whole)


def test_what_looks_like_a_record_within_a_damaged_one_is_not_taken(tmp_path):
    """Whoever gave a receipt would say through it who bears overspends."""
    terminal = w.Terminal("A")
    terminal.spoil(arc._pack(arc.Record(arc.POLICY, (b"airline",))))
    terminal.open()
    with w.new_ledger(tmp_path, terminal) as ledger:
        ledger.take(terminal.kid, terminal.items, "sync")
    (start, end), _ = spans(ledger.archive)[-2:]
    for at in (start + 9, end - 1):
        whole = ledger.archive.path.read_bytes()
        flip(ledger.archive.path, at)
        copy = arc.Archive(tmp_path / f"copy {at}")
        assert ledger.archive.copy(copy.path)[1] == [(start, end)]
        assert [r.kind for r, _ in copy.records()].count(arc.POLICY) == 1
        ledger.archive.path.write_bytes(whole)


def test_a_damaged_receipt_is_missing_and_the_command_says_where(tmp_path, capsys):
    ledger, terminal, ann = kept(tmp_path)
    ledger.close()
    start, end = spans(ledger.archive)[-2]
    flip(ledger.archive.path, start + 30)
    assert call(tmp_path, "ledger rebuild --from ledger.archive --ledger again.db") == 7
    out, err = capsys.readouterr()
    assert out.strip() == ledger.id.hex() and len(err.splitlines()) == 1
    assert err.startswith(f"cabinpay: archive_damaged: bytes {start} to {end - 1} of the archive are damaged: sync")
    with Ledger.open(f"sqlite:///{tmp_path}/again.db", tmp_path / "again.db.archive") as again:
        assert money(again)[ann.account, w.EUR] == 1300 and w.open_codes(again) == {("A", 4): ["gap"]}
        assert faults(again) == [] and again.next_number(terminal.kid) == 3
        w.pull(again, terminal)
        assert money(again)[ann.account, w.EUR] == 1950 and w.open_codes(again) == {} and faults(again) == []


@pytest.mark.parametrize("kind", [arc.TERMINAL, arc.FILE, arc.BUNDLE, arc.RECEIPT])
def test_what_hangs_on_a_lost_record_waits_for_it(tmp_path, kind):
    ledger, terminal, _ = kept(tmp_path)
    ledger.refund(terminal.kid, 4, 50, "cold", "kim")
    right = money(ledger)
    ledger.close()
    (last, *_) = [n for n, (record, _) in enumerate(ledger.archive.records()) if record.kind == kind][::-1]
    flip(ledger.archive.path, spans(ledger.archive)[last][0] + 30)
    again, missing = rebuilt(ledger.archive.path, tmp_path / "again")
    file = w.revoked(w.Passenger("eve"))
    waits = {arc.TERMINAL: 5, arc.FILE: 1, arc.BUNDLE: 0, arc.RECEIPT: 1}[kind]
    assert len(missing) == 1 + bool(waits) and missing[-1].startswith(f"{waits} records" if waits else "bytes")
    with again:
        again.add_terminal(terminal.key.public, "A", w.AIRLINE)
        again.add_bundle(w.bundle(version=2, file=file), {"revoked": file})
        w.pull(again, terminal)
    whole, missing = rebuilt(again.archive.path, tmp_path / "whole")
    with whole:
        assert missing == [] and money(whole) == right and faults(whole) == []


class Killed(BaseException):
    pass


def killed(monkeypatch, owner, name, call, *, after=True):
    real = getattr(owner, name)

    def stopped(*args):
        if after:
            real(*args)
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(owner, name, stopped)
        call()


def test_a_decision_that_was_never_committed_is_not_rebuilt(tmp_path, monkeypatch):
    ledger, terminal, _ = kept(tmp_path)
    with ledger:
        before = money(ledger)
        killed(monkeypatch, arc.Archive, "append", lambda: ledger.refund(terminal.kid, 2, 400, "cold", "kim"))
        assert money(ledger) == before
        again, missing = rebuilt(ledger.archive.path, tmp_path / "again")
        with again:
            assert missing == [
                "a refund of 400 minor units for receipt 2 was never confirmed: see whether it was meant to stand"
            ]
            assert money(again) == before and faults(again) == []
            third, missing = rebuilt(again.archive.path, tmp_path / "third")
            with third:
                assert missing == [] and money(third) == before


def test_a_decision_stands_that_was_committed_and_not_confirmed(tmp_path, monkeypatch):
    """Whatever is appended after it confirms it."""
    ledger, terminal, _ = kept(tmp_path)
    with ledger:
        refund = lambda: ledger.refund(terminal.kid, 2, 400, "cold", "kim")  # noqa: E731
        killed(monkeypatch, Ledger, "confirm", refund, after=False)
        terminal.close()
        ledger.take(terminal.kid, terminal.items, "sync")
        again, missing = rebuilt(ledger.archive.path, tmp_path / "again")
        with again:
            assert missing == [] and money(again) == money(ledger) and tables(again) == tables(ledger)


@pytest.mark.parametrize("label", ["B", "C"])
def test_names_and_enrolments_that_were_never_committed_are_taken_back(tmp_path, monkeypatch, label):
    ledger, terminal, _ = kept(tmp_path)
    bob = w.Passenger("bob")
    with ledger:
        for what in (
            lambda: ledger.add_terminal(terminal.key.public, "B", w.AIRLINE),
            lambda: ledger.add_enrolment(w.ISSUER.kid, bob.cti, bob.sub, "P-2"),
        ):
            killed(monkeypatch, arc.Archive, "append", what)
        ledger.add_enrolment(w.ISSUER.kid, bob.cti, bob.sub, f"P-{label}")
        assert faults(ledger) == []
        ledger.add_terminal(terminal.key.public, label, w.AIRLINE)
        assert faults(ledger) == []
        again, missing = rebuilt(ledger.archive.path, tmp_path / "again")
        with again, again.reading() as session:
            assert missing == [] and tables(again) == tables(ledger) and faults(again) == []
            assert [h.label for h in views.holdings(session)] == [label]
