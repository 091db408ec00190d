"""Sessions, continued: acks, time, bundles in pieces, and whatever else comes over the link."""

import gc

from cabinpay.agent import records
from cabinpay.agent.errors import Refused
from cabinpay.agent.session import MAX_BUNDLE, Session
from cabinpay.wire import cbor, frames, messages
from cabinpay.wire.keys import kid
from test_session import EVERYONE, OPS, host_of, logged_in, sold
from world import (
    NOW,
    bundle,
    provisioned,
    quick,
    ready,
    reboot,
)


def test_an_ack_beyond_the_head_ends_selling_for_good():
    world = sold(2)
    host = logged_in(world)
    # not for another terminal's, nor for an unsigned one
    assert host.status("ack", host.ack_text(9, bytes(32), terminal_kid=bytes(8))) == "other_terminal"
    assert host.status("ack", host.ack_text(9, bytes(32), "stranger")) == "signature"
    assert world.terminal.state == "ready"
    assert host.status("ack", host.ack_text(3, bytes(32))) == "rolled_back"
    for _ in range(2):
        assert world.terminal.state == "rolled-back" and world.pay(quick(seq=9)) == "rolled_back"
        host = logged_in(world)
        assert host.hello()[1] == "rolled-back"
        host = logged_in(world)
        assert len(host.replies("pull", 1, 9)) == 3
        assert host.status("ack", host.ack_text(3, bytes(32))) == "rolled_back"
        assert host.status("ack", host.ack_text(4, bytes(32))) == "rolled_back"
        reboot(world)


def test_time():
    world = ready(bundle(ground=EVERYONE), rtc=None)
    host = logged_in(world)
    assert host.ask("time", host.time_text(NOW)) == ("ok", NOW)
    assert world.terminal.clock.read()[:2] == (NOW, 2)
    assert host.status("time", host.time_text(NOW)) == "time_session", "once a session"
    assert host.status("time", host.time_text(NOW + 1)) == "time_session"
    old = host.time_text(NOW + 9)
    host = logged_in(world)
    assert host.status("time", old) == "time_session"
    assert host.status("time", host.time_text(NOW + 1, nonce=bytes(16))) == "time_session"
    assert host.status("time", host.time_text(NOW + 1, terminal_kid=bytes(8))) == "time_session"
    assert host.status("time", host.time_text(NOW - 1)) == "time_back"
    assert host.status("time", host.time_text(1 << 40)) == "time_ahead"
    assert host.status("time", host.time_text(NOW)) == "ok", "a refused time does not use the session up"
    reboot(world)
    assert world.terminal.clock.read()[:2] == (NOW, 3)


def test_a_bundle_in_pieces():
    for size in (1, 7, 150, 200):
        world = provisioned()
        host = host_of(world)
        data = bundle()
        for at in range(0, len(data), size):
            chunk = data[at : at + size]
            assert world.terminal.trust.bundle is None
            status, done = host.ask("bundle", len(data), at, chunk)
            assert (status, done) == ("ok", at + len(chunk))
        assert world.terminal.state == "ready"


def test_bundle_pieces_out_of_order():
    data = bundle()
    n = len(data)
    for wrong in (
        (n, 10, data[:50]),
        (n, 49, data[49:99]),
        (n, 51, data[51:99]),
        (n, 0, data[:50]),
        (60, 50, data[:11]),
    ):
        world = provisioned()
        host = host_of(world)
        if wrong != (n, 10, data[:50]):
            assert host.ask("bundle", n, 0, data[:50]) == ("ok", 50)
        assert host.status("bundle", *wrong) == "bundle_chunk", wrong[:2]
        assert host.send_bundle(data) == "ok", "what was staged is forgotten"
    assert host_of(provisioned()).status("bundle", MAX_BUNDLE + 1, 0, b"x") == "bundle_chunk"


def test_hello_forgets_a_piece():
    world = provisioned()
    host = host_of(world)
    data = bundle()
    host.ask("bundle", len(data), 0, data[:50])
    host.hello()
    assert host.send_bundle(data) == "ok"


def test_bundles_that_are_refused():
    world = ready()
    host = logged_in(world)
    for data, code in (
        (bundle(version=6), "bundle_older"),
        (bundle(version=7, issued=NOW - 5), "bundle_version"),
        (bundle(version=8, not_after=NOW - 7201), "bundle_expired"),
        (bundle("issuer", version=8), "signature"),
        (b"\x80" * 300, "cbor"),
        (b"\x00", "cose"),
    ):
        assert host.send_bundle(data) == code
        assert world.terminal.trust.bundle.version == 7 and world.terminal.state == "ready"
    assert host.send_bundle(bundle()) == "ok"
    assert host.send_bundle(bundle(version=8)) == "ok"
    assert world.terminal.trust.bundle.version == 8


def hostile_bundles():
    """COSE around payloads that ask for as much memory as a decoder gives."""
    for payload in (b"\x80" * 2040, b"\xa0" * 2040, b"\x40" * 2040, b"\x00" * 2040):
        yield cbor.encode([b"\xa1\x01\x32", {}, b"\x99" + (2040).to_bytes(2, "big") + payload, bytes(64)])
    entries = b"".join(b"\x19" + n.to_bytes(2, "big") + b"\x80" for n in range(256, 1200))
    yield cbor.encode([b"\xa1\x01\x32", {}, b"\xb9" + (944).to_bytes(2, "big") + entries, bytes(64)])
    yield b"\x81" * 6000
    yield b"\x9b" + b"\xff" * 8
    yield b"\xbb" + b"\xff" * 8


def test_hostile_bundles_are_refused_and_leave_no_trace():
    world = provisioned()
    host = host_of(world)
    for data in hostile_bundles():
        gc.collect()
        assert host.send_bundle(data) in ("cbor", "cose", "schema", "memory")
    assert host.send_bundle(bundle()) == "ok" and world.terminal.state == "ready"


def test_arguments_of_other_forms():
    world = ready()
    host = logged_in(world)
    odd = (
        (),
        (1,),
        (1, 2, 3),
        (None,),
        ("text",),
        ([],),
        ({},),
        (True, False),
        (b"", b""),
        (-1, 1),
        (0, 1),
        (1 << 40, 1),
    )
    for op in OPS:
        for args in odd:
            if (op, args) in (("hello", ()), ("status", ())):
                continue
            assert host.status(op, *args) == "bad_args", (op, args)
    assert host.status("bundle", 10, False, b"x") in ("bad_args", "ok", "bundle_chunk")
    assert host.status("unheard", 1) == "unknown_op"
    assert host.status("ack", b"x" * 241) == "bad_args"
    for op in ("login", "ack", "time"):
        for statement in (b"\x00", b"\xff" * 240, b"\x84\x40\xa0\x40\x40", cbor.encode([1, {}, 2, 3])):
            assert host.status(op, statement) in ("cbor", "cose", "login", "login_wait"), op


def test_garbage_is_answered_with_a_short_code():
    world = ready()
    session = Session(world.terminal)
    state = 12345
    for length in range(240):
        body = bytearray()
        for _ in range(length):
            state = (state * 1103515245 + 12345) & 0x7FFFFFFF
            body.append(state >> 16 & 0xFF)
        replies = list(session.answer(bytes(body)))
        assert len(replies) == 1
        ident, status, result = messages.read_reply(replies[0], cbor)
        assert status in ("cbor", "schema") and len(replies[0]) < 120
        assert ident == 0 and isinstance(result, str)


def test_changed_requests_never_raise():
    world = sold(2)
    host = logged_in(world)
    texts = (host.ack_text(1, world.terminal.journal.head_at(1)), host.time_text(NOW + 1), host.login_text())
    for op, text in zip(("ack", "time", "login"), texts):
        body = messages.request(7, op, [text], cbor)
        for at in range(0, len(body), 3):
            for bits in (1, 0x80):
                changed = body[:at] + bytes([body[at] ^ bits]) + body[at + 1 :]
                for reply in host.session.answer(changed):
                    messages.read_reply(reply, cbor)
    assert world.terminal.journal.acked in (0, 1) and world.terminal.state == "ready"


def test_every_reply_fits_a_frame():
    world = sold(2)
    host = logged_in(world)
    room = records.MAX_RECORD - records.HEAD_SIZE - 4
    for signed_size in (0, 190, 300, 600):
        item = (0xFFFFFFFF, bytes(signed_size), bytes(room - signed_size))
        world.terminal.journal.records_from = lambda first, i=item: iter([i])
        body = messages.request(0xFFFF, "pull", [1, 1], cbor)
        assert all(len(reply) <= frames.MAX_REPLY for reply in host.session.answer(body))


def test_storage_that_fails_is_answered():
    world = sold(2)
    host = logged_in(world)
    journal = world.terminal.journal
    text = host.ack_text(1, journal.head_at(1))
    journal.fault = "storage"
    assert host.status("ack", text) == "storage"
    assert host.status("time", host.time_text(NOW + 1)) == "storage"

    def broken(data):
        raise OSError(5)

    world.terminal.install = broken
    assert host.send_bundle(b"x") == "storage"

    def starved(data):
        raise MemoryError()

    world.terminal.install = starved
    assert host.send_bundle(b"x") == "memory"

    def unreadable(first):
        raise OSError(5)

    journal.records_from = unreadable
    assert host.status("pull", 1, 1) == "storage"


def test_a_damaged_terminal_can_be_pulled():
    world = sold(3)
    with world.files.open("journal/00000001", "rb") as f:
        data = f.read()
    with world.files.open("journal/00000001", "wb") as f:
        f.write(data[:-3] + b"!!!")
    reboot(world)
    host = logged_in(world)
    journal = world.terminal.journal
    assert [result[0] for _, result in host.replies("pull", 1, 9)[:-1]] == [1, 2, journal.number]
    assert host.status("ack", host.ack_text(journal.number, journal.head)) == "ok"
    # where there can be no break, what is there can be pulled all the same
    world.terminal.journal.fault = "damaged"
    host = logged_in(world)
    assert len(host.replies("pull", 1, 9)) == 4
    assert host.status("ack", host.ack_text(journal.number, journal.head)) == "ok"


def test_sales_between_the_replies_of_a_pull():
    world = sold(3)
    host = logged_in(world)
    seq = 10
    got = []
    for reply in host.session.answer(messages.request(1, "pull", [1, 64], cbor)):
        _, status, result = messages.read_reply(reply, cbor)
        if status == "more":
            got.append(result[0])
            if seq < 13:
                assert world.pay(quick("other", seq)) == "approved"
                seq += 1
    assert got[:3] == [1, 2, 3] and got == list(range(1, len(got) + 1))
    rest = [result[0] for status, result in host.replies("pull", len(got) + 1, 64) if status == "more"]
    assert got + rest == list(range(1, 7))


def test_the_terminals_kid_is_its_keys():
    world = ready()
    assert kid(world.terminal.keys.public) == world.terminal.keys.kid
    try:
        world.terminal.provision(bytes(32), [], "", "")
        raise AssertionError("provisioned twice")
    except Refused as e:
        assert e.code == "not_blank"
