"""The terminal that meets mutated texts, on CPython and MicroPython; on MicroPython, checks a file of its verdicts."""

import sys

import world
from cabinpay.agent.terminal import Outcome
from cabinpay.agent.verdict import APPROVED
from cabinpay.wire import cbor
from cabinpay.wire.claims import lines_hash

ORDER = lines_hash(world.LINES, cbor)[:8]


def selling(**options):
    """(terminal that books nothing, sale with an open bill, [(pass, payment), ...] that it would approve)."""
    made = world.selling(world.bundle(), **options)
    sale = made.sale()
    challenge = made.terminal.bill(sale).challenge(cbor)
    ways = ((1, None, None), (2, [world.AMOUNT, world.EUR, ORDER], None), (3, [world.AMOUNT, world.EUR], challenge))
    pairs = []
    for name, device in (("anna", "device"), ("bert", "device b")):
        its = world.a_pass(name, device=device)
        for seq, terms, over in ways:
            pairs.append((its, world.payment(its, seq, terms=terms, challenge=over, device=device)))
    # every text meets the same state
    made.terminal._sell = lambda scan, sale, _: Outcome(APPROVED)
    return made.terminal, sale, pairs


def check(path):
    """Prints where a verdict is not that of the file's lines of `hex;code`; then how many lines and approvals."""
    terminal, sale, _ = selling()
    lines = approved = 0
    with open(path) as f:
        for line in f:
            data, expected = line.strip().split(";")
            code = terminal.scan(bytes.fromhex(data), sale).code
            lines += 1
            approved += code == APPROVED
            if code != expected:
                print("differs", data, expected, code)
    print("checked", lines, "approved", approved)


if __name__ == "__main__":
    check(sys.argv[1])
