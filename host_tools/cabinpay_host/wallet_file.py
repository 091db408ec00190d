"""What a phone remembers, as one small JSON file that only its owner reads and that changes whole or not at all.

The device key's seed (RFC 8032, 32 bytes) is in it: the file is a secret. Codes: wallet_garbled and those of `files`.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cabinpay.wire import qrtext
from cabinpay.wire.claims import Pass
from cabinpay.wire.cose import parse
from cabinpay.wire.errors import WireError
from cabinpay.wire.schema import U32

from . import codec, crypto, files
from .errors import Exit, HostError

MAX_FILE = 1 << 20
MAX_PASSES = 50
# Payments and receipts of the last flights; older ones have long been settled
KEPT = 200
_FORMAT = "cabinpay-wallet"
_FIELDS = {"format", "public", "seed", "passes", "payments", "receipts"}


@dataclass
class Held:
    """signed: COSE bytes of a pass; seq: the highest that a payment from it has carried, 0 before the first."""

    signed: bytes
    seq: int

    @property
    def claims(self) -> Pass:
        """The pass's claims; its issuer's signature is not the wallet's to judge."""
        return Pass.unpack(parse(self.signed, codec).payload, codec)


@dataclass
class State:
    """payments: [customer QR text, bill text or ""], receipts: COSE bytes; both oldest first, at most KEPT."""

    seed: bytes = field(repr=False)
    passes: list[Held]
    payments: list[list[str]]
    receipts: list[bytes]


def create(path: Path) -> None:
    """A new wallet with a new device key, mode 0600; never over a file that is there."""
    files.create(path, _text(State(os.urandom(32), [], [], [])), 0o600)


def read(path: Path) -> State:
    """The wallet in a file; HostError where it is none, is damaged, or others could read it."""
    fields = files.read_json(path, MAX_FILE)
    if fields.get("format") == _FORMAT:
        files.refuse_shared(path)
    try:
        return _state(fields)
    except (WireError, ValueError, TypeError, KeyError, AttributeError):
        raise HostError(
            "wallet_garbled", f"{path} is no wallet, or damaged; take it from a backup", Exit.INPUT
        ) from None


def write(path: Path, state: State) -> None:
    """Puts `state` in place of what the file held, durable on return."""
    state.payments = state.payments[-KEPT:]
    state.receipts = state.receipts[-KEPT:]
    files.replace(path, _text(state), 0o600)


def _state(fields: dict[str, Any]) -> State:
    seed = bytes.fromhex(fields["seed"])
    if set(fields) != _FIELDS or fields["format"] != _FORMAT or crypto.public_key(seed).hex() != fields["public"]:
        raise ValueError("not a wallet")
    passes = [_held(entry) for entry in fields["passes"]]
    payments = [_payment(text, bill) for text, bill in fields["payments"]]
    return State(seed, passes, payments, [bytes.fromhex(r) for r in fields["receipts"]])


def _held(entry: dict[str, Any]) -> Held:
    held = Held(bytes.fromhex(entry["pass"]), entry["seq"])
    if type(held.seq) is not int or not 0 <= held.seq <= U32 or not held.claims:
        raise ValueError("no pass")
    return held


def _payment(text: Any, bill: Any) -> list[str]:
    if not isinstance(text, str) or not isinstance(bill, str):
        raise TypeError("no text")
    qrtext.read_customer(text.encode(), codec)
    return [text, bill]


def _text(state: State) -> bytes:
    fields = {
        "format": _FORMAT,
        "public": crypto.public_key(state.seed).hex(),
        "seed": state.seed.hex(),
        "passes": [{"pass": held.signed.hex(), "seq": held.seq} for held in state.passes],
        "payments": state.payments,
        "receipts": [receipt.hex() for receipt in state.receipts],
    }
    return json.dumps(fields, indent=1).encode() + b"\n"
