"""The network of a board with Wi-Fi: who may set it, what it holds, and that no answer tells it."""

import hashlib

from cabinpay.agent import network
from cabinpay.agent.network import NetworkSession
from cabinpay.wire import cbor, cose
from cabinpay.wire.network import Network
from entries import claims, objects, payload_of, same
from support import refusal
from test_session import EVERYONE
from world import Host, bundle, ready, signed

GIVEN = Network(
    ssid="Ground", password="hush", address="10.1.2.3", port=7340, certificates=[b"one" * 100, b"two" * 100]
).pack(cbor)


def keeper(world):
    host = Host(NetworkSession(world.terminal), "keeper")
    assert host.login()[0] == "ok"
    return host


def give(host, data=GIVEN, size=150):
    for at in range(0, len(data), size):
        status = host.status("network", at, data[at : at + size])
    return status


def join(host, data=GIVEN, label="keeper", **changes):
    fields = [changes.get("kid", host.terminal_kid), changes.get("nonce", host.nonce), hashlib.sha256(data).digest()]
    return host.status("join", signed(label, cbor.encode(fields), changes.get("aad", cose.AAD_MAINTENANCE)))


def test_it_is_kept_and_loaded_again():
    world = ready(bundle(ground=EVERYONE))
    assert network.load(world.files, cbor) is None
    host = keeper(world)
    assert give(host) == "ok" and join(host) == "ok"
    kept = network.load(world.files, cbor)
    assert (kept.ssid, kept.password, kept.address, kept.port) == ("Ground", "hush", "10.1.2.3", 7340)
    assert kept.certificates == [b"one" * 100, b"two" * 100]
    with world.files.open("network", "wb") as f:
        f.write(b"damaged")
    assert network.load(world.files, cbor) is None


def test_who_may_not():
    world = ready(bundle(ground=EVERYONE))
    for label in ("pull", "ack", "time", "gone", "stranger"):
        host = keeper(world)
        give(host)
        assert join(host, label=label) == "signature", label
    for code, changes in (
        ("network_session", {"kid": bytes(8)}),
        ("network_session", {"nonce": bytes(16)}),
        ("signature", {"aad": cose.AAD_TIME}),
    ):
        host = keeper(world)
        give(host)
        assert join(host, **changes) == code
        assert join(host) == "network_session", "what was given is gone after a try"
    host = keeper(world)
    give(host)
    host.login()
    assert join(host) == "network_session", "or with its session"
    host = Host(NetworkSession(world.terminal), "keeper")
    assert host.status("network", 0, b"x") == "login_first" and host.status("join", b"x") == "login_first"
    assert network.load(world.files, cbor) is None


def test_pieces_in_order_and_bounded():
    host = keeper(ready(bundle(ground=EVERYONE)))
    assert host.status("network", 1, b"x") == "network_piece"
    assert [host.status("network", 200 * n, bytes(200)) for n in range(11)] == ["ok"] * 10 + ["network_piece"]
    assert host.status("network", 0, b"x") == "ok"


def test_what_is_no_network_is_refused():
    world = ready(bundle(ground=EVERYONE))
    for data in (b"\xff", cbor.encode({1: "Ground"}), GIVEN + b"\x00"):
        host = keeper(world)
        give(host, data)
        assert join(host, data) in ("cbor", "schema")
    assert network.load(world.files, cbor) is None


def test_the_vector():
    (entry,) = objects("network")
    assert same(cbor.decode(payload_of(entry)), claims(entry["claims"]))
    assert refusal(Network.unpack, GIVEN[:-1], cbor) is not None
