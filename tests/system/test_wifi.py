"""Terminals over Wi-Fi: real MicroPython, real TLS, the gateway as its own process on loopback."""

import contextlib
import itertools
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import rig
import simulator
from cabinpay.wire import frames, messages
from cabinpay_host import certificate, codec, network
from cabinpay_host.cli_gateway import Current
from cabinpay_host.errors import HostError
from cabinpay_host.ledger import audit, views
from cabinpay_host.link import Item
from gate import SPEC, Gate, key_in, sign_on

pytestmark = pytest.mark.needs("wifi")


def command_of(gate: Gate, name: str, *more: str) -> list[str]:
    where = f"sqlite:///{gate.folder}/ledger.db#{gate.folder}/archive"
    listen = ["--listen", "127.0.0.1:0", "--status", "127.0.0.1:0"]
    ours = f"--certificate {name}.crt --ground laptop.key --ack ledger.key --ledger".split()
    return [sys.executable, "-m", "cabinpay_host.cli", "gateway", *listen, *ours, where, *more]


class Served:
    """A running `cabinpay gateway`: where terminals connect and where its status page is."""

    def __init__(self, gate: Gate, name: str, *more: str) -> None:
        self.log = open(gate.folder / f"{name}.log", "ab")  # noqa: SIM115
        self.process = subprocess.Popen(
            command_of(gate, name, *more), cwd=gate.folder, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log,
        )  # fmt: skip
        assert self.process.stdout is not None
        ports = re.findall(r":(\d+)", self.process.stdout.readline())
        assert len(ports) == 2, (gate.folder / f"{name}.log").read_text()
        self.port, self.status = map(int, ports)

    def page(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.status}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    def metric(self, name: str) -> float:
        found = re.search(rf"^{re.escape(name)} (\S+)$", self.page("/metrics"), re.M)
        assert found, name
        return float(found[1])

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.log.close()


@contextmanager
def gateway(gate: Gate, name: str = "gate", *more: str) -> Iterator[Served]:
    served = Served(gate, name, *more)
    try:
        yield served
    finally:
        served.close()


def pinning(gate: Gate, version: int, current: str = "gate", following: str = "next") -> None:
    """A bundle that pins these certificates, made where they are missing."""
    for name in (current, following):
        if not (gate.folder / f"{name}.crt").exists():
            certificate.create(gate.folder, name)
    pins = [certificate.pin(certificate.load(gate.folder / f"{name}.crt")).hex() for name in (current, following)]
    gate.new_bundle(version, SPEC + f'[gateway]\ncurrent = "{pins[0]}"\nnext = "{pins[1]}"\n')


def give_network(gate: Gate, terminal: simulator.Terminal, port: int, current: str = "gate") -> None:
    settings = gate.folder / "ground.toml"
    names = f'certificate = "{current}.crt"\nnext = "next.crt"\n'
    settings.write_text(f'ssid = "Ground"\npassword = "hush hush"\naddress = "127.0.0.1"\nport = {port}\n{names}')
    settings.chmod(0o600)
    with gate.link(terminal) as link:
        hello = link.hello()
        link.login(hello, gate.keeper)
        link.set_network(hello, gate.keeper, network.read(settings))


def eventually(holds: Callable[[], bool], seconds: float = 90) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.1)


@pytest.fixture
def roaming(provisioned: Path, gate: Gate) -> Iterator[simulator.Terminal]:
    """A terminal on a board with Wi-Fi whose bundle pins the gateway's certificate, signed on."""
    with simulator.Terminal(provisioned, wifi=1) as terminal:
        terminal.wait("sign_on")
        pinning(gate, 2)
        gate.sync(terminal)
        sign_on(terminal)
        yield terminal


def sell(gate: Gate, terminal: simulator.Terminal, name: str, amount: int) -> None:
    key_in(terminal, (1001, 1, amount))
    assert terminal.pay(gate.passenger(name).quick())["code"] == "approved"
    terminal.show("D", "items")


def held(gate: Gate) -> int:
    with gate.ledger.reading() as session:
        return sum(holding.held for holding in views.holdings(session))


def acked(gate: Gate, terminal: simulator.Terminal) -> tuple[int, int]:
    with gate.link(terminal) as link:
        link.login(link.hello(), gate.laptop)
        status = link.status()
        return status.acked, status.number


def test_a_terminal_syncs_itself(gate: Gate, roaming: simulator.Terminal) -> None:
    sell(gate, roaming, "anna", 1500)
    with gateway(gate, "gate", "--bundle", "2.bundle") as served:
        assert served.page("/health") == "ok\n"
        give_network(gate, roaming, served.port)
        eventually(lambda: served.metric('cabinpay_gateway_sessions_total{result="ok"}') >= 1)
        number = held(gate)
        assert acked(gate, roaming) == (number, number) and number >= 4
        assert served.metric("cabinpay_gateway_receipts_total") >= 2
        # and again, by itself, once something was sold since
        sell(gate, roaming, "bo", 200)
        eventually(lambda: held(gate) > number)
        eventually(lambda: acked(gate, roaming)[0] == held(gate))
    with gate.ledger.reading() as session:
        assert audit.verify(session, gate.ledger.archive) == [] and views.exceptions(session) == []
    log = (gate.folder / "gate.log").read_text()
    assert "9C-001 from 127.0.0.1: " in log and "hush" not in log and "Traceback" not in log
    assert "hush" not in (gate.folder / "flash.img.log").read_text()


def test_another_certificate_gets_nothing(gate: Gate, roaming: simulator.Terminal) -> None:
    """Somebody on the Wi-Fi with the right address, the right keys even, and a certificate of his own."""
    sell(gate, roaming, "anna", 1500)
    before = held(gate)
    certificate.create(gate.folder, "thief")
    with gateway(gate, "thief") as served:
        give_network(gate, roaming, served.port)
        eventually(lambda: served.metric('cabinpay_gateway_sessions_total{result="handshake"}') >= 2)
        assert served.metric('cabinpay_gateway_sessions_total{result="ok"}') == 0
    assert held(gate) == before and roaming.alive


def test_a_certificate_that_the_bundle_does_not_pin_is_not_even_tried(gate: Gate, roaming: simulator.Terminal) -> None:
    certificate.create(gate.folder, "old")
    with gateway(gate, "old") as served:
        give_network(gate, roaming, served.port, current="old")
        eventually(lambda: served.metric('cabinpay_gateway_sessions_total{result="handshake"}') >= 1)
        assert served.metric('cabinpay_gateway_sessions_total{result="ok"}') == 0


def test_the_next_certificate_takes_over(gate: Gate, roaming: simulator.Terminal) -> None:
    sell(gate, roaming, "anna", 1500)
    with gateway(gate, "next", "--bundle", "2.bundle") as served:
        give_network(gate, roaming, served.port)
        eventually(lambda: served.metric('cabinpay_gateway_sessions_total{result="ok"}') >= 1)
    assert acked(gate, roaming)[0] >= 4


def test_a_gateway_that_hangs_keeps_no_sale_back(gate: Gate, roaming: simulator.Terminal) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        give_network(gate, roaming, silent.getsockname()[1])
        silent.settimeout(20)
        connection, _ = silent.accept()
        with connection:
            sell(gate, roaming, "anna", 1500)
            # the sale has ended the visit that it met
            connection.settimeout(20)
            while connection.recv(4096):
                pass
    assert roaming.alive


def test_no_visit_while_a_sale_is_open(gate: Gate, roaming: simulator.Terminal) -> None:
    key_in(roaming, (1001, 1, 1500))
    with gateway(gate) as served:
        give_network(gate, roaming, served.port)
        time.sleep(5)
        assert served.page("/metrics").count("cabinpay_gateway_receipts_total 0.0") == 1
        assert served.metric('cabinpay_gateway_sessions_total{result="ok"}') == 0
        since = len(roaming.screens)
        roaming.press("D" * 2)
        roaming.wait("items", since=since)
        eventually(lambda: served.metric('cabinpay_gateway_sessions_total{result="ok"}') >= 1)


def test_it_backs_off_from_a_gateway_that_hangs_up(gate: Gate, roaming: simulator.Terminal) -> None:
    came = []
    with socket.create_server(("127.0.0.1", 0)) as rude:
        rude.settimeout(60)
        give_network(gate, roaming, rude.getsockname()[1])
        for _ in range(4):
            connection, _ = rude.accept()
            came.append(time.monotonic())
            connection.close()
    waits = [after - before for before, after in itertools.pairwise(came)]
    assert waits[0] >= 1.9 and waits[1] >= 3.9 and waits[2] >= 7.9, waits


def test_no_visit_without_memory_for_it(provisioned: Path, gate: Gate) -> None:
    rig.break_agent(provisioned, "import board\nboard.wlan.needs = 1 << 29\n")
    with simulator.Terminal(provisioned, wifi=1) as terminal, socket.create_server(("127.0.0.1", 0)) as server:
        terminal.wait("sign_on")
        pinning(gate, 2)
        gate.sync(terminal)
        give_network(gate, terminal, server.getsockname()[1])
        server.settimeout(5)
        with pytest.raises(TimeoutError):
            server.accept()
        assert terminal.alive


def test_without_wifi_nothing_of_it_is_loaded(gate: Gate, terminal: simulator.Terminal) -> None:
    with gate.link(terminal) as link:
        hello = link.hello()
        link.login(hello, gate.keeper)
        with pytest.raises(HostError, match="unknown_op"):
            link.set_network(hello, gate.keeper, b"x")


def test_who_may_set_the_network(gate: Gate, roaming: simulator.Terminal) -> None:
    with gate.link(roaming) as link:
        hello = link.hello()
        link.login(hello, gate.laptop)
        with pytest.raises(HostError, match="signature"):
            link.set_network(hello, gate.laptop, b"x" * 20)
        link.login(again := link.hello(), gate.keeper)
        with pytest.raises(HostError, match="network_session"):
            link.set_network(hello, gate.keeper, b"x" * 20)
        with pytest.raises(HostError, match="cbor"):
            link.set_network(again, gate.keeper, b"\xff" * 20)
        with pytest.raises(HostError, match="network_piece"):
            link.set_network(again, gate.keeper, bytes(3000))


def test_two_gateways_on_one_ledger(gate: Gate, roaming: simulator.Terminal, tmp_path: Path) -> None:
    with simulator.Terminal(tmp_path / "second.img", wifi=1) as second:
        second.wait("stopped")
        gate.provision(second, "9C-002")
        gate.sync(second)
        sign_on(second)
        for terminal, name in ((roaming, "anna"), (second, "bo")):
            for n in range(3):
                sell(gate, terminal, f"{name}{n}", 100 + n)
        before = held(gate)
        with gateway(gate, "gate") as one, gateway(gate, "next") as two:
            give_network(gate, roaming, one.port)
            give_network(gate, second, two.port)
            eventually(lambda: held(gate) >= before + 8)
            for terminal in (roaming, second):
                eventually(lambda terminal=terminal: len(set(acked(gate, terminal))) == 1)  # type: ignore[misc]
    with gate.ledger.reading() as session:
        assert audit.verify(session, gate.ledger.archive) == [] and views.exceptions(session) == []


def test_the_gateway_bounds_who_floods_it(gate: Gate, roaming: simulator.Terminal) -> None:
    with gateway(gate, "gate", "--sessions", "4") as served:
        idle = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(12)]
        eventually(lambda: served.metric("cabinpay_gateway_turned_away_total") >= 8)
        assert served.metric("cabinpay_gateway_connections") == 4
        for connection in idle:
            connection.close()
        long = b"GET /" + b"x" * 5000
        for request in (long, b"\x00" * 5000, b"POST /health HTTP/1.1\r\n\r\n", b"GET /etc HTTP/1\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", served.status)) as connection:
                connection.sendall(request)
                connection.settimeout(10)
                try:
                    answer = connection.recv(200)
                except ConnectionResetError:
                    answer = b""
                assert answer == b"" or answer.startswith(b"HTTP/1.1 404")
        give_network(gate, roaming, served.port)
        eventually(lambda: served.metric('cabinpay_gateway_sessions_total{result="ok"}') >= 1)


def test_two_hosts_at_once(gate: Gate, roaming: simulator.Terminal) -> None:
    """A laptop on the cable reads on while the terminal visits a gateway: each has its own session."""
    sell(gate, roaming, "anna", 1500)
    with gateway(gate) as served:
        give_network(gate, roaming, served.port)
        with gate.link(roaming) as link:
            link.login(link.hello(), gate.laptop)
            synced = 0.0
            while not synced:
                items: list[Item] = []
                assert link.pull(1, items)[0] == items[-1][0] >= 4
                synced = served.metric('cabinpay_gateway_sessions_total{result="ok"}')
    assert acked(gate, roaming) == (held(gate), held(gate))


def hostile(served: Served, answer: Callable[[bytes], bytes]) -> None:
    """A client with TLS and no terminal's key, which answers what it is sent until it is hung up on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", served.port), timeout=60) as plain,
        context.wrap_socket(plain) as stream,
        contextlib.suppress(OSError),
    ):
        while request := stream.recv(4096):
            stream.sendall(answer(request))


def test_who_is_no_terminal_is_hung_up_on(gate: Gate, roaming: simulator.Terminal) -> None:
    strange = [1, "ready", "agent", "9C-001", os.urandom(32), bytes(16), 1]

    def as_a_stranger(request: bytes) -> bytes:
        (body,) = frames.Decoder(frames.MAX_REQUEST).feed(request)
        return frames.encode(messages.reply(messages.read_request(body, codec)[0], "ok", strange, codec))

    with gateway(gate) as served:
        hostile(served, as_a_stranger)
        eventually(lambda: served.metric('cabinpay_gateway_sessions_total{result="refused"}') == 1)
        hostile(served, lambda request: request)
        hostile(served, lambda _: os.urandom(1 << 20))
        eventually(lambda: served.metric('cabinpay_gateway_sessions_total{result="terminal"}') == 2)
        assert served.metric("cabinpay_gateway_connections") == 0
        assert served.metric("process_resident_memory_bytes") < 300e6
    assert "fault" not in (gate.folder / "gate.log").read_text()


def test_health_tells_that_the_ledger_is_gone(gate: Gate, roaming: simulator.Terminal) -> None:
    with gateway(gate) as served:
        whole = (gate.folder / "ledger.db").read_bytes()
        (gate.folder / "ledger.db").write_bytes(b"no ledger" * 200)
        with pytest.raises(urllib.error.HTTPError, match="503"):
            served.page("/health")
        (gate.folder / "ledger.db").write_bytes(whole)
        assert served.page("/health") == "ok\n"


def test_a_bundle_replaced_in_its_place_is_brought_from_then_on(gate: Gate, provisioned: Path) -> None:
    pinning(gate, 2)
    pin = certificate.pin(certificate.load(gate.folder / "gate.crt"))
    place = gate.folder / "9C.bundle"
    shutil.copy(gate.folder / "2.bundle", place)
    current = Current(gate.ledger, (gate.folder / "laptop.key", gate.folder / "ledger.key", None, place), pin)
    first = current()
    assert first.bundle and first.bundle[0] == 2 and current() is first
    pinning(gate, 3)
    shutil.copy(gate.folder / "3.bundle", place)
    second = current()
    assert second.bundle and second.bundle[0] == 3
    shutil.copy(gate.folder / "1.bundle", place)
    with pytest.raises(HostError, match="not_pinned"):
        current()


def test_a_gateway_whose_bundle_does_not_pin_it_does_not_start(gate: Gate, provisioned: Path) -> None:
    pinning(gate, 2)
    certificate.create(gate.folder, "other")
    command = command_of(gate, "other", "--bundle", "2.bundle")
    done = subprocess.run(command, cwd=gate.folder, capture_output=True, text=True, timeout=30)
    assert done.returncode == 4 and done.stderr.startswith("cabinpay: not_pinned: ")
