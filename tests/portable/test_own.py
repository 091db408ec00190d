"""The terminal's own signatures are checked with a table, and all others without one."""

import ed25519
from cabinpay.agent import own
from support import seed
from world import quick, selling

KEY = ed25519.public_key(seed("one"))


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


def test_the_own_key_has_a_table_made_once_in_its_place():
    crypto = Logged()
    key = own.OwnKey(crypto)
    for message in (b"one", b"two"):
        assert key.verify(KEY, message, ed25519.sign(seed("one"), message))
    assert not key.verify(KEY, b"one", ed25519.sign(seed("thief"), b"one"))
    assert crypto.log == ["table"]


def test_what_a_sale_checks_and_how():
    world = selling(crypto=Logged())
    # the shift's opening was signed before, and the table made for it
    assert world.crypto.log.count("table") == 1
    made = []
    for seq in (1, 2):
        world.crypto.log[:] = []
        assert world.pay(quick(seq=seq)) == "approved"
        made.append(world.crypto.log[:])
    assert made == [["plain", "plain"], ["plain"]], "pass and payment; the pass is known the second time"
    world.terminal.apply_bundle()
    world.crypto.log[:] = []
    assert world.pay(quick(seq=3)) == "approved"
    assert world.crypto.log == ["plain", "plain"], "the bundle may have another key for the same issuer"
