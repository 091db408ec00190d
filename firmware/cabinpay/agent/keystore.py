"""The terminal's own secrets and the two root keys it was provisioned with. They leave it in no message."""

from cabinpay.wire.keys import kid
from cabinpay.wire.schema import Record, key, listed, text

from .files import read_whole, write_whole

NAME = "keys"
BOOTS = "boots"


class Keystore(Record):
    """seed: Ed25519 seed of the terminal; drbg: secret for nonces; roots: [current, next]; each 32 bytes."""

    FIELDS = (
        (1, "seed", key),
        (2, "drbg", key),
        (3, "roots", listed(key, 2, 2)),
        (4, "label", text(1, 24)),
        (5, "aircraft", text(0, 10)),
    )

    def attach(self, crypto):
        self.public = crypto.public_key(self.seed)
        self.kid = kid(self.public)
        self.sign = lambda message: crypto.sign(self.seed, message)
        return self


def load(files, codec, crypto):
    """The keystore, or None on a terminal that was never provisioned; ValueError where it is damaged."""
    body = read_whole(files, NAME)
    return None if body is None else Keystore.unpack(body, codec).attach(crypto)


def count_boot(files, urandom):
    """This boot's number, durable before it is returned, so that no nonce is ever made twice."""
    try:
        body = read_whole(files, BOOTS)
        boots = 1 + (int.from_bytes(body, "big") if body else 0)
    except ValueError:
        # a damaged counter begins anew far above where it can have been: no reason to lose sight of the receipts
        boots = 0x80000000 | int.from_bytes(urandom(3), "big")
    write_whole(files, BOOTS, boots.to_bytes(4, "big"))
    return boots
