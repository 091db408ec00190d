"""make fuzz: mutations of everything that is read, on all processors, for FUZZ_SECONDS or up to FUZZ_COUNT cases.

python tests/fuzz/run.py                     FUZZ_SECONDS=120 FUZZ_COUNT=0 (no bound) FUZZ_SEED=(by the clock)
                                             FUZZ_ONLY=qr,frames (all targets)
python tests/fuzz/run.py --case qr:SEED:123  one case again, as a failure names it
"""

from __future__ import annotations

import os
import resource
import sys
import time
from collections import Counter
from multiprocessing import Pool
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = ("firmware", "host_tools", "boards/unix", "tests", "tests/portable", "tests/host")
sys.path[:0] = [str(HERE.parents[1] / folder) for folder in SOURCES]

from fuzz.targets import TARGETS, Broken, Runner  # noqa: E402

BATCH = 200
# A worker may use so much address space, and grow by so much after its first batches
MEMORY = 2 << 30
GROWTH_KB = 48 << 10

Report = dict[str, tuple[float, Counter[str]]]


def work(args: tuple[str, int, int, float, int]) -> tuple[Report, str, int]:
    """One worker's share: (seconds and outcomes by target, what broke or "", KB grown)."""
    seed, worker, workers, seconds, count = args
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    runners = {name: Runner(name, seed) for name in chosen()}
    spent, found = dict.fromkeys(runners, 0.0), {name: Counter[str]() for name in runners}
    numbers = dict.fromkeys(runners, worker)
    end, settled, broken = time.monotonic() + seconds, 0, ""
    while not broken and time.monotonic() < end and (not count or sum(map(total, found.values())) < count):
        # whoever is furthest behind its share of the time
        name = min(runners, key=lambda name: spent[name] / TARGETS[name][1])
        start = time.monotonic()
        try:
            for _ in range(BATCH if name != "ledger" else 5):
                found[name][runners[name].run(numbers[name])] += 1
                numbers[name] += workers
        except Broken as e:
            broken = str(e)
        spent[name] += time.monotonic() - start
        if not settled and all(spent.values()) and sum(spent.values()) > seconds / 5:
            settled = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        for runner in runners.values():
            runner.close()
    except Broken as e:
        broken = broken or str(e)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - settled if settled else 0
    return {name: (spent[name], found[name]) for name in runners}, broken, grown


def chosen() -> list[str]:
    only = os.environ.get("FUZZ_ONLY", "").split(",")
    return [name for name in TARGETS if name in only] or list(TARGETS)


def total(counter: Counter[str]) -> int:
    return sum(counter.values())


def fuzz(seed: str, seconds: float, count: int, workers: int) -> list[str]:
    """Runs all targets, prints counts and rates; what broke."""
    jobs = [(seed, worker, workers, seconds, count // workers) for worker in range(workers)]
    start = time.monotonic()
    with Pool(workers) as pool:
        results = pool.map(work, jobs, chunksize=1)
    cases = 0
    for name in chosen():
        spent = sum(report[name][0] for report, _, _ in results)
        found = sum((report[name][1] for report, _, _ in results), Counter[str]())
        cases += total(found)
        most = ", ".join(f"{code} {n:,}" for code, n in found.most_common(12))
        print(f"{name:9} {total(found):>11,} cases {total(found) / (spent or 1):>9,.0f}/s a processor  {most}")
    print(f"{cases:,} cases in {time.monotonic() - start:.0f} s on {workers} processors, seed {seed}")
    faults = [broken for _, broken, _ in results if broken]
    faults += [f"a worker grew by {grown} KB" for _, _, grown in results if grown > GROWTH_KB]
    return faults


def again(case: str) -> list[str]:
    name, seed, number = case.split(":")
    runner = Runner(name, seed)
    print(repr(runner.case(int(number))))
    try:
        print(runner.run(int(number)))
    except Broken as e:
        return [str(e)]
    return []


def main() -> int:
    if sys.argv[1:2] == ["--case"]:
        faults = again(sys.argv[2])
    else:
        seed = os.environ.get("FUZZ_SEED") or f"{int(time.time())}"
        print(f"seed {seed}", flush=True)
        seconds, count = float(os.environ.get("FUZZ_SECONDS") or 120), int(os.environ.get("FUZZ_COUNT") or 0)
        faults = fuzz(seed, seconds, count, os.cpu_count() or 1)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
