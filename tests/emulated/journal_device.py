"""On the Pico: a store of receipts of the usual size, signed by nobody; the chain above it has nothing to say."""

import gc
import time

from cabinpay.agent import records
from cabinpay.agent.clock import Clock
from cabinpay.agent.store import Store
from cabinpay.io.carve import highest
from cabinpay.io.files import Files
from cabinpay.wire import cbor
from cabinpay.wire.receipts import SALE

SIGNED = bytearray(190)
EVIDENCE = bytes(366)
PASSES = 1000
taken = []
# the board's raw flash
device = None


class NoChain:
    def replay(self, record):
        pass

    def state(self):
        return [0, b"", [], [], 0, 0]

    def restore(self, state):
        pass


def boot():
    """(ms that it takes, bytes of heap that it keeps)."""
    global s, j
    gc.collect()
    before, start = gc.mem_free(), time.ticks_ms()
    s = Store(Files(""), cbor, Clock(time.time, time.time), PASSES)
    j = s.journal
    j.carved = lambda: highest(device) if device else 0
    s.boot(NoChain())
    ms = time.ticks_diff(time.ticks_ms(), start)
    gc.collect()
    return ms, before - gc.mem_free()


def sale():
    number = j.number + 1
    SIGNED[:32] = j.head
    spend = (b"issuer k", (number % PASSES).to_bytes(8, "little"), number, 350, 1 << 31, 978)
    start = time.ticks_ms()
    j.append(records.Record(records.RECEIPT, SALE, number, 0, spend, bytes(SIGNED), EVIDENCE))
    taken.append(time.ticks_diff(time.ticks_ms(), start))
    s.book(spend)


def times():
    """(median, most) of the sales since the last boot, ms."""
    taken.sort()
    return taken[len(taken) // 2], taken[-1]


def roll():
    j._close()
    sale()


def ack(number):
    j.append(records.ack(number, 1, b"ack"))


def free():
    s._free(j.acked, 1 << 30)


def state():
    return j.number, j.lost, j.acked, s.spend.used
