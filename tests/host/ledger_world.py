"""Issuers, bundles, passes, payments and terminals for the ledger's tests, all from written seeds; and what the tests
look at."""

import contextlib
import hashlib
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from nacl import bindings as sodium
from sqlalchemy import create_engine, select, text

import postgres
from cabinpay.wire import claims, cose, receipts, trust
from cabinpay.wire.files import REVOKED
from cabinpay.wire.keys import kid
from cabinpay_host import codec, crypto
from cabinpay_host.ledger import Ledger, audit, views
from cabinpay_host.ledger.archive import RECEIPT  # noqa: F401 (tests count records by it)
from cabinpay_host.ledger.models import Base

NOW = 1_750_000_000
DAY = 86_400
EUR, USD = 978, 840
AIRLINE = "9C"
OPEN_CAPS = [[0xFFFFFF] * 3] * 3
SANDWICH = [[101, 1, 650]]

CHALLENGED, BOUND, QUICK = claims.CHALLENGED, claims.BOUND, claims.QUICK


def sha(data):
    return hashlib.sha256(data).digest()


class Key:
    def __init__(self, label):
        self.seed = sha(b"cabinpay test key " + label.encode())
        self.public = crypto.public_key(self.seed)
        self.kid = kid(self.public)

    def sign(self, payload, aad, *, kid=True):
        """kid: True for this key's, or the one to claim, or None for the header without."""
        return cose.sign(payload, self.kid if kid is True else kid, crypto.signer(self.seed), aad, codec)


ROOT, BUNDLE_KEY, ISSUER, GROUND = Key("root"), Key("bundle"), Key("issuer"), Key("ground")


def revoked(*people):
    """The file of these passengers' passes."""
    return b"".join(sorted(p.issuer.kid + p.cti for p in people))


def bundle(
    *issuers, version=1, root=ROOT, start=0, until=NOW + 365 * DAY, issued=NOW - DAY, not_after=NOW + 90 * DAY,
    caps=OPEN_CAPS, per_sale=1_000_000, total=1_000_000, freshness=60, lifetime=30 * DAY, file=None,
):  # fmt: skip
    """COSE bytes of a trust bundle that lists `issuers` (keys); file: the list of revoked passes beside it."""
    words = trust.Delegation(bundle_key=BUNDLE_KEY.public, not_after=not_after, serial=1).pack(codec)
    listed = [[i.public, start, until, [[EUR, per_sale, total]]] for i in issuers or (ISSUER,)]
    made = trust.Bundle(
        delegation=root.sign(words, cose.AAD_DELEGATION),
        version=version,
        issued=issued,
        not_after=NOW + 30 * DAY,
        airline=AIRLINE,
        currencies=[[EUR, 2, caps, 0]],
        issuers=listed,
        ground=[[GROUND.public, 0, NOW + 365 * DAY, 15]],
        limits=[freshness, lifetime, 1000, 7 * DAY],
        files=[[REVOKED, len(file), sha(file)]] if file else None,
    )
    return BUNDLE_KEY.sign(made.pack(codec), cose.AAD_BUNDLE)


class Passenger:
    """A phone with one pass."""

    def __init__(self, label, issuer=ISSUER, limits=(EUR, 100_000, 50_000, 200), **changes):
        self.device = Key("phone " + label)
        self.issuer = issuer
        values = {"sub": sha(b"sub" + label.encode()).hex()[:8], "aud": AIRLINE, "nbf": NOW - DAY, "exp": NOW + DAY}
        values.update(cti=sha(b"cti" + label.encode())[:8], cnf=claims.cnf(self.device.public), limits=list(limits))
        self.claims = claims.Pass(**{**values, **changes})
        self.cti, self.sub = self.claims.cti, self.claims.sub
        self.signed = issuer.sign(self.claims.pack(codec), cose.AAD_PASS)
        self.seq = NOW

    def pay(self, *, terms=None, challenge=None, seq=None, iat=NOW + 120, device=None, aad=None, kid=None):
        self.seq = seq or self.seq + 1
        words = claims.Payment(iat=iat, seq=self.seq, terms=terms, challenge=challenge).pack(codec)
        return (device or self.device).sign(words, self.signed if aad is None else aad, kid=kid)

    @property
    def account(self):
        return f"passenger:{self.issuer.kid.hex()}:{self.cti.hex()}"


@dataclass
class Terminal:
    """A chain of receipts; `items` is what it streams."""

    label: str
    items: list = field(default_factory=list)
    time: int = NOW
    shift: int = 1
    sums: dict = field(default_factory=dict)
    voids: dict = field(default_factory=dict)
    lost: int = 0

    def __post_init__(self):
        self.key = Key("terminal " + self.label)
        self.kid = self.key.kid

    @property
    def number(self):
        return len(self.items) + self.lost

    def twin(self):
        """A clone, or the same terminal restored from a dump: goes on from here on a branch of its own."""
        sums = dict(self.sums), dict(self.voids)
        return Terminal(self.label, list(self.items), self.time, self.shift, *sums, self.lost)

    def open(self):
        self.shift, self.sums, self.voids = self.number + 1, {}, {}
        flight = [AIRLINE, 8801, 20254]
        return self._add(receipts.Open, crew="c17", flight=flight, aircraft="B-1234", agent="0.1", bundle=1)

    def close(self, sums=None, **to):
        rows = ((receipts.SALE, self.sums), (receipts.VOID, self.voids))
        told = sorted([c, kind, n, total] for kind, sums in rows for c, (n, total) in sums.items())
        fields = {"covers": [self.shift, self.number], "sums": told if sums is None else sums}
        return self._add(receipts.Close, **{**fields, **to})

    def sale(
        self, who, lines=None, mode=QUICK, amount=None, currency=EUR, payment=None, nonce=None, evidence=None, **to
    ):
        """to: fields of the receipt, or header (kid), signer, that are not what they should be."""
        lines = lines or SANDWICH
        amount = claims.lines_total(lines) if amount is None else amount
        nonce = sha(b"nonce%d" % self.number)[:16] if mode == CHALLENGED and nonce is None else nonce
        payment = payment or self._payment(who, lines, mode, amount, currency, nonce)
        proof = receipts.Evidence(who.signed, payment, lines, nonce or None)
        hashes = {"payment_hash": proof.payment_hash(codec), "lines_hash": proof.lines_hash(codec)}
        count, total = self.sums.get(currency, (0, 0))
        self.sums[currency] = count + 1, total + amount
        data = proof.pack(codec) if evidence is None else evidence
        return self._add(receipts.Sale, data, **{"mode": mode, "amount": [amount, currency], **hashes, **to})

    def void(self, item, **to):
        """Cancels a sale (an item); to: fields that are not what they should be."""
        receipt = receipts.read_receipt(cose.parse(item[1], codec).payload, codec)
        amount, currency = getattr(receipt, "amount", (0, EUR))
        count, total = self.voids.get(currency, (0, 0))
        self.voids[currency] = count + 1, total + amount
        return self._add(receipts.Void, **{"sale": sha(item[1]), "reason": receipts.CHANGED_MIND, **to})

    def damage(self, good, lost_to, **to):
        """A flash that lost everything above `good`: the chain goes on with a break after `lost_to`."""
        self.items = self.items[:good]
        self.lost = lost_to - good
        return self._add(receipts.Break, good=good, lost=[good + 1, lost_to], **to)

    def note(self, **to):
        return self._add(receipts.Note, event=receipts.CRASH, detail="watchdog", **to)

    def _payment(self, who, lines, mode, amount, currency, nonce):
        order = claims.lines_hash(lines, codec)[:8]
        if mode == BOUND:
            return who.pay(terms=[amount, currency, order], iat=self.time + 60)
        if mode == CHALLENGED:
            bill = claims.Bill(self.kid, nonce, amount, currency, order)
            return who.pay(terms=[amount, currency], challenge=bill.challenge(codec))
        return who.pay(iat=self.time + 60)

    def _add(self, form, evidence=b"", *, header=True, signer=None, **fields):
        self.time += 60
        previous = sha(self.items[-1][1]) if self.items else receipts.FIRST_PREVIOUS
        head = {"number": self.number + 1, "previous": previous, "kind": form.KIND, "time": self.time}
        head.update(quality=[receipts.RTC, 0], shift=self.shift)
        payload = form(**{**head, **fields}).pack(codec)
        number = self.number + 1
        item = (
            number,
            (signer or self.key).sign(payload, cose.AAD_RECEIPT, kid=self.kid if header is True else header),
            evidence,
        )
        self.items.append(item)
        return item

    def spoil(self, raw=b"\xff", evidence=b""):
        """Something streamed that is no receipt."""
        self.items.append((self.number + 1, raw, evidence))
        return self.items[-1]


def new_ledger(folder, *terminals, bundles=(), wait=5.0, overspend="passenger"):
    """A ledger in `folder` that knows `terminals` and the usual bundle."""
    paths = places(folder)
    ledger = Ledger.create(*paths, [ROOT.public], overspend=overspend, wait=wait, clock=lambda: NOW + 2 * DAY)
    for data in bundles or [bundle()]:
        ledger.add_bundle(data)
    for terminal in terminals:
        ledger.add_terminal(terminal.key.public, terminal.label, AIRLINE)
    return ledger


def places(folder, name="ledger"):
    """(database URL, archive) of a ledger in `folder`, on the engine that the test runs on; see conftest.py."""
    return url_of(folder, name), folder / f"{name}.archive"


def url_of(folder, name="ledger"):
    server = os.environ.get("CABINPAY_TEST_SERVER")
    if server is None:
        return f"sqlite:///{folder / name}.db"
    return postgres.database(Path(server), postgres.name_for(folder / name))


def location(folder, name):
    """What --ledger takes, in `folder`, for a ledger whose archive is NAME.db.archive."""
    file = {"l": "ledger"}.get(name, name)
    return f"{url_of(folder, file)}#{name}.db.archive" if on_server() else f"{name}.db"


def copied(folder, to):
    """Another ledger like the one in `folder`, which nobody may have open."""
    shutil.copytree(folder, to, dirs_exist_ok=True)
    if on_server():
        names = (postgres.name_for(f / "ledger") for f in (folder, to))
        postgres.copy(Path(os.environ["CABINPAY_TEST_SERVER"]), *names)
        # the ledger numbers its rows itself; what a test puts in beside it is numbered by the server
        with _from_outside(to) as connection:
            for table in ("receipts", "evidence", "exceptions", "entries", "postings"):
                last = f"(SELECT MAX(id) FROM {table})"
                connection.execute(text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), {last})"))


@contextlib.contextmanager
def _from_outside(folder):
    """A connection that no constraint between rows binds."""
    engine = create_engine(url_of(folder))
    try:
        with engine.begin() as connection:
            if on_server():
                connection.execute(text("SET session_replication_role = replica"))
            yield connection
    finally:
        engine.dispose()


def alter(folder, *statements):
    """Each must alter something."""
    with _from_outside(folder) as connection:
        for statement in statements:
            assert connection.execute(text(_spoken(statement))).rowcount, statement


def fetched(folder, query):
    with _from_outside(folder) as connection:
        return connection.execute(text(query)).all()


def _spoken(statement):
    """SQLite's octets and truths as the server says them."""
    if not on_server():
        return statement
    statement = statement.replace("zeroblob(32)", f"x'{bytes(32).hex()}'")
    statement = re.sub(r"[xX]'([0-9a-fA-F]*)'", r"decode('\1', 'hex')", statement)
    truth = re.compile(r"\b(voided|anchored|streamed|word|handed) = (0|1)\b")
    return truth.sub(lambda m: f"{m[1]} = {'TRUE' if m[2] == '1' else 'FALSE'}", statement)


def on_server():
    return "CABINPAY_TEST_SERVER" in os.environ


def pull(ledger, terminal, batch=3):
    """What a sync does: pulls from where the ledger says, again where it must, and returns what it would ack."""
    for _ in range(4):
        start = ledger.next_number(terminal.kid)
        rest = [item for item in terminal.items if item[0] >= start]
        if not rest:
            break
        for i in range(0, len(rest), batch):
            ledger.take(terminal.kid, rest[i : i + batch], "sync")
    return ledger.custody(terminal.kid)


def forged_again(who, payment):
    """Another valid signature of the same payment: Ed25519 with a nonce of the signer's own choosing."""
    sign1 = cose.parse(payment, codec)
    message = cose.signed_bytes(sign1, who.signed, codec)
    expanded = hashlib.sha512(who.device.seed).digest()
    scalar = bytes([expanded[0] & 248]) + expanded[1:31] + bytes([expanded[31] & 127 | 64])
    r = sodium.crypto_core_ed25519_scalar_reduce(hashlib.sha512(b"another nonce").digest())
    point = sodium.crypto_scalarmult_ed25519_base_noclamp(r)
    k = sodium.crypto_core_ed25519_scalar_reduce(hashlib.sha512(point + who.device.public + message).digest())
    scalar = sodium.crypto_core_ed25519_scalar_reduce(scalar + bytes(32))
    s = sodium.crypto_core_ed25519_scalar_add(r, sodium.crypto_core_ed25519_scalar_mul(k, scalar))
    return codec.encode([sign1.protected, {}, sign1.payload, point + s])


def open_codes(ledger, but=""):
    """{(terminal label, number): [codes]} of what stands open; but: the code that a test is not about."""
    codes = {}
    with ledger.reading() as session:
        for e in views.exceptions(session):
            if e.code != but:
                codes.setdefault((e.terminal, e.number), []).append(e.code)
    return {where: sorted(found) for where, found in codes.items()}


def money(ledger):
    """{(account, currency): amount}, nothing for accounts that came back to zero."""
    with ledger.reading() as session:
        return {(b.account, b.currency): b.amount for b in views.balances(session) if b.amount}


_UNEQUAL = "SELECT entry_id, currency FROM postings GROUP BY entry_id, currency HAVING SUM(amount) <> 0"


def faults(ledger):
    with ledger.reading() as session:
        assert not any(views.trial_balance(session).values())
        assert session.execute(text(_UNEQUAL)).all() == []
        return audit.verify(session, ledger.archive)


def shown(sale):
    """(receipt, pass, payment) of a sale (an item), as a phone has them."""
    signed_pass, payment = codec.decode(sale[2])[:2]
    return sale[1], signed_pass, payment


_DUMP = {
    "receipts": "SELECT terminal_kid, number, sha256, raw, state, kind, time, amount, currency, cti, seq, booked"
    " FROM receipts ORDER BY 1, 2, 3",
    "evidence": "SELECT r.sha256, e.raw FROM evidence e JOIN receipts r ON r.id = e.receipt_id ORDER BY 1, 2",
    "settlements": "SELECT s.issuer_kid, s.cti, s.seq, r.sha256, s.amount, s.currency FROM settlements s"
    " JOIN receipts r ON r.id = s.receipt_id ORDER BY 1, 2, 3",
    "postings": "SELECT r.sha256, p.account, p.currency, SUM(p.amount) FROM postings p"
    " JOIN entries e ON e.id = p.entry_id JOIN receipts r ON r.id = e.receipt_id"
    " GROUP BY r.sha256, p.account, p.currency HAVING SUM(p.amount) <> 0 ORDER BY 1, 2, 3",
    "exceptions": "SELECT r.terminal_kid, r.number, r.sha256, x.code FROM exceptions x"
    " JOIN receipts r ON r.id = x.receipt_id WHERE x.cleared IS NULL ORDER BY 1, 2, 3, 4",
    "refunds": "SELECT amount, reason, author, made, posted FROM refunds ORDER BY 1, 2",
    "files": "SELECT sha256, name, raw FROM files ORDER BY 1",
    "borne": "SELECT issuer_kid, cti, seq, borne FROM settlements ORDER BY 1, 2, 3",
    "roles": "SELECT name, role, author, made FROM roles ORDER BY 1",
    "lost": "SELECT kid, lost_at FROM terminals ORDER BY 1",
    "custody": "SELECT kid, held_number FROM terminals ORDER BY 1",
}


def dump(ledger):
    """Everything that must not depend on the order in which receipts came: postings net, by receipt."""
    with ledger.reading() as session:
        return {name: [tuple(row) for row in session.execute(text(query))] for name, query in _DUMP.items()}


# What the archive does not say: when and from where a receipt came, how often it was judged, when an exception was
# raised, and what the terminal has now. Everything else of every table must come back.
_NOT_KEPT = {
    "receipts": {"id", "received", "source", "revision"},
    "evidence": {"id"},
    "refunds": {"id"},
    "exceptions": {"id", "raised", "cleared"},
    "terminals": {"rewind"},
}
_NET = """SELECT r.sha256, f.ident, e.kind IN ('overspend'), p.account, p.currency, SUM(p.amount) FROM postings p
    JOIN entries e ON e.id = p.entry_id JOIN receipts r ON r.id = e.receipt_id LEFT JOIN refunds f ON f.id = e.refund_id
    GROUP BY 1, 2, 3, 4, 5 HAVING SUM(p.amount) <> 0 ORDER BY 1, 2, 3, 4, 5"""


def tables(ledger, *, forked=False):
    """Every column of every table that an archive brings back; exceptions that stand open, postings net. forked: two
    branches reach as far, and which of them the terminal has now is not in the archive."""
    with ledger.reading() as session:
        names = {
            r.id: tuple(r)[1:] for r in session.execute(text("SELECT id, terminal_kid, number, sha256 FROM receipts"))
        }
        found = {"postings": [tuple(row) for row in session.execute(text(_NET))]}
        for table in Base.metadata.sorted_tables:
            if table.name not in ("entries", "postings"):
                rows = [_kept(table.name, dict(row), names) for row in session.execute(select(table)).mappings()]
                found[table.name] = sorted((row for row in rows if row), key=repr)
    if forked:
        found["terminals"] = [{**row, "held_head": None} for row in found["terminals"]]
    return found


def _kept(table, row, names):
    if row.get("cleared") is not None:
        return None
    row.update({name: names.get(row[name]) for name in ("receipt_id", "voided_by") if name in row})
    return {name: value for name, value in row.items() if name not in _NOT_KEPT.get(table, ())}
