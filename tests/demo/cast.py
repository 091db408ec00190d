"""What the story needs beside the ground tool: codes that look right and are not, and the archive laid open."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path

from cabinpay.wire import cose, qrtext
from cabinpay_host import codec, crypto, keys
from cabinpay_host.enrol import issue_pass, read_policy
from cabinpay_host.ledger.archive import RECEIPT, Archive
from cabinpay_host.wallet import Wallet

DAY = 86400


def forged_code(victim: Wallet) -> str:
    """A code of the victim's wallet whose pass was signed anew, for ten times the money, by a key that only claims to
    be the issuer's (the kid is a hint, never a proof)."""
    signed_pass, payment = qrtext.read_customer(victim.quick().encode(), codec)
    honest = cose.parse(signed_pass, codec)
    claims = codec.decode(honest.payload)
    claims[-65537][1] *= 10
    forger = crypto.signer(hashlib.sha256(b"cabinpay test key forger").digest())
    forged = cose.sign(codec.encode(claims), honest.kid, forger, cose.AAD_PASS, codec)
    return qrtext.customer_text(forged, payment, codec)


def old_pass(folder: Path, airline: str) -> str:
    """A code over an honest pass of eight days ago that was good for seven, from a phone whose clock is set back."""
    wallet = Wallet.create(folder / "dora.wallet")
    issuer = keys.load_secret(folder / "keys/platform.key", "issuer")
    then = int(time.time()) - 8 * DAY
    wallet.add(issue_pass(issuer, read_policy(folder / "policy.toml"), airline, 700, wallet.public, then))
    return wallet.quick(now=then + DAY)


def archived_receipts(archive: Path, folder: Path) -> int:
    """Writes each archived receipt (COSE bytes) and its evidence to a file of its own; how many receipts."""
    kept = 0
    for record, _ in Archive(archive).records():
        if record.kind == RECEIPT:
            kid, number, receipt, evidence = record.fields
            name = f"{kid.hex()}-{int.from_bytes(number, 'big'):04d}"
            (folder / f"{name}.receipt").write_bytes(receipt)
            (folder / f"{name}.evidence").write_bytes(evidence)
            kept += 1
    return kept
