"""Makes cabinpay.json: keys, every object of the wire, and inputs that must be refused (README.md)."""

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE.parent) not in sys.path:
    sys.path.insert(0, str(HERE.parent))  # `python make_vectors.py` finds its neighbours as the tests do

from vectors import wire_objects, wire_refusals  # noqa: E402

LABELS = ("root", "root next", "bundle", "issuer", "issuer next", "device", "terminal", "ledger", "laptop")


def keys() -> list[wire_objects.Entry]:
    public, kid = wire_objects.public, wire_objects.kid
    return [{"label": label, "public_key": public(label).hex(), "kid": kid(label).hex()} for label in LABELS]


def make() -> str:
    """JSON with one entry a line, so that a terminal can read it without holding it."""
    parts = []
    for name, entries in (
        ("keys", keys()),
        ("objects", wire_objects.objects()),
        ("refusals", wire_refusals.refusals()),
    ):
        lines = ",\n".join(json.dumps(entry) for entry in entries)
        parts.append(f'"{name}": [\n{lines}\n]')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    (HERE / "cabinpay.json").write_text(make())
