"""A terminal with everything around it that tests need: keys, bundles, passes, phones, a ground host, a flash.

Signatures are real. Time stands still until a test moves it; NOW is when the terminal was switched on.
"""

import binascii
import gc
import hashlib
import os

import ed25519

# read now: where sources are compiled as they are asked for, a test leaves too little in one block for that
from cabinpay.agent import bringing, ground, starting  # noqa: F401
from cabinpay.agent.terminal import Terminal
from cabinpay.io import layout
from cabinpay.io.files import Files
from cabinpay.wire import cbor, cose, messages, qrtext, trust
from cabinpay.wire.claims import Pass, Payment, cnf
from cabinpay.wire.keys import kid
from support import seed

try:
    import vfs
except ImportError:
    vfs = None
    import atexit
    import shutil
    import tempfile
try:
    from rp2 import Flash
except ImportError:
    Flash = None

DAY = 20679  # 2026-08-14
NOW = DAY * 86400 + 6 * 3600
EUR, JPY = 978, 392
CAPS = [[5000, 4000, 3000], [3000, 2500, 0], [2000, 1500, 0]]
LABEL, AIRCRAFT, AIRLINE, FLIGHT = "Trolley 2", "D-ABCD", "XC", 1234
ROOTS = ("root", "root next")
LINES = [[101, 2, 350], [205, 1, 500]]
AMOUNT = 1200

_public = {}


def public(label):
    if label not in _public:
        _public[label] = ed25519.public_key(seed(label))
    return _public[label]


def kid_of(label):
    return kid(public(label))


def signed(label, payload, aad, named=True):
    return cose.sign(payload, kid_of(label) if named else None, lambda m: ed25519.sign(seed(label), m), aad, cbor)


def delegation(root="root", key="bundle", not_after=NOW + 90 * 86400, serial=1):
    payload = trust.Delegation(bundle_key=public(key), not_after=not_after, serial=serial).pack(cbor)
    return signed(root, payload, cose.AAD_DELEGATION)


def issuer_entry(label="issuer", start=NOW - 864000, end=NOW + 864000, caps=((EUR, 4500, 15000), (JPY, 4500, 15000))):
    return [public(label), start, end, [list(cap) for cap in caps]]


def ground_entry(label="ledger", rights=trust.PULL | trust.ACK | trust.TIME, start=NOW - 864000, end=NOW + 864000):
    return [public(label), start, end, rights]


def bundle(signer="bundle", **changes):
    """COSE bytes of a bundle that allows everything a quick sale of a few euros needs; `changes` replace fields."""
    fields = {
        "delegation": None,
        "version": 7,
        "issued": NOW - 7200,
        "not_after": NOW + 7 * 86400,
        "airline": AIRLINE,
        "currencies": [[EUR, 2, CAPS, 500000], [JPY, 0, CAPS, 500000]],
        "issuers": [issuer_entry()],
        "ground": [ground_entry()],
        "limits": [60, 10 * 86400, 500, 604800],
    }
    fields.update(changes)
    if fields["delegation"] is None:
        fields["delegation"] = delegation()
    return signed(signer, trust.Bundle(**fields).pack(cbor), cose.AAD_BUNDLE)


def a_pass(name="passenger", issuer="issuer", device="device", **changes):
    """COSE bytes of the pass of `name`."""
    fields = {
        "sub": binascii.hexlify(some(name + " sub", 4)).decode(),
        "aud": AIRLINE,
        "exp": NOW + 2 * 86400,
        "nbf": NOW - 86400,
        "cti": some(name, 8),
        "cnf": cnf(public(device)),
        "limits": [EUR, 10000, 4000, 5],
    }
    fields.update(changes)
    return signed(issuer, Pass(**fields).pack(cbor), cose.AAD_PASS)


def some(label, size):
    return hashlib.sha256(b"cabinpay test bytes " + label.encode()).digest()[:size]


def payment(signed_pass, seq=1, iat=NOW, device="device", terms=None, challenge=None):
    payload = Payment(iat=iat, seq=seq, terms=terms, challenge=challenge).pack(cbor)
    return signed(device, payload, signed_pass, named=False)


def shown(signed_pass, signed_payment):
    """What the scanner reads, ASCII bytes."""
    return qrtext.customer_text(signed_pass, signed_payment, cbor).encode()


def quick(name="passenger", seq=1, iat=NOW, **changes):
    """A scanned quick payment over the pass of `name`; `changes` are the pass's."""
    its = a_pass(name, **changes)
    return shown(its, payment(its, seq, iat, changes.get("device", "device")))


_BLOCK = 4096
_BLOCKS = 96


# of a Pico's flash: behind the tests' own code
_SCRATCH = 256 * _BLOCK


class ScratchFile:
    """Block device in an unnamed file: of the heap, which is as small as a Pico's, code and tests take most."""

    def __init__(self):
        name = "/tmp/cabinpay-" + binascii.hexlify(os.urandom(8)).decode()
        self._file = open(name, "w+b")
        os.remove(name)
        for _ in range(_BLOCKS * 16):
            self._file.write(b"\xff" * 256)

    def readblocks(self, block, buffer, offset=0):
        self._file.seek(block * _BLOCK + offset)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=0):
        self._file.seek(block * _BLOCK + offset)
        self._file.write(buffer)

    def ioctl(self, op, arg):
        return _BLOCKS if op == 4 else _BLOCK if op == 5 else 0


class FolderFiles(Files):
    """A folder in place of a flash: as small, and the segment that a terminal leaves open is closed in the end."""

    appended = []

    def open(self, name, mode):
        f = super().open(name, mode)
        if mode == "ab":
            self.appended.append(f)
        return f

    def free(self):
        return _BLOCKS * _BLOCK

    def size(self):
        return _BLOCKS * _BLOCK

    def close(self):
        while self.appended:
            self.appended.pop().close()


MOUNT = "/w"
_mounted = []


def fresh_files():
    """Files on an empty file system: littlefs where there is one, a temporary folder elsewhere."""
    if vfs is None:
        folder = tempfile.mkdtemp()
        atexit.register(shutil.rmtree, folder, True)
        FolderFiles("").close()
        return FolderFiles(folder)
    _unmount()
    device = Flash(start=_SCRATCH, len=_BLOCKS * _BLOCK) if Flash else ScratchFile()
    vfs.VfsLfs2.mkfs(device, progsize=256)
    return _mount(device)


def _unmount():
    while _mounted:
        vfs.umount(_mounted.pop())
    gc.collect()


def _mount(device):
    _unmount()
    vfs.mount(vfs.VfsLfs2(device, progsize=256), MOUNT)
    _mounted.append(MOUNT)
    files = Files(MOUNT)
    files.device = device
    return files


class World:
    """terminal: booted; seconds: since power-on; rtc: Unix time that its RTC had then, None for no RTC; crypto: what
    the terminal calls; raw(): what it finds in raw flash, else `carved` is."""

    def __init__(self, files=None, rtc=NOW, max_passes=20, crypto=ed25519, raw=None):
        self.files = files or fresh_files()
        self.rtc = rtc
        self.seconds = 0
        self.max_passes = max_passes
        self.crypto = crypto
        self.carved = 0
        self.raw = raw
        self.boots = 0
        self.boot()

    def boot(self):
        self.boots += 1
        self.terminal = Terminal(
            self.files,
            cbor,
            self.crypto,
            lambda: self.seconds,
            lambda: None if self.rtc is None else self.rtc + self.seconds,
            lambda n: some("noise %d" % self.boots, 32)[:n] if n <= 32 else some("entropy", 32) + some("more", n - 32),
            self.max_passes,
            lambda: self.raw() if self.raw else self.carved,
        )
        self.terminal.boot()
        return self.terminal

    def sale(self, lines=LINES):
        """What the crew has keyed in."""
        sale = self.terminal.new_sale()
        for line in lines:
            sale.add(*line)
        return sale

    def pay(self, text, lines=LINES):
        """Code of the verdict on a scanned text."""
        return self.terminal.scan(text, self.sale(lines) if self.terminal.trust.bundle else None).code


def provisioned(**options):
    """A world whose terminal has its keys and nothing else."""
    world = World(**options)
    world.terminal.provision(some("host entropy", 32), [public(root) for root in ROOTS], LABEL, AIRCRAFT)
    return world


def ready(data=None, **options):
    """A world whose terminal has a bundle: `data`, or the usual one."""
    world = provisioned(**options)
    world.terminal.install(data or bundle())
    return world


def selling(data=None, **options):
    """A world with an open shift."""
    world = ready(data, **options)
    world.terminal.open_shift("4711", FLIGHT, DAY)
    return world


def reboot(world, seconds=5):
    """Power off and on: only flash and RTC survive. The RTC has counted on, the ticks begin anew."""
    if world.rtc is not None:
        world.rtc += world.seconds + seconds
    world.seconds = 0
    if vfs is not None:
        world.files = _mount(world.files.device)
    return world.boot()


def receipts(world, first=1):
    return list(world.terminal.journal.records_from(first))


class Host:
    """The ground's side of a session, with its own signing."""

    def __init__(self, session, label="ledger"):
        self.session = session
        self.label = label
        self.ident = 0
        self.channel = b""
        self.nonce = b""
        self.terminal_kid = b""

    def replies(self, op, *args):
        """[(status, result), ...] to one request."""
        self.ident += 1
        body = messages.request(self.ident, op, list(args), cbor)
        out = []
        for reply in self.session.answer(body):
            ident, status, result = messages.read_reply(reply, cbor)
            assert ident == self.ident
            out.append((status, result))
        return out

    def ask(self, op, *args):
        """(status, result) of the last reply."""
        return self.replies(op, *args)[-1]

    def attested(self, signed):
        """What the terminal says of its pull, its signature checked."""
        terminal = self.session._terminal
        verify = trust.by_keys([terminal.keys.public], terminal.crypto.verify)
        return messages.read_pulled(cose.open(signed, verify, cose.AAD_STATUS, cbor), cbor)

    def status(self, op, *args):
        return self.ask(op, *args)[0]

    def hello(self):
        status, result = self.ask("hello")
        assert status == "ok"
        self.nonce = result[5]
        self.terminal_kid = kid(result[4]) if result[4] else b""
        return result

    def login_text(self, **changes):
        fields = {
            "role": messages.HOST,
            "host_kid": kid_of(self.label),
            "terminal_kid": self.terminal_kid,
            "host_nonce": some("host nonce", 16),
            "terminal_nonce": self.nonce,
            "channel": self.channel,
        }
        fields.update(changes)
        return signed(self.label, messages.login(codec=cbor, **fields), cose.AAD_LOGIN)

    def login(self):
        self.hello()
        return self.ask("login", self.login_text())

    def ack_text(self, number, head, label="ledger", terminal_kid=None):
        payload = messages.ack(terminal_kid or self.terminal_kid, number, head, some("ledger", 16), cbor)
        return signed(label, payload, cose.AAD_ACK)

    def time_text(self, now, label="ledger", terminal_kid=None, nonce=None):
        payload = messages.time(terminal_kid or self.terminal_kid, nonce or self.nonce, now, cbor)
        return signed(label, payload, cose.AAD_TIME)

    def send_bundle(self, data, size=150):
        """Status of the last chunk, or of the first that is refused."""
        for at in range(0, len(data), size):
            status = self.status("bundle", len(data), at, data[at : at + size])
            if status != "ok":
                break
        return status


class View:
    """What the crew sees and hears: screens as (name, lines, qr, code)."""

    def __init__(self):
        self.screens = []
        self.sounds = []
        self.shows_receipts = True
        self.rows = 14

    def show(self, name, lines, qr=None, code=""):
        # a panel of 240x240 holds every line, below the bar of a verdict or not
        assert isinstance(lines, list) and all(lines), lines
        rows = layout.folded(lines, 28)
        assert len(layout.page(rows, 28, 184 if code else 236)) == len(rows), lines
        self.screens = self.screens[-3:] + [(name, lines, qr, code)]

    def sound(self, tone):
        # the last ones: thousands of scans must not need one large block of a small heap
        self.sounds = self.sounds[-15:] + [tone]

    @property
    def name(self):
        return self.screens[-1][0]

    @property
    def lines(self):
        return self.screens[-1][1]

    @property
    def code(self):
        return self.screens[-1][3]
