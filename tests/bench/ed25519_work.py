"""What is measured of ed25519, on whatever counts: expressions by name, and what they need."""

WORK = {
    "verify": "ed25519.verify(public, message, signature)",
    "verify, known issuer": "issuer.verify(message, signature)",
    "sign": "ed25519.sign(seed, message)",
    "make a Verifier": "ed25519.Verifier(public)",
    "SHA-512 of 264 bytes": "ed25519.sha512(message + public + seed)",
    "one block of SHA-512": "s.compress(state, block, s._ROUNDS, s._SCHEDULE)",
    "100 field products": "e.run(product, c._slots, c._base, c._base)",
    "100 field squares": "e.run(squares, c._slots, c._base, c._base)",
    "100 field additions": "e.run(addition, c._slots, c._base, c._base)",
}
SETUP = """
from ed25519 import _curve as c, _engine as e, _sha512 as s
state, block = bytearray(64), bytearray(128)
product, addition = [bytearray(bytes((operation, 12, 11, 13)) * 100 + bytes(496)) for operation in (1, 3)]
squares = bytearray(bytes((2, 12, 11, 100)) + bytes(880))
"""
