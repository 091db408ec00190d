import hashlib


class Drbg:
    """Nonces: a hash chain from a provisioned secret, a boot counter that was durable before this object was made,
    and 32 bytes of the port's own randomness, which alone is not fit for security on every chip."""

    def __init__(self, secret, boots, noise):
        seed = hashlib.sha256(b"cabinpay-drbg" + secret + boots.to_bytes(4, "big") + noise)
        # in place: where each state came to lie would divide the heap
        self._state = bytearray(seed.digest())

    def nonce(self):
        """16 fresh bytes."""
        out = hashlib.sha256(self._state + b"\x01").digest()[:16]
        self._state[:] = hashlib.sha256(self._state + b"\x00").digest()
        return out
