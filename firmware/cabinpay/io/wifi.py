"""Wi-Fi on the ground: the terminal is a TLS client of the gateway, which then speaks to it as a host on a cable does.
Loaded only on boards that have it."""

import asyncio
import gc
import hashlib
import ssl

from cabinpay.agent.network import NetworkSession, load
from cabinpay.wire.network import SERVER_NAME

from . import link

# Seconds between tries while they fail grow up to this; jitter at most doubles them. On the ground there are minutes.
_MOST = 300
# and after a sync that left nothing, unless something was sold since
_RESTED = 3600
_JOIN = 20
_CONNECT = 20
# Turns of 2 ms in which the gateway says nothing: a minute
_PATIENCE = 30000
_LOOK = 100


class Stream:
    """A TLS socket as the link wants it. closed: the gateway has gone, says nothing, or `wanted()` has ended."""

    def __init__(self, sock, wanted):
        self._sock = sock
        self._wanted = wanted
        self._quiet = 0
        self.closed = False

    def read_some(self, buffer):
        n = self._moved(self._sock.readinto, buffer)
        if n == 0:
            self.closed = True  # end of file; nothing to read now would be None
        self._quiet = 0 if n else self._quiet + 1
        if self._quiet > _PATIENCE or not self._wanted():
            self.closed = True
        return n or 0

    def write_some(self, data):
        return self._moved(self._sock.write, data) or 0

    def _moved(self, operation, data):
        if self.closed:
            return None
        try:
            return operation(data)
        except (OSError, ValueError):
            self.closed = True  # a certificate that is not the pinned one ends here too
            return None


async def keep(wlan, terminal, idle, changed):
    """Syncs whenever it can: a network is given and in reach, no sale is open, memory suffices. Returns when a visit
    was left with the board to be reset. wlan: join(ssid, password), joined(), leave(); first: seconds to the first
    try; needs: bytes of heap that a connection takes."""
    wait = wlan.first
    tries = 0
    while True:
        await _pause(terminal, wait)
        gc.collect()
        if not idle() or gc.mem_free() < wlan.needs:
            continue
        network, pins = load(terminal.files, terminal.codec), terminal.trust.bundle and terminal.trust.bundle.gateway
        certificate = network and _pinned(network.certificates, pins or (), tries)
        if not certificate:
            continue
        tries += 1
        try:
            if await _visited(wlan, network, certificate, terminal, idle, changed):
                return
        finally:
            wlan.leave()
        wait = min(2 * wait, _MOST)
        if terminal.journal.acked >= terminal.journal.number:
            wait = await _rest(wlan, terminal)


async def _pause(terminal, seconds):
    await asyncio.sleep_ms(seconds * (1000 + 4 * terminal.urandom(1)[0]))


async def _rest(wlan, terminal):
    """Until something is to be brought, or for an hour."""
    for _ in range(_RESTED // wlan.first):
        await asyncio.sleep(wlan.first)
        if terminal.journal.acked < terminal.journal.number:
            break
    return wlan.first


def _pinned(certificates, pins, turn):
    """(DER, its SHA-256) of a certificate that the bundle pins; the other one at the next turn."""
    found = [(der, hashlib.sha256(der).digest()) for der in certificates]
    found = [entry for entry in found if entry[1] in pins]
    return found[turn % len(found)] if found else None


async def _visited(wlan, network, certificate, terminal, idle, changed):
    """One connection to its end; is the board to be reset after it?"""
    wlan.join(network.ssid, network.password)
    for _ in range(2 * _JOIN):
        if wlan.joined():
            break
        await asyncio.sleep_ms(500)
    else:
        return False
    try:
        opening = asyncio.open_connection(
            network.address, network.port, ssl=_context(certificate[0]), server_hostname=SERVER_NAME
        )
        reader, _ = await asyncio.wait_for(opening, _CONNECT)
    except (OSError, ValueError, MemoryError, asyncio.TimeoutError):
        return False
    session = NetworkSession(terminal, certificate[1])
    stream = Stream(reader.s, idle)
    serving = asyncio.create_task(link.serve(stream, lambda: session, changed))
    while not stream.closed and not serving.done():
        await asyncio.sleep_ms(_LOOK)
    serving.cancel()
    reader.s.close()
    return session.leaving


def _context(der):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=der)
    return context
