"""Which keys' signatures are checked with a table, and that it changes no answer."""

import ed25519
from cabinpay.agent import verdict
from support import seed
from world import a_pass, payment, quick, selling, shown

KEYS = {name: ed25519.public_key(seed(name)) for name in ("one", "two")}


class Logged:
    """Ed25519 that tells what was made and asked; room: tables that memory has room for."""

    def __init__(self, room=99):
        self.log = []
        self._room = room
        self.public_key, self.sign = ed25519.public_key, ed25519.sign

    def verify(self, *args):
        self.log.append("plain")
        return ed25519.verify(*args)

    def Verifier(self, key):
        if not self._room:
            raise MemoryError
        self._room -= 1
        self.log.append("table")
        return ed25519.Verifier(key)


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


def test_without_room_for_a_table_every_signature_is_still_checked():
    assert _asked(Logged(room=0), ["one", "one", "one"]) == ["plain"] * 4


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


def test_a_sale_is_not_lost_where_memory_is_short():
    world = selling(crypto=Logged(room=0))
    for number in range(3):
        assert world.pay(quick("passenger %d" % number)) == "approved"
    forged = a_pass()[:-1] + bytes([a_pass()[-1] ^ 1])
    assert world.pay(shown(forged, payment(forged))) == "pass_signature"
