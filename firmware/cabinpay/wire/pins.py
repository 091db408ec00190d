"""Crew PINs: what a terminal keeps in place of one.

    state = SHA-256(salt (16) + crew number (8, big-endian) + PIN (4 to 8 ASCII digits))
    `count` times: state = SHA-256(state + salt)
    verifier = state

48 bytes a round are one block of SHA-256, which every port of MicroPython has in C; 4096 rounds take an emulated Pico
two seconds, in which it does nothing else.

What that is worth: it keeps a colleague at the trolley out, together with the waiting after wrong PINs, and it keeps
PINs out of files that people see. It does not protect a PIN from whoever holds a dump of the flash or the crew file:
10,000 PINs of four digits times 4096 rounds are 41 million hashes, seconds of an ordinary computer; six digits are
minutes of it, or about a second of a graphics card. No count that a Pico can bear changes that. So the file is handled
like a secret, a PIN is used for nothing else, and a lost terminal means new PINs.
"""

import hashlib

from .files import crew_key

COUNT = 4096


def pin_form(pin: "object") -> bool:
    """Four to eight digits."""
    return isinstance(pin, str) and 4 <= len(pin) <= 8 and all("0" <= c <= "9" for c in pin)


def verifier(number: int, pin: str, salt: bytes, count: int) -> bytes:
    """32 bytes in place of the PIN of crew member `number`."""
    state = hashlib.sha256(salt + crew_key(number) + pin.encode()).digest()
    # in one place: what each round leaves behind a terminal has to collect
    block = bytearray(32) + salt
    for _ in range(count):
        block[:32] = state
        state = hashlib.sha256(block).digest()
    return state
