"""The journal, continued: what is damaged or missing is found, explained by one break, and what is whole stays."""

from cabinpay.agent import highwater, records
from cabinpay.agent.journal import DAMAGED, LEAP, SPAN
from cabinpay.agent.segments import FOLDER, QUARANTINE
from cabinpay.wire.receipts import BREAK
from test_journal import booted, filled, names, read, receipt, storage_fails, write
from world import fresh_files, some


def mend(journal):
    """Appends the break that `explain` asks for."""
    good, last = journal.explain()
    signed = journal.head + some("break", 32)
    spend = records.in_expiry(good)
    journal.append(records.Record(records.RECEIPT, BREAK, last + 1, 0, spend, signed, b""))


def numbers(journal):
    return [number for number, _, _ in journal.records_from(1)]


def check_mended(files, held):
    """Boots, mends, sells; the receipts `held` are still there, and no later boot finds anything wrong."""
    journal, replayed = booted(files)
    assert journal.lost and journal.fault == "" and storage_fails(journal)
    assert numbers(journal) == held
    top = journal._trunk.top
    mend(journal)
    assert journal.number > top and not journal.lost
    journal.append(receipt(journal))
    number = journal.number
    for _ in range(2):
        journal, replayed = booted(files)
        assert (journal.lost, journal.fault, journal.number) == (False, "", number)
        assert numbers(journal) == held + [number - 1, number]
        assert [r.number for r in replayed if r.type == records.RECEIPT] == numbers(journal)
    return journal


def changed(data, at, bits=4):
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


def three_segments():
    files = fresh_files()
    for _ in range(3):
        filled(files, 2)
    return files, [read(files, name) for name in names(files)]


def test_every_changed_byte_is_detected():
    files = fresh_files()
    filled(files, 3, 20)
    whole = read(files, "00000001")
    size = (len(whole) - records.SEGMENT_HEADER) // 3
    for at in range(len(whole)):
        write(files, "00000001", changed(whole, at))
        journal, _ = booted(files)
        lost = (at - records.SEGMENT_HEADER) // size + 1
        assert journal.lost and storage_fails(journal), at
        assert numbers(journal) == [n for n in (1, 2, 3) if n != lost], at
        assert journal.explain() == (lost - 1 if lost else 3, 1 + SPAN), at
        assert names(files) == [] and files.listed(QUARANTINE) == ["00000001"]
        files.rename(QUARANTINE + "/00000001", FOLDER + "/00000001")


def test_a_length_that_flipped_in_the_last_record_is_no_torn_tail():
    files = fresh_files()
    filled(files, 2, 20)
    whole = read(files, "00000001")
    last = len(whole) - (len(whole) - records.SEGMENT_HEADER) // 2
    for at in range(last + 6, last + 10):
        for bit in range(8):
            write(files, "00000001", changed(whole, at, 1 << bit))
            journal, _ = booted(files)
            assert journal.lost and journal.number == 1, (at, bit)
            files.rename(QUARANTINE + "/00000001", FOLDER + "/00000001")


def test_every_damaged_record_is_explained_and_what_is_whole_is_still_pulled():
    for lost in (1, 2, 3, 4, 5, 6):
        files, data = three_segments()
        name = (lost - 1) // 2
        at = records.SEGMENT_HEADER + 30 + (lost - 1) % 2 * (len(data[name]) - records.SEGMENT_HEADER) // 2
        write(files, names(files)[name], changed(data[name], at))
        check_mended(files, [n for n in range(1, 7) if n != lost])


def test_blocks_of_zeros_and_of_erased_flash():
    for fill in (b"\x00", b"\xff"):
        for at in (0, 300, 700):
            files, data = three_segments()
            write(files, "00000002", data[1][:at] + fill * 300 + data[1][at + 300 :])
            journal, _ = booted(files)
            there = numbers(journal)
            assert [n for n in (1, 2, 5, 6) if n not in there] == [] and len(there) < 6
            check_mended(files, there)


def test_a_missing_segment_is_explained():
    for missing in (0, 1, 2):
        files, _ = three_segments()
        files.remove(FOLDER + "/%08d" % (missing + 1))
        check_mended(files, [n for n in range(1, 7) if (n - 1) // 2 != missing])


def test_an_emptied_segment_is_explained():
    for missing in (0, 1):
        files, _ = three_segments()
        write(files, "%08d" % (missing + 1), b"")
        check_mended(files, [n for n in range(1, 7) if (n - 1) // 2 != missing])


def test_a_missing_file_of_bare_acks_is_detected():
    files = fresh_files()
    filled(files, 2)
    journal, _ = booted(files)
    journal.append(records.ack(1, 5, b"ack"))
    filled(files, 1)
    files.rename(FOLDER + "/00000002", "elsewhere")
    check_mended(files, [1, 2, 3])


def test_segments_in_another_order_are_detected():
    files, data = three_segments()
    write(files, "00000001", data[1])
    write(files, "00000002", data[0])
    journal, _ = booted(files)
    assert journal.lost and sorted(numbers(journal)) == [1, 2, 3, 4, 5, 6]


def test_a_removed_a_doubled_and_an_exchanged_record_are_detected():
    files = fresh_files()
    filled(files, 3, 20)
    whole = read(files, "00000001")
    header, body = whole[: records.SEGMENT_HEADER], whole[records.SEGMENT_HEADER :]
    size = len(body) // 3
    one, two, three = body[:size], body[size : 2 * size], body[2 * size :]
    for order in ((two, three), (one, three), (one, one, two), (two, one, three), (one, three, two)):
        write(files, "00000001", header + b"".join(order))
        assert booted(files)[0].lost
    # whole, and shorter than the last mark says
    write(files, "00000001", header + one + two)
    assert booted(files)[0].lost


def test_receipts_that_a_note_came_after_are_missed():
    """The file system fell back to an older, shorter segment: nothing in it is damaged."""
    files = fresh_files()
    journal = filled(files, 3, 20)
    whole = read(files, "00000001")
    note = receipt(journal, 20)
    note.kind = 6
    journal.append(note)
    write(files, "00000001", whole)
    check_mended(files, [1, 2, 3])


def test_the_last_of_any_record_is_missed():
    for record in (records.ack(3, 5, b"ack"), records.Record(records.PURGE, 0, 0, 5, records.NO_SPEND, b"")):
        files = fresh_files()
        journal = filled(files, 3, 20)
        whole = read(files, "00000001")
        journal.append(record)
        write(files, "00000001", whole)
        check_mended(files, [1, 2, 3])
    files = fresh_files()
    journal = filled(files, 3, 20)
    whole = read(files, "00000001")
    journal.append(receipt(journal, 20, seq=4))
    write(files, "00000001", whole)
    check_mended(files, [1, 2, 3])


def test_numbers_go_on_above_the_high_water_number():
    files = fresh_files()
    filled(files, 3)
    high = highwater.load(files)[0]
    assert high == 1 + SPAN
    files.remove(FOLDER + "/00000001")
    journal, _ = booted(files)
    assert journal.explain() == (0, high)
    mend(journal)
    assert journal.number == high + 1 and highwater.load(files)[0] == high + 1 + SPAN


def test_the_high_water_number_rises_before_it_is_reached():
    files = fresh_files()
    journal, _ = booted(files)
    for _ in range(2 * SPAN + 5):
        journal.append(receipt(journal, 1))
        header = max(records.read_header(read(files, n)[: records.SEGMENT_HEADER], int(n)) for n in names(files))
        assert journal.number <= highwater.load(files)[0] == header[1]


def test_a_damaged_high_water_file_is_made_again():
    files = fresh_files()
    filled(files, 3)
    write_high(files, b"?" * 20)
    journal, _ = booted(files)
    assert not journal.lost and journal.number == 3
    journal.append(receipt(journal))
    assert highwater.load(files)[0] == 4 + SPAN


def write_high(files, data):
    with files.open(highwater.NAME, "wb") as f:
        f.write(data)


def test_without_it_damage_leaps_far_or_ends_selling():
    files, data = three_segments()
    write(files, "00000002", changed(data[1], 100))
    write_high(files, b"?" * 20)
    journal, _ = booted(files)
    assert journal.explain() == (2, 5 + SPAN + LEAP)
    mend(journal)
    assert not booted(files)[0].lost
    files = fresh_files()
    filled(files, 1)
    write(files, "00000001", b"?" * 500)
    write_high(files, b"")
    journal, _ = booted(files)
    assert journal.lost and journal.explain() is None and journal.fault == DAMAGED


def test_damage_below_a_break_needs_another_one():
    files, data = three_segments()
    write(files, "00000003", changed(data[2], 100))
    journal = check_mended(files, [1, 2, 3, 4, 6])
    first = journal.number
    write(files, "00000001", changed(data[0], 100))
    check_mended(files, [2, 3, 4, 6, first - 1, first])


def test_a_break_that_power_cut_short_is_made_again():
    files, data = three_segments()
    write(files, "00000002", changed(data[1], 100))
    mend(booted(files)[0])
    last = names(files)[-1]
    whole = read(files, last)
    for size in range(len(whole)):
        write(files, last, whole[:size])
        assert booted(files)[0].lost, size
    check_mended(files, [1, 2, 4, 5, 6])


def test_acks_beyond_what_damage_left_are_no_roll_back():
    files = fresh_files()
    journal = filled(files, 4)
    journal.append(records.ack(4, 5, b"ack"))
    whole = read(files, "00000001")
    write(files, "00000001", changed(whole, records.SEGMENT_HEADER + 600))
    journal = check_mended(files, [1, 3, 4])
    assert journal.acked == 4
