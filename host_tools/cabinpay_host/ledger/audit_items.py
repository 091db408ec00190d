"""What an archive's record and a database's row are called, so that both can be compared, and the keys among them.

To add a kind of record: a line in RECORDS, and its query in TABLES.
"""

import contextlib
import hashlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Row

from cabinpay.wire import cose
from cabinpay.wire.errors import WireError
from cabinpay.wire.keys import kid
from cabinpay.wire.trust import Bundle

from .. import codec
from .archive import (
    ANSWER,
    BATCH,
    BUNDLE,
    ENROLMENT,
    FILE,
    HAND_IN,
    LOST,
    ORDER,
    POLICY,
    RECEIPT,
    REFUND,
    ROLE,
    ROOT,
    TERMINAL,
    WORKED,
)
from .audit_sql import octets, shown


class Item(NamedTuple):
    """digest: of what the name alone does not say, None where what said it is taken back; whole: False where a row's
    bytes are not what its name says."""

    name: str
    digest: bytes | None = b""
    whole: bool = True


class Party(NamedTuple):
    public_key: bytes
    airline: str


class Issuer(NamedTuple):
    public_key: bytes
    start: int
    until: int


@dataclass
class Keys:
    """Every key held, in the archive or the database, and what else receipts are held against: that both hold the same
    is looked at once, and not again for every receipt signed by a key that is missing from one. The database's word on
    a terminal goes last. lost: where terminals are closed; bundles: by airline; revoked: issuer kid and cti of each
    pass, by SHA-256 of the list; bearer: of overspends."""

    terminals: dict[bytes, Party] = field(default_factory=dict)
    issuers: defaultdict[tuple[str, bytes], set[Issuer]] = field(default_factory=lambda: defaultdict(set))
    lost: dict[bytes, int] = field(default_factory=dict)
    bundles: defaultdict[str, list[Bundle]] = field(default_factory=lambda: defaultdict(list))
    revoked: dict[bytes, frozenset[bytes]] = field(default_factory=dict)
    bearer: str = ""

    def add_terminal(self, public_key: bytes, airline: str) -> None:
        self.terminals.setdefault(kid(public_key), Party(public_key, airline))

    def add_bundle(self, raw: bytes) -> None:
        with contextlib.suppress(WireError):
            bundle = Bundle.unpack(cose.parse(raw, codec).payload, codec)
            self.bundles[bundle.airline].append(bundle)
            for public_key, start, until, _ in bundle.issuers:
                self.issuers[bundle.airline, kid(public_key)].add(Issuer(public_key, start, until))

    def add_file(self, name: str, raw: bytes) -> None:
        if name == "revoked":
            self.revoked[_sha(raw)] = frozenset(raw[i : i + 16] for i in range(0, len(raw), 16))


def _sha(data: object) -> bytes:
    return hashlib.sha256(octets(data)).digest()


def _digest(*parts: object) -> bytes:
    return hashlib.sha256("\0".join(map(shown, parts)).encode()).digest()


def _receipt_name(kid: object, number: object, sha256: object) -> str:
    return f"receipt {shown(kid)}, {number}, {shown(sha256)}"


def _root_record(_: Keys, public_key: bytes) -> list[Item]:
    return [Item(f"root {public_key.hex()}")]


def _bundle_record(keys: Keys, raw: bytes) -> list[Item]:
    keys.add_bundle(raw)
    return [Item(f"bundle {_sha(raw).hex()}", _bundle_digest(raw))]


def _file_record(keys: Keys, name: bytes, raw: bytes) -> list[Item]:
    keys.add_file(name.decode(), raw)
    return [Item(f"file {name.decode()} {_sha(raw).hex()}")]


def _policy_record(keys: Keys, bearer: bytes) -> list[Item]:
    keys.bearer = bearer.decode()
    return [Item("who bears overspends", bearer)]


def _bundle_digest(raw: bytes) -> bytes:
    """Of what the table says of it beside."""
    try:
        bundle = Bundle.unpack(cose.parse(raw, codec).payload, codec)
    except WireError:
        return b""
    return _digest(bundle.version, bundle.airline)


def _terminal_record(keys: Keys, public_key: bytes, label: bytes, airline: bytes) -> list[Item]:
    keys.add_terminal(public_key, airline.decode())
    return [Item(f"terminal {kid(public_key).hex()}", _digest(public_key, label.decode(), airline.decode()))]


def _enrolment_record(_: Keys, issuer_kid: bytes, cti: bytes, sub: bytes, passenger: bytes) -> list[Item]:
    name = f"enrolment of pass {cti.hex()} of issuer {issuer_kid.hex()}"
    return [Item(name, _digest(sub.decode(), passenger.decode()))]


# Digest of a receipt that its terminal gave; one that only a phone has handed in has none. With evidence it is the
# other way round.
_STREAMED, _HANDED = b"streamed", b"handed"


def _receipt_record(_: Keys, terminal_kid: bytes, number: bytes, raw: bytes, evidence: bytes) -> list[Item]:
    return _receipt_items(terminal_kid, number, raw, evidence, (_STREAMED, b""))


def _hand_in_record(_: Keys, terminal_kid: bytes, number: bytes, raw: bytes, evidence: bytes) -> list[Item]:
    return _receipt_items(terminal_kid, number, raw, evidence, (b"", _HANDED))


def _receipt_items(
    terminal_kid: bytes, number: bytes, raw: bytes, evidence: bytes, digests: tuple[bytes, bytes]
) -> list[Item]:
    name = _receipt_name(terminal_kid, _int(number), _sha(raw))
    items = [Item(name, digests[0])]
    return [*items, Item(f"evidence {_sha(evidence).hex()} of {name}", digests[1])] if evidence else items


def _order_record(_: Keys, terminal_kid: bytes, number: bytes, sha256: bytes, before: bytes) -> list[Item]:
    return [Item(f"what came before {_receipt_name(terminal_kid, _int(number), sha256)}", before)]


def _refund_record(_: Keys, ident: bytes, *said: bytes) -> list[Item]:
    terminal_kid, number, sha256, amount, reason, author, made = said
    words = reason.decode(), author.decode()
    digest = _digest(terminal_kid, _int(number), sha256, _int(amount), *words, _int(made))
    return [Item(f"refund {ident.hex()}", digest)]


def _lost_record(keys: Keys, _: bytes, terminal_kid: bytes, number: bytes, *__: bytes) -> list[Item]:
    keys.lost[terminal_kid] = _int(number)
    return [Item(f"loss of terminal {terminal_kid.hex()}", _digest(_int(number)))]


def _role_record(_: Keys, __: bytes, *said: bytes) -> list[Item]:
    name, role, given, author, made = said
    digest = _digest(author.decode(), _int(made)) if given == b"\x01" else None
    return [Item(f"role {role.decode()} of {name.decode()}", digest)]


def _batch_record(_: Keys, ident: bytes, *said: bytes) -> list[Item]:
    issuer_kid, currency, author, made, lines = said
    asked = codec.decode(lines)
    digest = _digest(issuer_kid, _int(currency), author.decode(), _int(made), len(asked))
    items = [Item(f"batch {ident.hex()}", digest)]
    return items + [Item(f"pass {cti.hex()} in batch {ident.hex()}", _digest(amount)) for cti, amount in asked]


def _answer_record(_: Keys, __: bytes, *said: bytes) -> list[Item]:
    told, answers = said
    return [
        Item(f"answer on pass {cti.hex()} in batch {ident.hex()}", _digest(state, reason, _int(told)))
        for ident, cti, state, reason in codec.decode(answers)
    ]


def _worked_record(_: Keys, ident: bytes, *said: bytes) -> list[Item]:
    terminal_kid, number, hashes, code, reason, author, made = said
    digest = _digest(code.decode(), reason.decode(), author.decode(), _int(made))
    names = (_receipt_name(terminal_kid, _int(number), hashes[i : i + 32]) for i in range(0, len(hashes), 32))
    return [Item(f"working {ident.hex()} on {name}", digest) for name in names]


def _int(octets: bytes) -> int:
    return int.from_bytes(octets, "big")


RECORDS: dict[int, Callable[..., list[Item]]] = {
    ROOT: _root_record,
    POLICY: _policy_record,
    FILE: _file_record,
    BUNDLE: _bundle_record,
    TERMINAL: _terminal_record,
    ENROLMENT: _enrolment_record,
    RECEIPT: _receipt_record,
    HAND_IN: _hand_in_record,
    ORDER: _order_record,
    REFUND: _refund_record,
    LOST: _lost_record,
    ROLE: _role_record,
    BATCH: _batch_record,
    ANSWER: _answer_record,
    WORKED: _worked_record,
}


def _bundle_row(keys: Keys, row: Row[Any]) -> Item:
    keys.add_bundle(octets(row.raw))
    whole = _sha(row.raw) == octets(row.sha256)
    return Item(f"bundle {shown(row.sha256)}", _digest(row.version, row.airline), whole)


def _file_row(keys: Keys, row: Row[Any]) -> Item:
    keys.add_file(str(row.name), octets(row.raw))
    return Item(f"file {row.name} {shown(row.sha256)}", whole=_sha(row.raw) == octets(row.sha256))


def _policy_row(keys: Keys, row: Row[Any]) -> Item:
    keys.bearer = keys.bearer or str(row.overspend)
    return Item("who bears overspends", str(row.overspend).encode())


def _terminal_row(keys: Keys, row: Row[Any]) -> Item:
    whole = kid(octets(row.public_key)) == octets(row.kid)
    keys.add_terminal(octets(row.public_key), str(row.airline))
    return Item(f"terminal {shown(row.kid)}", _digest(row.public_key, row.label, row.airline), whole)


def _receipt_row(_: Keys, row: Row[Any]) -> Item:
    return Item(_receipt_name(row.terminal_kid, row.number, row.sha256), _STREAMED if row.streamed else b"")


def _lost_row(keys: Keys, row: Row[Any]) -> Item:
    keys.lost.setdefault(octets(row.kid), row.lost_at)
    return Item(f"loss of terminal {shown(row.kid)}", _digest(row.lost_at))


def _evidence_row(_: Keys, row: Row[Any]) -> Item:
    name = _receipt_name(row.terminal_kid, row.number, row.sha256)
    digest = _HANDED if row.handed else b""
    return Item(f"evidence {shown(row.hash)} of {name}", digest, _sha(row.raw) == octets(row.hash))


def _where(row: Row[Any]) -> str:
    return _receipt_name(row.terminal_kid, row.number, row.sha256)


# Whether a receipt's bytes are what its hash says is looked at where it is opened: audit_receipts.py.
TABLES: list[tuple[str, Callable[[Keys, Row[Any]], Item]]] = [
    ("SELECT overspend FROM meta", _policy_row),
    ("SELECT sha256, name, raw FROM files", _file_row),
    ("SELECT public_key FROM roots", lambda _, row: Item(f"root {shown(row.public_key)}")),
    ("SELECT sha256, version, airline, raw FROM bundles", _bundle_row),
    ("SELECT kid, public_key, label, airline FROM terminals", _terminal_row),
    (
        "SELECT issuer_kid, cti, sub, passenger FROM enrolments",
        lambda _, row: Item(
            f"enrolment of pass {shown(row.cti)} of issuer {shown(row.issuer_kid)}", _digest(row.sub, row.passenger)
        ),
    ),
    ("SELECT terminal_kid, number, sha256, streamed FROM receipts", _receipt_row),
    (
        "SELECT terminal_kid, number, sha256, follows FROM receipts WHERE follows IS NOT NULL",
        lambda _, row: Item(
            f"what came before {_receipt_name(row.terminal_kid, row.number, row.sha256)}", octets(row.follows)
        ),
    ),
    ("SELECT kid, lost_at FROM terminals WHERE lost_at IS NOT NULL", _lost_row),
    (
        "SELECT f.ident, r.terminal_kid, r.number, r.sha256, f.amount, f.reason, f.author, f.made FROM refunds f"
        " LEFT JOIN receipts r ON r.id = f.receipt_id",
        lambda _, row: Item(f"refund {shown(row.ident)}", _digest(*row[1:])),
    ),
    (
        "SELECT b.ident, b.issuer_kid, b.currency, b.author, b.made, COUNT(l.cti) FROM batches b"
        " LEFT JOIN batch_lines l ON l.batch_id = b.id GROUP BY 1, 2, 3, 4, 5",
        lambda _, row: Item(f"batch {shown(row.ident)}", _digest(*row[1:])),
    ),
    (
        "SELECT b.ident, l.cti, l.amount FROM batch_lines l JOIN batches b ON b.id = l.batch_id",
        lambda _, row: Item(f"pass {shown(row.cti)} in batch {shown(row.ident)}", _digest(row.amount)),
    ),
    (
        "SELECT b.ident, l.cti, l.state, l.reason, l.told FROM batch_lines l JOIN batches b ON b.id = l.batch_id"
        " WHERE l.state <> 'open'",
        lambda _, row: Item(f"answer on pass {shown(row.cti)} in batch {shown(row.ident)}", _digest(*row[2:])),
    ),
    (
        "SELECT w.ident, r.terminal_kid, r.number, r.sha256, w.code, w.reason, w.author, w.made FROM workings w"
        " LEFT JOIN receipts r ON r.id = w.receipt_id",
        lambda _, row: Item(f"working {shown(row.ident)} on {_where(row)}", _digest(*row[4:])),
    ),
    (
        "SELECT name, role, author, made FROM roles",
        lambda _, row: Item(f"role {row.role} of {row.name}", _digest(row.author, row.made)),
    ),
    (
        "SELECT r.terminal_kid, r.number, r.sha256, v.sha256 AS hash, v.raw, v.handed FROM evidence v"
        " JOIN receipts r ON r.id = v.receipt_id",
        _evidence_row,
    ),
]
