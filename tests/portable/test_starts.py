"""How a boot begins, what a crash leaves, and the door that every terminal has."""

import ed25519
from cabinpay.agent import crash, starts
from cabinpay.agent.door import Door
from cabinpay.agent.errors import Refused
from cabinpay.agent.rescue import Rescue
from cabinpay.agent.session import Session
from cabinpay.wire import cbor, cose, messages
from cabinpay.wire.receipts import MAINTENANCE, read_receipt
from test_session import EVERYONE, host_of, logged_in, sold
from world import NOW, Host, World, bundle, fresh_files, ready, receipts, signed


def grant(host, label="keeper", nonce=None, not_after=NOW + 600):
    payload = messages.maintenance(host.terminal_kid, nonce or host.nonce, not_after, cbor)
    return signed(label, payload, cose.AAD_MAINTENANCE)


def test_three_resets_in_a_row_are_a_rescue():
    files = fresh_files()
    assert [starts.begin(files, again) for again in (False, True, True, True, True)] == [1, 1, 1, 3, 3]
    assert starts.begin(files, False) == starts.WORK
    assert [starts.begin(files, True) for _ in range(2)] == [1, 1]
    starts.well(files)
    assert [starts.begin(files, True) for _ in range(3)] == [1, 1, 3]


def test_maintenance_is_for_one_boot_whatever_began_it():
    for again in (False, True):
        files = fresh_files()
        starts.open_next(files)
        assert [starts.begin(files, again), starts.begin(files, again)] == [starts.PROMPT, starts.WORK]


def test_a_crash_tells_its_functions_and_no_text():
    files = fresh_files()
    trace = 'Traceback:\n  File "a.py", line 1, in outer\n  File "b.py", line 2, in inner\nValueError: secret\n'
    crash.leave(files, "ValueError", trace)
    assert crash.told(files) == "ValueError < inner < outer"
    assert crash.found(files) == "ValueError"
    crash.clear(files)
    assert crash.told(files) == "ValueError < inner < outer", "until the next one"


def test_maintenance_is_noted_before_it_is_answered():
    world = ready(bundle(ground=EVERYONE))
    host = logged_in(world, "keeper")
    assert host.ask("maintenance", grant(host), 0) == ("ok", 0)
    assert host.session.leaving and starts.begin(world.files, True) == starts.PROMPT
    ((_, text, _),) = receipts(world)
    note = read_receipt(cose.parse(text, cbor).payload, cbor)
    assert note.event == MAINTENANCE and note.detail[:11] == "granted by "


def test_maintenance_that_is_refused():
    world = ready(bundle(ground=EVERYONE))
    host = logged_in(world, "keeper")
    for text, code in (
        (grant(host, "pull"), "signature"),
        (grant(host, nonce=bytes(16)), "grant_session"),
        (grant(host, not_after=NOW - 1), "grant_over"),
        (b"", "cbor"),
    ):
        assert host.status("maintenance", text, 0) == code
    assert not host.session.leaving and starts.begin(world.files, False) == starts.WORK and not receipts(world)
    assert host_of(world, "keeper").status("maintenance", grant(host), 0) == "login_first"


def test_not_over_receipts_that_no_ledger_has():
    world = sold(1)
    host = logged_in(world, "keeper")
    assert host.status("maintenance", grant(host), 0) == "not_synced"
    assert host.status("maintenance", grant(host), 1) == "ok"


def test_a_blank_terminal_needs_no_key():
    host = Host(Session(World().terminal))
    assert host.status("maintenance", b"", 0) == "ok" and host.session.leaving
    world = World()
    world.carved = 1
    world.boot()
    assert Host(Session(world.terminal)).status("maintenance", b"", 1) == "not_blank"


def rescued(world):
    return Host(Door(Rescue(world.files, cbor, ed25519, lambda: 0, lambda n: bytes(n), lambda: False)), "keeper")


def test_a_rescue_says_who_it_is_and_opens():
    world = ready(bundle(ground=EVERYONE))
    crash.leave(world.files, "OSError", '  File "x", line 1, in boot')
    host = rescued(world)
    assert host.status("log") == "login_first" and host.status("pull", 1, 1) == "unknown_op"
    assert host.login()[0] == "ok" and host.hello()[1] == "rescue"
    host.login()
    status, text = host.ask("log")
    kid, nonce, line = messages.read_log(cose.parse(text, cbor).payload, cbor)
    assert (status, kid, nonce, line) == ("ok", host.terminal_kid, host.nonce, "OSError < boot")
    assert host.status("maintenance", grant(host), 0) == "not_synced"
    assert host.status("maintenance", grant(host), 1) == "ok"
    assert crash.found(world.files) == "maintenance after OSError"


def test_a_rescue_without_a_bundle_lets_nobody_in():
    world = ready(bundle(ground=EVERYONE))
    world.files.remove("bundle")
    host = rescued(world)
    assert host.hello()[1] == "rescue" and host.status("login", b"x") == "login_first"
    try:
        Rescue(world.files, cbor, ed25519, lambda: 0, bytes, lambda: False).open_prompt(b"", 0)
    except Refused as e:
        assert e.code == "not_synced"
