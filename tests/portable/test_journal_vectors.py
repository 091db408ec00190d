"""What the agent writes is, byte for byte, what JOURNAL.md says."""

import io

from cabinpay.agent import highwater, records, snapshot
from cabinpay.agent.spend import SpendTable
from cabinpay.wire import cbor
from entries import octets, section
from world import fresh_files


def form(name):
    found = [entry for entry in section("journal", "journal") if entry["form"] == name]
    assert found
    return found


def test_segment_headers():
    for entry in form("segment"):
        values = entry["ordinal"], entry["before"], entry["high"]
        assert records.segment_header(*values) == octets(entry["encoded"])
        assert records.read_header(octets(entry["encoded"]), values[0]) == values[1:]
        assert records.read_header(octets(entry["encoded"]), values[0] + 1) is None


def test_records():
    for e in form("record"):
        spend = octets(e["kid"]), octets(e["cti"]), e["seq"], e["amount"], e["expiry"], e["currency"]
        signed, evidence = octets(e["signed"]), octets(e["evidence"])
        record = records.Record(e["type"], e["kind"], e["number"], e["floor"], spend, signed, evidence)
        assert records.pack(record) == octets(e["encoded"]), e["name"]
        again = records.read(io.BytesIO(octets(e["encoded"])))
        assert (again.type, again.kind, again.number, again.floor) == (e["type"], e["kind"], e["number"], e["floor"])
        assert (again.spend, again.signed, again.evidence) == (spend, signed, evidence)


def test_damaged_records():
    for entry in form("damaged"):
        try:
            reads = "end" if records.read(io.BytesIO(octets(entry["encoded"]))) is None else "record"
        except ValueError:
            reads = "damaged"
        assert reads == entry["reads"], entry["name"]


def test_high_water():
    files = fresh_files()
    for entry in form("high"):
        highwater.store(files, *entry["numbers"])
        assert stored(files, highwater.NAME) == octets(entry["encoded"])
        assert list(highwater.load(files)) == entry["numbers"]


def test_snapshots():
    files = fresh_files()
    for entry in form("snapshot"):
        spend = SpendTable(2)
        for each in entry["passes"]:
            spend.put(octets(each))
        state = cbor.decode(octets(entry["head"]))
        snapshot.save(files, cbor, state, spend)
        assert stored(files, snapshot.NAME) == octets(entry["encoded"])
        again = SpendTable(2)
        assert snapshot.load(files, cbor, again) == state and again._table == spend._table


def stored(files, name):
    with files.open(name, "rb") as f:
        return f.read()
