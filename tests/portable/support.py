"""What portable tests share. They run from the same files on CPython (pytest) and MicroPython (run.py)."""

import hashlib
import json


def vectors(name):
    """tests/vectors/NAME.json."""
    with open(__file__.rsplit("/", 2)[0] + "/vectors/" + name + ".json") as f:
        return json.load(f)


def seed(label):
    """32-byte secret of a test key: SHA-256 of a written label, so that none is ever committed."""
    return hashlib.sha256(b"cabinpay test key " + label.encode()).digest()


def refusal(function, *args):
    """The code of the error that `function(*args)` raises, or None."""
    try:
        function(*args)
    except ValueError as e:
        return getattr(e, "code", "ValueError")
    return None
