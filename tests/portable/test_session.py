import hashlib

from cabinpay.agent import AGENT
from cabinpay.agent.session import MAX_CREDIT, Session
from cabinpay.wire import cbor, cose, messages
from cabinpay.wire.receipts import RTC
from cabinpay.wire.trust import ACK, MAINTAIN, PULL, TIME
from world import (
    AIRCRAFT,
    LABEL,
    NOW,
    ROOTS,
    Host,
    World,
    bundle,
    ground_entry,
    kid_of,
    provisioned,
    public,
    quick,
    ready,
    reboot,
    receipts,
    selling,
    signed,
    some,
)

OPS = ("hello", "provision", "login", "bundle", "pull", "ack", "time", "status")
PROVISION = (some("host entropy", 32), public(ROOTS[0]), public(ROOTS[1]), LABEL, AIRCRAFT)
EVERYONE = [
    ground_entry("ledger", PULL | ACK | TIME),
    ground_entry("pull", PULL),
    ground_entry("ack", ACK),
    ground_entry("time", TIME),
    ground_entry("keeper", MAINTAIN),
    ground_entry("gone", PULL | ACK | TIME, NOW - 100, NOW - 1),
    ground_entry("coming", PULL | ACK | TIME, NOW + 1, NOW + 100),
]


def host_of(world, label="ledger", channel=b""):
    host = Host(Session(world.terminal, channel), label)
    host.channel = channel
    return host


def logged_in(world, label="ledger"):
    host = host_of(world, label)
    assert host.login()[0] == "ok"
    return host


def sold(count=3):
    world = selling(bundle(ground=EVERYONE))
    for n in range(count - 1):
        assert world.pay(quick(seq=n + 1)) == "approved"
    return world


def arguments(host, op):
    """Well-formed arguments, so that only state and rights can stand against `op`."""
    return {
        "hello": (),
        "provision": PROVISION,
        "login": (b"x",),
        "bundle": (100, 0, b"x"),
        "pull": (1, 1),
        "ack": (b"x",),
        "time": (b"x",),
        "status": (),
    }[op]


def test_hello_in_every_state():
    blank = World()
    damaged = selling()
    damaged.terminal.journal.fault = "damaged"
    for world, state, version in (
        (blank, "blank", 0),
        (provisioned(), "no-bundle", 0),
        (ready(), "ready", 7),
        (damaged, "damaged", 7),
    ):
        host = host_of(world)
        result = host.hello()
        assert messages.hello_form(result) and result[1] == state and result[6] == version
        keys = world.terminal.keys
        assert result[3:5] == ([LABEL, keys.public] if keys else ["", b""])
        assert host.hello()[5] != result[5]


def test_what_each_state_answers_before_login():
    for world, open_ops in (
        (World(), ("hello", "provision")),
        (provisioned(), ("hello", "bundle")),
        (ready(), ("hello", "login", "bundle")),
        (selling(), ("hello", "login", "bundle")),
    ):
        for greeted in (False, True):
            for op in OPS:
                host = host_of(world)
                if greeted:
                    host.hello()
                if op == "provision" and "provision" in open_ops:
                    continue  # below
                status = host.status(op, *arguments(host, op))
                assert (status == "login_first") == (op not in open_ops), (world.terminal.state, op, status)


def test_a_blank_terminal_is_provisioned_once():
    world = World()
    host = host_of(world)
    host.hello()
    status, key = host.ask("provision", *PROVISION)
    assert status == "ok" and key == world.terminal.keys.public
    assert host.status("provision", *PROVISION) == "login_first"
    assert host.send_bundle(bundle()) == "ok"
    assert host.login()[0] == "ok"
    assert host.status("provision", *PROVISION) == "not_blank"


def test_terminals_that_are_not_blank_are_not_provisioned():
    world = World()
    world.carved = 1
    world.boot()
    assert host_of(world).status("provision", *PROVISION) == "not_blank"
    world = World()
    with world.files.open("keys", "wb") as f:
        f.write(b"damaged")
    world.boot()
    assert host_of(world).status("provision", *PROVISION) == "not_blank"


def test_a_login_proves_both_sides():
    world = ready()
    host = host_of(world)
    status, answer = host.login()
    assert status == "ok"
    keys = world.terminal.keys
    payload = cose.open(
        answer, lambda k, m, s: k == keys.kid and world.crypto.verify(keys.public, m, s), cose.AAD_LOGIN, cbor
    )
    assert messages.read_login(payload, cbor) == [
        "terminal",
        kid_of("ledger"),
        keys.kid,
        some("host nonce", 16),
        host.nonce,
        b"",
    ]
    assert host.status("pull", 1, 1) == "ok"


def test_logins_that_are_refused():
    world = ready(bundle(ground=EVERYONE))
    for changes in (
        {"role": "terminal"},
        {"role": "host!"},
        {"host_kid": kid_of("pull")},
        {"terminal_kid": bytes(8)},
        {"terminal_nonce": bytes(16)},
        {"channel": bytes(32)},
    ):
        host = host_of(world)
        host.hello()
        assert host.status("login", host.login_text(**changes)) == "login", changes
        # the nonce is used up: the right login comes too late, and would even where nobody had to wait
        assert host.status("login", host.login_text()) == "login_wait"
        world.seconds += 2
        assert host.status("login", host.login_text()) == "login"
        assert host.status("pull", 1, 1) == "login_first"
    world = ready(bundle(ground=EVERYONE))
    for label in ("stranger", "gone", "coming", "issuer", "root"):
        assert host_of(world, label).login()[0] == "login", label
    for label in ("pull", "ack", "time", "keeper"):
        assert host_of(world, label).login()[0] == "ok", label


def test_a_login_without_hello_or_over_an_old_one():
    world = ready()
    host = host_of(world)
    host.hello()
    text = host.login_text()
    host.hello()
    assert host.status("login", text) == "login"
    assert host.login()[0] == "login_wait"
    host = host_of(world)
    host.terminal_kid = world.terminal.keys.kid
    assert host.status("login", host.login_text(terminal_nonce=bytes(16))) == "login"


def test_each_failed_login_slows_down_the_next():
    world = ready()
    host = host_of(world)
    for wait in (2, 4, 8, 16, 32, 64, 64):
        host.hello()
        assert host.ask("login", host.login_text(channel=bytes(32)))[0] == "login"
        world.seconds += wait - 1
        assert host.login() == ("login_wait", "A login failed just now. Try again in a minute.")
        assert host.status("pull", 1, 1) == "login_first"
        world.seconds += 1
    assert host.login()[0] == "ok"
    host.hello()
    assert host.status("login", b"x") == "login"
    world.seconds += 2
    assert host.login()[0] == "ok", "a right login is forgiven what came before it"


def test_a_failed_login_tells_nothing():
    world = ready(bundle(ground=EVERYONE))
    told = set()
    for label in ("stranger", "gone", "ledger"):
        host = host_of(world, label)
        host.hello()
        told.add(host.ask("login", host.login_text(terminal_nonce=bytes(16))))
        told.add(host_of(world).ask("login", b"x"))
    assert len(told) == 1


def test_status_is_signed_for_this_session():
    world = sold(4)
    host = logged_in(world, "time")
    world.seconds += 9
    status, signed_report = host.ask("status")
    keys = world.terminal.keys
    payload = cose.open(
        signed_report, lambda k, m, s: k == keys.kid and world.crypto.verify(keys.public, m, s), cose.AAD_STATUS, cbor
    )
    report = cbor.decode(payload)
    assert status == "ok" and report[:5] == [keys.kid, host.nonce, "ready", AGENT, 7]
    assert report[5:7] == [4, 0] and 0 <= report[7] <= 100 and report[8:] == [NOW + 9, RTC]
    world.terminal.journal._room = world.terminal.journal.reserve
    assert cbor.decode(cose.parse(host.ask("status")[1], cbor).payload)[7] == 100


def test_a_replayed_login():
    world = ready()
    host = host_of(world)
    host.hello()
    text = host.login_text()
    assert host.status("login", text) == "ok"
    assert host.status("login", text) == "login"
    other = host_of(world)
    other.hello()
    assert other.status("login", text) == "login"


def test_a_signature_of_another_purpose_is_no_login():
    world = ready()
    host = host_of(world)
    host.hello()
    payload = messages.login("host", kid_of("ledger"), host.terminal_kid, bytes(16), host.nonce, b"", cbor)
    assert host.status("login", signed("ledger", payload, cose.AAD_TIME)) == "login"


def test_hello_ends_a_session():
    world = ready()
    host = logged_in(world)
    host.hello()
    assert host.status("pull", 1, 1) == "login_first"


def test_the_gateways_certificate_is_bound_in():
    world = ready()
    channel = some("certificate", 32)
    assert host_of(world, channel=channel).login()[0] == "ok"
    for text_channel in (b"", some("another", 32)):
        host = host_of(world, channel=channel)
        host.channel = text_channel
        assert host.login()[0] == "login"


def test_pulling():
    world = sold(5)
    host = logged_in(world, "pull")
    stored = [list(item) for item in receipts(world)]
    for first, credit in ((1, 64), (1, 2), (3, 1), (5, 9), (6, 9), (1 << 31, 1), (1, 0xFFFFFFFF)):
        replies = host.replies("pull", first, credit)
        # a slice takes a machine word, which is of 32 bits on a chip
        assert [result for _, result in replies[:-1]] == stored[min(first, 9) - 1 :][: min(credit, 9)]
        assert all(status == "more" for status, _ in replies[:-1])
        sent = b"".join(cbor.encode(result) for _, result in replies[:-1])
        assert replies[-1][0] == "ok"
        assert host.attested(replies[-1][1]) == [
            host.terminal_kid,
            host.nonce,
            first,
            world.terminal.journal.number,
            world.terminal.journal.head,
            hashlib.sha256(sent).digest(),
        ]


def test_credit_is_bounded():
    world = sold(4)
    host = logged_in(world)
    items = [(n, b"s", b"e") for n in range(1, MAX_CREDIT + 9)]
    world.terminal.journal.records_from = lambda first: iter(items)
    assert len(host.replies("pull", 1, 0xFFFFFFFF)) == MAX_CREDIT + 1


def test_pulling_an_empty_journal():
    host = logged_in(ready())
    ((status, signed),) = host.replies("pull", 1, 10)
    assert status == "ok" and host.attested(signed)[3:5] == [0, bytes(32)]


def test_rights():
    world = sold()
    journal = world.terminal.journal
    for label, may in (("pull", "pull"), ("ack", ""), ("time", "")):
        host = logged_in(world, label)
        assert host.status("pull", 1, 1) == ("ok" if may == "pull" else "right"), label
    for label in ("pull", "time", "keeper", "gone", "coming", "issuer", "stranger"):
        host = logged_in(world)
        assert host.status("ack", host.ack_text(1, journal.head_at(1), label)) == "signature", label
    for label in ("pull", "ack", "keeper", "gone", "coming", "issuer", "stranger"):
        host = logged_in(world)
        assert host.status("time", host.time_text(NOW + 5, label)) == "signature", label
    assert journal.acked == 0
    # a laptop carries acks and times that it could not sign
    host = logged_in(world, "pull")
    assert host.ask("ack", host.ack_text(1, journal.head_at(1), "ack")) == ("ok", 1)
    assert host.ask("time", host.time_text(NOW + 5, "time")) == ("ok", NOW + 5)


def test_a_stolen_laptops_key_ends_with_the_next_bundle():
    world = sold()
    thief = logged_in(world, "pull")
    assert thief.status("pull", 1, 1) == "ok"
    world.terminal.install(bundle(version=8, ground=[entry for entry in EVERYONE if entry[0] != public("pull")]))
    assert thief.status("pull", 1, 1) == "right", "in the middle of its session"
    assert thief.login()[0] == "login"


def test_acks():
    world = sold(4)
    journal = world.terminal.journal
    host = logged_in(world)
    assert host.ask("ack", host.ack_text(2, journal.head_at(2))) == ("ok", 2)
    size = journal.room()
    assert host.ask("ack", host.ack_text(2, journal.head_at(2))) == ("ok", 2)
    assert host.ask("ack", host.ack_text(1, journal.head_at(1))) == ("ok", 2)
    assert journal.room() == size, "a replay writes nothing"
    assert host.status("ack", host.ack_text(3, journal.head_at(2))) == "other_branch"
    assert host.status("ack", host.ack_text(3, bytes(32))) == "other_branch"
    assert host.status("ack", host.ack_text(4, journal.head, terminal_kid=bytes(8))) == "other_terminal"
    assert host.ask("ack", host.ack_text(4, journal.head)) == ("ok", 4)
    reboot(world)
    assert world.terminal.journal.acked == 4 and world.terminal.state == "ready"
