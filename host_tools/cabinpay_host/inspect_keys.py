"""The keys that `cabinpay inspect` checks signatures with, and where each is from."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from cabinpay.wire.cbor import MAX_SIZE
from cabinpay.wire.keys import kid

from . import bundle, files, keys
from .errors import Exit, HostError


@dataclass(frozen=True)
class Known:
    """public: 32 bytes; name: where it is from, for people; role: what it may sign, "" where nobody has said."""

    public: bytes
    name: str
    role: str

    @property
    def kid(self) -> bytes:
        return kid(self.public)


@dataclass
class Ring:
    """passes: passes (COSE bytes) that have been seen, for payments made over another one; patience: how often more an
    invalid signature is tried with other keys: a flash of a thousand foreign receipts would take minutes."""

    keys: list[Known] = field(default_factory=list)
    passes: list[bytes] = field(default_factory=list)
    exponents: dict[int, int] = field(default_factory=dict)
    patience: int = 50

    def add(self, public: bytes, name: str, role: str) -> None:
        if public not in [known.public for known in self.keys]:
            self.keys.append(Known(public, name, role))

    def add_pass(self, signed: bytes) -> None:
        if signed not in self.passes:
            self.passes.append(signed)

    def add_bundle(self, data: bytes, name: str) -> None:
        """Takes a bundle's keys as they stand there; whether a root stands behind it shows where it is inspected."""
        delegation, content = bundle.peek(data)
        self.add(delegation.bundle_key, f"bundle key in {name}", "bundle")
        for entry in content.issuers:
            self.add(entry[0], f"issuer in {name}", "issuer")
        for entry in content.ground:
            self.add(entry[0], f"ground key in {name}", "ground")
        self.exponents.update({entry[0]: entry[1] for entry in content.currencies})


def load(given: list[str], bundle_file: Path | None) -> Ring:
    """given: .pub files, or public keys as 64 hex digits (terminals and phones have no key file)."""
    ring = Ring()
    for item in given:
        if re.fullmatch("[0-9a-fA-F]{64}", item):
            ring.add(bytes.fromhex(item), "key given", "")
        else:
            key = keys.load_public(Path(item), *keys.ROLES)
            ring.add(key.public, item, key.role)
    if bundle_file:
        try:
            ring.add_bundle(files.read(bundle_file, MAX_SIZE), str(bundle_file))
        except HostError as e:
            raise HostError(e.code, f"{bundle_file}: {e.line}", Exit.INPUT) from None
    return ring
