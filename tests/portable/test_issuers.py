"""Which keys' signatures are checked with a table, and that it changes no answer."""

import ed25519
from cabinpay.agent import verdict
from support import seed
from world import a_pass, payment, quick, selling, shown

KEYS = {name: ed25519.public_key(seed(name)) for name in ("one", "two")}


class Logged:
    """Ed25519 that tells what was made and asked."""

    TABLE_SIZE = ed25519.TABLE_SIZE

    def __init__(self):
        self.log = []
        self.public_key, self.sign = ed25519.public_key, ed25519.sign

    def verify(self, *args):
        self.log.append("plain")
        return ed25519.verify(*args)

    def Verifier(self, key, table):
        self.log.append("table")
        verifier = ed25519.Verifier(key, table)
        assert verifier.table is table
        return verifier


def _asked(crypto, names):
    """What it takes to check a signature of each, and a forged one at the end."""
    issuers = verdict.LongLived(crypto)
    for name in names:
        assert issuers.verify(KEYS[name], b"pass", ed25519.sign(seed(name), b"pass"))
    assert not issuers.verify(KEYS[names[-1]], b"pass", ed25519.sign(seed("thief"), b"pass"))
    return crypto.log


def test_an_issuer_that_comes_twice_in_a_row_gets_a_table():
    assert _asked(Logged(), ["one"]) == ["plain", "table"]
    assert _asked(Logged(), ["one", "one", "one"]) == ["plain", "table"]


def test_only_one_issuer_has_a_table():
    assert _asked(Logged(), ["one", "one", "two", "two", "two"]) == ["plain", "table", "plain", "table"]
    assert _asked(Logged(), ["one", "two", "one"]) == ["plain", "plain", "plain", "table"]


def test_a_terminal_makes_tables_for_its_issuer_and_its_own_key():
    world = selling(crypto=Logged())
    made = []
    for number in range(3):
        world.crypto.log[:] = []
        assert world.pay(quick("passenger %d" % number)) == "approved"
        made.append(world.crypto.log[:])
    # pass, payment and the receipt itself: the opened shift was signed before, so that the own key comes twice first
    assert made == [["plain", "plain", "table"], ["table", "plain"], ["plain"]]
    world.terminal.apply_bundle()
    world.crypto.log[:] = []
    assert world.pay(quick("passenger 4")) == "approved"
    assert world.crypto.log == ["plain", "plain"], "the bundle may have another key for the same issuer"


def test_a_forged_pass_is_refused_with_a_table_too():
    world = selling(crypto=Logged())
    for number in range(3):
        assert world.pay(quick("passenger %d" % number)) == "approved"
    forged = a_pass()[:-1] + bytes([a_pass()[-1] ^ 1])
    world.crypto.log[:] = []
    assert world.pay(shown(forged, payment(forged))) == "pass_signature"
    assert world.crypto.log == [], "the table is there already, and nothing is checked without it"
