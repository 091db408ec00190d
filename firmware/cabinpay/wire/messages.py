"""What goes through the link: requests, replies, and the signed statements inside them.

A request is [id, op, args], its replies [id, status, result]: status is "ok" (last one), "more" (others follow) or a
stable code of refusal with one line of text as result. Ids are 0..65535 and chosen by the host.
"""

from .schema import MAX_TIME, U32, array, integer, octets, row, text, u32, when

MYPY = False
if MYPY:
    from typing import Any

VERSION = 1
OK, MORE = "ok", "more"
HOST, TERMINAL = "host", "terminal"


def _anything(v: "Any") -> bool:  # noqa: ARG001
    return True


def _args(v: "Any") -> bool:
    return isinstance(v, list) and len(v) <= 16


def _empty_or_32(v: "Any") -> bool:
    return isinstance(v, bytes) and len(v) in (0, 32)


_id = integer(0, 0xFFFF)
_request = row(_id, text(1, 16), _args)
_reply = row(_id, text(1, 32), _anything)
_login = row(text(4, 8), octets(8), octets(8), octets(16), octets(16), _empty_or_32)
_ack = row(octets(8), u32, octets(32), octets(16))
# a time statement and a maintenance grant look alike: external_aad alone tells them apart
_time = row(octets(8), octets(16), when)
_log = row(octets(8), octets(16), text(0, 96))
_pulled = row(octets(8), octets(16), u32, integer(0, U32), octets(32), octets(32))

hello_form = row(
    integer(1, 255),  # VERSION
    text(1, 16),  # state: blank, no-bundle, ready, or what keeps it from selling
    text(1, 16),  # agent version
    text(0, 24),  # label
    _empty_or_32,  # terminal's public key, empty while blank
    octets(16),  # session nonce
    integer(0, MAX_TIME),  # bundle version, 0 for none
)


def request(ident: int, op: str, args: "list[Any]", codec: "Any") -> bytes:
    encoded: bytes = codec.encode([ident, op, args])
    return encoded


def read_request(body: bytes, codec: "Any") -> "tuple[int, str, list[Any]]":
    """(id, op, args); WireError("cbor") or ("schema")."""
    ident, op, args = array(body, _request, codec)
    return ident, op, args


def reply(ident: int, status: str, result: "Any", codec: "Any") -> bytes:
    encoded: bytes = codec.encode([ident, status, result])
    return encoded


def read_reply(body: bytes, codec: "Any") -> "tuple[int, str, Any]":
    """(id, status, result); WireError("cbor") or ("schema")."""
    ident, status, result = array(body, _reply, codec)
    return ident, status, result


def login(
    role: str,
    host_kid: bytes,
    terminal_kid: bytes,
    host_nonce: bytes,
    terminal_nonce: bytes,
    channel: bytes,
    codec: "Any",
) -> bytes:
    """Payload of a login: kids 8 bytes, nonces 16, channel 0 (serial) or 32 (SHA-256 of the gateway's certificate)."""
    encoded: bytes = codec.encode([role, host_kid, terminal_kid, host_nonce, terminal_nonce, channel])
    return encoded


def read_login(payload: bytes, codec: "Any") -> "list[Any]":
    """[role, host kid, terminal kid, host nonce, terminal nonce, channel]; WireError("cbor") or ("schema")."""
    items: list[Any] = array(payload, _login, codec)
    return items


def ack(terminal_kid: bytes, number: int, head: bytes, ledger_id: bytes, codec: "Any") -> bytes:
    """Payload of an ack: the ledger (id: 16 bytes) holds this terminal's branch up to `number`, head: 32 bytes."""
    encoded: bytes = codec.encode([terminal_kid, number, head, ledger_id])
    return encoded


def read_ack(payload: bytes, codec: "Any") -> "list[Any]":
    """[terminal kid, number, head, ledger id]; WireError("cbor") or ("schema")."""
    items: list[Any] = array(payload, _ack, codec)
    return items


def time(terminal_kid: bytes, session_nonce: bytes, now: int, codec: "Any") -> bytes:
    """Payload of a time statement, for one terminal (8 bytes) and one session (16 bytes); now: Unix seconds UTC."""
    encoded: bytes = codec.encode([terminal_kid, session_nonce, now])
    return encoded


def read_time(payload: bytes, codec: "Any") -> "list[Any]":
    """[terminal kid, session nonce, Unix seconds]; WireError("cbor") or ("schema")."""
    items: list[Any] = array(payload, _time, codec)
    return items


def pulled(
    terminal_kid: bytes, session_nonce: bytes, first: int, number: int, head: bytes, digest: bytes, codec: "Any"
) -> bytes:
    """Payload of a pull's last reply: asked from `first` on, the terminal's last receipt is `number` with this head (32
    bytes), and `digest` (32) is SHA-256 over the items sent, each the CBOR of [number, receipt, evidence]."""
    encoded: bytes = codec.encode([terminal_kid, session_nonce, first, number, head, digest])
    return encoded


def read_pulled(payload: bytes, codec: "Any") -> "list[Any]":
    """[terminal kid, session nonce, first, number, head, digest]; WireError("cbor") or ("schema")."""
    items: list[Any] = array(payload, _pulled, codec)
    return items


def maintenance(terminal_kid: bytes, session_nonce: bytes, not_after: int, codec: "Any") -> bytes:
    """Payload of a maintenance grant: one terminal (8 bytes) opens its port in one session (16 bytes) until Unix
    second `not_after`."""
    encoded: bytes = codec.encode([terminal_kid, session_nonce, not_after])
    return encoded


def read_maintenance(payload: bytes, codec: "Any") -> "list[Any]":
    """[terminal kid, session nonce, not-after]; WireError("cbor") or ("schema")."""
    items: list[Any] = array(payload, _time, codec)
    return items


def log(terminal_kid: bytes, session_nonce: bytes, line: str, codec: "Any") -> bytes:
    """Payload of the terminal's word on its last crash, in one session; line: at most 96 characters."""
    encoded: bytes = codec.encode([terminal_kid, session_nonce, line])
    return encoded


def read_log(payload: bytes, codec: "Any") -> "list[Any]":
    """[terminal kid, session nonce, line]; WireError("cbor") or ("schema")."""
    items: list[Any] = array(payload, _log, codec)
    return items
