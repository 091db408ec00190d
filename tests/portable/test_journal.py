import hashlib

from cabinpay.agent import highwater, records
from cabinpay.agent.errors import StorageError
from cabinpay.agent.journal import DAMAGED, RESERVE, ROLLED_BACK, SEGMENT_SIZE, Journal
from cabinpay.agent.segments import FOLDER
from cabinpay.wire.receipts import FIRST_PREVIOUS
from world import fresh_files, some


def booted(files):
    """(journal, what it replayed)."""
    journal = Journal(files)
    replayed = []

    def keep(r):
        replayed.append(records.Record(r.type, r.kind, r.number, r.floor, r.spend, r.signed, r.evidence))

    journal.boot(keep)
    return journal, replayed


def receipt(journal, size=300, seq=0):
    """The next record of this chain: signed bytes hold the previous head, as a receipt does."""
    number = journal.number + 1
    signed = journal.head + some("receipt %d" % number, 32)
    spend = (b"issuer k", b"the cti ", seq, 100 + seq, 1, 978) if seq else records.NO_SPEND
    return records.Record(records.RECEIPT, 1, number, 0, spend, signed, b"e" * size)


def filled(files, count, size=300):
    journal, _ = booted(files)
    for i in range(count):
        journal.append(receipt(journal, size, i + 1))
    return journal


def names(files):
    return sorted(files.listed(FOLDER))


def read(files, name):
    with files.open(FOLDER + "/" + name, "rb") as f:
        return f.read()


def write(files, name, data):
    with files.open(FOLDER + "/" + name, "wb") as f:
        f.write(data)


def storage_fails(journal, record=None):
    try:
        journal.append(record or receipt(journal))
    except StorageError:
        return True
    return False


class Failing:
    """Files whose next write, flush or opening of a segment fails as a full flash does."""

    def __init__(self, files):
        self.folder, self.listed, self.free = files.folder, files.listed, files.free
        self.exists, self.rename = files.exists, files.rename
        self._files = files
        self.fail = ""

    def open(self, name, mode):
        if self.fail == "open" and mode == "ab":
            raise OSError(28)
        return FailingFile(self, self._files.open(name, mode)) if mode == "ab" else self._files.open(name, mode)


class FailingFile:
    def __init__(self, owner, file):
        self._owner = owner
        self._file = file
        self.close = file.close

    def write(self, data):
        if self._owner.fail == "write":
            raise OSError(28)
        if self._owner.fail == "half":
            self._file.write(bytes(data)[: len(data) // 2])
            self._file.flush()
            raise OSError(28)
        return self._file.write(data)

    def flush(self):
        if self._owner.fail == "flush":
            raise OSError(5)
        self._file.flush()


def test_an_empty_journal():
    journal, replayed = booted(fresh_files())
    assert (journal.number, journal.head, journal.acked, journal.fault) == (0, FIRST_PREVIOUS, 0, "")
    assert replayed == [] and list(journal.records_from(1)) == [] and journal.find_payment(bytes(16), 1) is None


def test_a_boot_replays_what_was_appended():
    files = fresh_files()
    journal = filled(files, 5)
    journal.append(records.Record(records.ACK, 0, 3, 0, records.NO_SPEND, b"ack"))
    journal.append(records.Record(records.TIME, 0, 0, 1234, records.NO_SPEND, b"time"))
    again, replayed = booted(files)
    assert [(r.type, r.number, r.floor) for r in replayed] == [(1, n, 0) for n in range(1, 6)] + [
        (records.ACK, 3, 0),
        (records.TIME, 0, 1234),
    ]
    assert (again.number, again.head, again.acked, again.fault) == (5, journal.head, 3, "")
    assert again.head == hashlib.sha256(replayed[4].signed).digest()


def test_what_append_returned_from_is_on_flash():
    files = fresh_files()
    journal, _ = booted(files)
    for i in range(20):
        journal.append(receipt(journal, seq=i + 1))
        other, replayed = booted(files)
        assert other.number == len(replayed) == i + 1 and other.head == journal.head


def test_each_boot_begins_a_segment_of_its_own_and_only_when_something_is_appended():
    files = fresh_files()
    filled(files, 2)
    booted(files)
    assert names(files) == ["00000001"]
    filled(files, 1)
    filled(files, 1)
    assert names(files) == ["00000001", "00000002", "00000003"]
    assert booted(files)[0].number == 4


def test_a_full_segment_gives_way_to_the_next():
    files = fresh_files()
    journal = filled(files, 50, 1000)
    assert len(names(files)) == 2
    assert all(len(read(files, name)) <= SEGMENT_SIZE for name in names(files))
    again, replayed = booted(files)
    assert again.number == 50 and again.head == journal.head and again.fault == ""
    assert [r.number for r in replayed] == list(range(1, 51))


def test_receipts_from_any_number():
    files = fresh_files()
    filled(files, 40, 1000)
    filled(files, 3)
    journal, _ = booted(files)
    assert len(names(files)) == 3
    for first in range(1, 46):
        found = [number for number, _, _ in journal.records_from(first)]
        assert found == list(range(first, 44)), first
    number, signed, evidence = next(journal.records_from(42))
    assert number == 42 and signed[32:] == some("receipt 42", 32) and evidence == b"e" * 300


def test_appending_while_receipts_are_streamed():
    files = fresh_files()
    journal = filled(files, 10)
    found = []
    for number, signed, _ in journal.records_from(1):
        found.append(number)
        assert signed[32:] == some("receipt %d" % number, 32)
        if len(found) < 8:
            journal.append(receipt(journal, 1000))
    assert found[:10] == list(range(1, 11)) and found == list(range(1, len(found) + 1))
    assert journal.fault == "" and booted(files)[0].number == 17


def test_heads_by_number():
    files = fresh_files()
    journal = filled(files, 3)
    stored = [hashlib.sha256(signed).digest() for _, signed, _ in journal.records_from(1)]
    assert [journal.head_at(n) for n in range(1, 5)] == stored + [None]
    assert journal.head_at(3) == journal.head


def test_payments_are_found_by_pass_and_seq():
    files = fresh_files()
    journal = filled(files, 30, 1100)
    filled(files, 1)
    journal, _ = booted(files)
    ident = b"issuer kthe cti "
    assert journal.find_payment(ident, 17)[:3] == (17, 117, 978)
    assert journal.find_payment(ident, 30)[0] == 30
    assert journal.find_payment(ident, 31) is None and journal.find_payment(b"issuer kcti the ", 17) is None


def test_a_torn_tail_is_dropped_at_every_byte_and_never_appended_to():
    files = fresh_files()
    journal = filled(files, 1, 20)
    mark = highwater.load(files)
    journal.append(receipt(journal, 20))
    highwater.store(files, *mark)  # the power fails in the append
    whole = read(files, "00000001")
    head = journal.head_at(1)
    last = len(whole) - records.SEGMENT_HEADER
    for size in range(records.SEGMENT_HEADER + last // 2, len(whole)):
        write(files, "00000001", whole[:size])
        journal, replayed = booted(files)
        assert (journal.number, journal.head, journal.fault, len(replayed)) == (1, head, "", 1), size
    filled(files, 1, 20)
    assert read(files, "00000001") == whole[:-1] and names(files) == ["00000001", "00000002"]
    journal, _ = booted(files)
    assert journal.number == 2 and journal.fault == ""


def test_a_segment_whose_header_was_torn_counts_as_empty():
    files = fresh_files()
    filled(files, 2)
    for size in range(records.SEGMENT_HEADER):
        write(files, "00000002", records.segment_header(2, 2, 130)[:size])
        journal, _ = booted(files)
        assert journal.number == 2 and journal.fault == "" and not journal.lost
    journal = filled(files, 1)
    assert names(files)[-1] == "00000003" and booted(files)[0].number == 3


def test_storage_that_fails_ends_it_until_the_next_boot():
    for fail in ("write", "flush", "open", "half"):
        files = fresh_files()
        filled(files, 2)
        failing = Failing(files)
        journal, _ = booted(failing)
        if fail != "open":
            journal.append(receipt(journal))
        before = (journal.number, journal.head)
        failing.fail = fail
        assert storage_fails(journal)
        failing.fail = ""
        assert journal.fault == "storage" and storage_fails(journal)
        assert (journal.number, journal.head) == before
        journal.__init__(files)
        journal, _ = booted(files)
        # after a failed flush the record may be there or not; a half one is not
        assert journal.fault == "" and journal.number in (before[0], before[0] + (fail == "flush"))
        journal.append(receipt(journal))
        assert booted(files)[0].number == journal.number


def test_want_of_memory_in_an_append_ends_it_too():
    journal = filled(fresh_files(), 1)

    def accept(record):
        raise MemoryError()

    journal._accept = accept
    assert storage_fails(journal) and journal.fault == "storage"


def test_a_record_that_does_not_follow_is_never_appended_to():
    for record in (
        records.Record(records.RECEIPT, 1, 2, 0, records.NO_SPEND, some("another head", 32) * 4, b""),
        records.Record(records.RECEIPT, 1, 3, 0, records.NO_SPEND, b"", b""),
    ):
        files = fresh_files()
        journal = filled(files, 1)
        if not record.signed:
            record.signed = journal.head * 2
        journal.append(record)
        assert journal.fault == DAMAGED and storage_fails(journal) and booted(files)[0].lost


def test_what_cannot_be_read_is_not_unpaid():
    files = fresh_files()
    filled(files, 3)
    journal, _ = booted(files)
    data = read(files, "00000001")
    write(files, "00000001", data[:40] + b"!" + data[41:])
    try:
        journal.find_payment(b"issuer kthe cti ", 1)
        raise AssertionError("answered for what it cannot read")
    except StorageError:
        assert journal.fault == DAMAGED


def test_an_ack_beyond_the_head_says_rolled_back_at_every_boot():
    files = fresh_files()
    journal = filled(files, 3)
    journal.append(records.Record(records.ACK, 0, 3, 0, records.NO_SPEND, b"ack"))
    assert booted(files)[0].fault == ""
    journal.append(records.Record(records.ACK, 0, 4, 0, records.NO_SPEND, b"ack"))
    for _ in range(2):
        journal, _ = booted(files)
        assert journal.fault == ROLLED_BACK and journal.acked == 4 and storage_fails(journal)


def test_acks_never_fall():
    files = fresh_files()
    journal = filled(files, 5)
    for number in (4, 2, 3):
        journal.append(records.Record(records.ACK, 0, number, 0, records.NO_SPEND, b"ack"))
    assert journal.acked == booted(files)[0].acked == 4


def test_room_is_counted_down():
    files = fresh_files()
    journal, _ = booted(files)
    assert journal.room() == files.free() - RESERVE
    last = journal.room()
    for i in range(5):
        journal.append(receipt(journal))
        assert last - journal.room() == (4096 if i == 0 else 0) + records.HEAD_SIZE + 64 + 300 + 4
        last = journal.room()
