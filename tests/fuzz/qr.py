"""Customer QR texts on the terminal and on the host side by side: nothing crashes, both read the same, and only the
very texts that the passengers' phones made are approved."""

from __future__ import annotations

import random
from typing import Any

import ed25519
import world
from cabinpay.agent.verdict import APPROVED, Scan
from cabinpay.wire import cbor
from cabinpay.wire.errors import WireError
from cabinpay_host import codec, crypto
from fuzz import corpus, mutate

# One signature check in so many is made by the terminal's own Ed25519 too
BOTH_SIGNATURES = 300


class Texts:
    def __init__(self, sodium: Any) -> None:
        self.terminal, self.sale, self.pairs = corpus.selling(crypto=sodium)
        self.valid = {world.shown(*pair) for pair in self.pairs}
        self.issuer = world.public("issuer")
        self.checked = 0

    def make(self, chance: random.Random) -> bytes:
        return mutate.customer(chance, self.pairs)

    def check(self, text: bytes) -> str:
        code = self.terminal.scan(text, self.sale).code
        assert (code == APPROVED) == (text in self.valid), code
        try:
            theirs = Scan(text, codec)
        except WireError as e:
            assert e.code == code, f"the host says {e.code}, the terminal {code}"
            return str(code)
        assert code not in WireError.CODES, f"the terminal says {code}, the host reads it"
        ours = Scan(text, cbor)
        assert said(ours) == said(theirs)
        self._same_signatures(ours, theirs)
        return str(code)

    def _same_signatures(self, ours: Scan, theirs: Scan) -> None:
        self.checked += 1
        if self.checked % BOTH_SIGNATURES == 0:
            for scan in (ours, theirs):
                assert scan.pass_holds(self.issuer, ed25519.verify) == scan.pass_holds(self.issuer, crypto.verify)
                assert scan.payment_holds(ed25519.verify) == scan.payment_holds(crypto.verify)


def said(scan: Scan) -> str:
    """All that was read, with types."""
    return repr((scan.signed_pass, scan.signed_payment, vars(scan.pass_), vars(scan.payment), scan.mode, scan.ident))
