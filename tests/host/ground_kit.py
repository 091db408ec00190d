"""A small airline for the tests of the ground tool: key files, settings, a bill. Every key is made afresh."""

from pathlib import Path

from cabinpay.wire import qrtext
from cabinpay.wire.claims import Bill
from cabinpay_host import bundle, codec, enrol, keys
from cabinpay_host.wallet import Wallet

NOW = 1_800_000_000
DAY = 86400
ROLES = {"root": "root", "day": "bundle", "issuer": "issuer", "laptop": "ground", "books": "ledger"}
SPEC = """\
airline = "9C"
version = 7
valid_days = 7
[limits]
freshness_seconds = 60
pass_days = 30
max_sales = 500
retention_days = 7
[currencies.978]
exponent = 2
max_sum = 0
challenged = { rtc = 4, synced = 5, floor = 6 }
[currencies.156]
exponent = 2
max_sum = 5000000
challenged = { rtc = 50000, synced = 50000, floor = 20000 }
bound = { rtc = 20000, synced = 20001, floor = 7 }
quick = { rtc = 5000, synced = 5001 }
[[issuers]]
key = "issuer.pub"
from = 2026-01-01
until = 2027-01-01T12:00:00+02:00
currencies.156 = { per_sale = 50000, total = 200000 }
[[ground]]
key = "laptop.pub"
from = 2026-01-01
until = 2028-01-01
rights = ["time", "pull"]
[[ground]]
key = "books.pub"
from = 2026-01-01
until = 2028-01-01
rights = ["ack"]
"""


class Airline:
    """The folder of an airline's ground staff, with a delegation of the root to the bundle key `day`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.keys = {name: keys.create(folder, role, name) for name, role in ROLES.items()}
        self.roots = [self.keys["root"].public]
        self.delegation = bundle.make_delegation(self.keys["root"], self.keys["day"].public, NOW + 90 * DAY, 1)
        self.spec = folder / "9C.toml"
        self.spec.write_text(SPEC)
        self.policy = folder / "policy.toml"
        self.policy.write_text(enrol.EXAMPLE)

    def bundle(self) -> bytes:
        return bundle.make_bundle(self.spec, self.keys["day"], self.delegation, self.roots, NOW)

    def wallet(self, airline: str = "9C", now: int = NOW) -> Wallet:
        """alice.wallet with one more pass in it."""
        path = self.folder / "alice.wallet"
        wallet = Wallet(path) if path.exists() else Wallet.create(path)
        wallet.add(self.signed_pass(wallet.public, airline, now))
        return wallet

    def signed_pass(self, device: bytes, airline: str = "9C", now: int = NOW) -> bytes:
        rules = enrol.read_policy(self.policy)
        return enrol.issue_pass(self.keys["issuer"], rules, airline, 600, device, now)


def bill(amount: int = 1250, currency: int = 156) -> Bill:
    return Bill(b"terminal", bytes(range(16)), amount, currency, b"8 bytes.")


def bill_text(amount: int = 1250, currency: int = 156) -> str:
    return qrtext.bill_text(bill(amount, currency), codec)
