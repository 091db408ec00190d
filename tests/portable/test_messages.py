"""Requests, replies and signed statements: vectors both ways, every refusal."""

from cabinpay.wire import cbor, messages
from cabinpay.wire.receipts import Evidence
from entries import check_refusals, claims, named, objects, octets, payload_of, same
from support import refusal

READERS = {
    "login": messages.read_login,
    "ack": messages.read_ack,
    "time": messages.read_time,
    "maintenance": messages.read_maintenance,
    "pulled": messages.read_pulled,
    "log": messages.read_log,
}
WRITERS = {
    "login": messages.login,
    "ack": messages.ack,
    "time": messages.time,
    "maintenance": messages.maintenance,
    "pulled": messages.pulled,
    "log": messages.log,
}


def test_signed_statements_both_ways():
    forms = []
    for entry in objects("login", "ack", "time", "maintenance", "pulled", "log"):
        payload, items = payload_of(entry), claims(entry["claims"])
        assert same(READERS[entry["form"]](payload, cbor), items)
        assert WRITERS[entry["form"]](*items, cbor) == payload
        forms.append(entry["form"])
    assert forms == ["login", "login", "ack", "time", "maintenance", "pulled", "log"]


def test_requests_and_replies_both_ways():
    for form, read, write in (
        ("request", messages.read_request, messages.request),
        ("reply", messages.read_reply, messages.reply),
    ):
        for entry in objects(form):
            body, items = octets(entry["encoded"]), claims(entry["claims"])
            assert same(list(read(body, cbor)), items)
            assert write(*items, cbor) == body


def test_refusals():
    for at, read in (
        ("messages.read_request", messages.read_request),
        ("messages.read_reply", messages.read_reply),
        ("messages.read_login", messages.read_login),
        ("messages.read_ack", messages.read_ack),
        ("messages.read_time", messages.read_time),
        ("messages.read_maintenance", messages.read_maintenance),
    ):
        check_refusals(at, lambda entry, read=read: read(octets(entry["input"]), cbor))


def test_statements_are_not_read_as_each_other():
    for entry in objects("login", "ack", "time", "maintenance", "pulled", "log"):
        payload = payload_of(entry)
        readers = [form for form in READERS if refusal(READERS[form], payload, cbor) is None]
        # these two have one form: external_aad keeps them apart, as cose.open's refusals show
        alike = entry["form"] in ("time", "maintenance")
        assert set(readers) == ({"time", "maintenance"} if alike else {entry["form"]})


def test_ends_of_every_range():
    for ident in (0, 0xFFFF):
        assert messages.read_request(messages.request(ident, "o" * 16, [0] * 16, cbor), cbor)[0] == ident
        assert messages.read_reply(messages.reply(ident, "s" * 32, None, cbor), cbor) == (ident, "s" * 32, None)
    assert messages.read_time(messages.time(bytes(8), bytes(16), 1 << 40, cbor), cbor)[2] == 1 << 40
    assert messages.read_ack(messages.ack(bytes(8), 0xFFFFFFFF, bytes(32), bytes(16), cbor), cbor)[1] == 0xFFFFFFFF


def test_hello_has_its_form():
    hello = named("reply, hello")[2]
    assert hello[0] == messages.VERSION
    assert messages.hello_form(hello)
    blank = [1, "blank", "0.1.0", "", b"", bytes(16), 0]
    assert messages.hello_form(blank)
    for place, wrong in enumerate((0, "", "a" * 17, "l" * 25, bytes(31), bytes(15), -1)):
        items = list(hello)
        items[place] = wrong
        assert not messages.hello_form(items), place
    assert not messages.hello_form(hello[:6]) and not messages.hello_form(hello * 2)


def test_evidence_travels_whole():
    streamed = named("reply, more")[2]
    assert Evidence.unpack(streamed[1], cbor).nonce is not None
