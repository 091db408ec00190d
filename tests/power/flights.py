"""Runs the scripted flight with its cuts on real MicroPython, and verifies with the host's own code what it left.

python -m power.flights EVERY AGE...   all ages, one second cut in EVERY; or
python -m power.flights CASE           the one case that a failure has named
"""

import hashlib
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import micropython
from cabinpay.wire import cose
from cabinpay.wire.receipts import FIRST_PREVIOUS, read_receipt
from cabinpay_host import codec

HERE = Path(__file__).parent
# MicroPython runs on one of the machine's processors
PROCESSES = 2


@dataclass
class Count:
    once: int = 0
    twice: int = 0
    flashes: int = 0
    died: int = 0
    failures: tuple[str, ...] = ()


def fly(*args: str) -> Count:
    """What became of one run of flight_cuts.py; ValueError where the host does not find its chain whole."""
    path = (str(HERE), str(HERE.parent / "portable"))
    output = micropython.run(str(HERE / "flight_cuts.py"), *args, path=path, heap="8m", timeout=7200)
    pattern = r"^(\d+) cut points, (\d+) of them twice, (\d+) flashes, (\d+) died, \d+ failures$"
    total = re.search(pattern, output, re.MULTILINE)
    assert total, output[-2000:]
    check_chain([bytes.fromhex(text) for text in re.findall(r"^RECEIPT \d+ ([0-9a-f]+)$", output, re.MULTILINE)])
    failures = tuple(re.findall(r"^(FAIL .*:\n(?:Traceback.*\n(?: .*\n)*.*\n)?)", output, re.MULTILINE))
    return Count(int(total[1]) - int(total[2]), int(total[2]), int(total[3]), int(total[4]), failures)


def check_chain(receipts: list[bytes]) -> None:
    """Receipts from the first one on; every survivor was compared with these, byte by byte."""
    head = FIRST_PREVIOUS
    assert receipts
    for number, signed in enumerate(receipts, 1):
        receipt = read_receipt(cose.parse(signed, codec).payload, codec)
        if (receipt.number, receipt.previous) != (number, head):
            raise ValueError(f"receipt {number} does not follow")
        head = hashlib.sha256(signed).digest()


def all_cuts(every: int, ages: list[str]) -> Count:
    """Shards of every age, on all processors."""
    shards = [(age, str(every), str(n), "4") for age in ages for n in range(4)]
    total = Count()
    with ThreadPoolExecutor(PROCESSES) as pool:
        for shard, count in zip(shards, pool.map(lambda args: fly(*args), shards), strict=True):
            total = Count(
                total.once + count.once, total.twice + count.twice, total.flashes + count.flashes,
                total.died + count.died, total.failures + count.failures,
            )  # fmt: skip
            part = f"age {shard[0]}, part {int(shard[2]) + 1} of 4"
            print(f"{part}: {count.once} cuts, {count.twice} two deep, {len(count.failures)} failed", flush=True)
    return total


def main(args: list[str]) -> int:
    start = time.monotonic()
    total = fly(args[0]) if "/" in args[0] else all_cuts(int(args[0]), args[1:])
    for failure in total.failures:
        print(failure, end="")
    took = time.monotonic() - start
    cuts = f"{total.once + total.twice} power cuts, {total.twice} of them two deep"
    print(f"{cuts}; {total.flashes} different flashes judged; {took:.0f} s")
    print(f"{total.died} made on a flash that dies in the run itself; the others worked out from its operations")
    print(f"{len(total.failures)} failed{'; one alone: make power CASE=...' if total.failures else ''}")
    return 1 if total.failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
