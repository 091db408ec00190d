"""What a sale costs in flash, and how many receipts fit, by board. python -m power.flash_costs prints the table."""

import micropython
from cabinpay_host.flash import agent, boards
from power.flights import HERE

BLOCK = 4096
# Blocks of the file system, by board; the agent's .mpy files lie on it
BOARDS = {"Pico": 352, "Pico W": 212, "ESP32 of 4 MB": 512}
# Typical times of a W25Q16JV, and what each of its blocks is good for
ERASE_MS, PAGE_MS, PAGE, ENDURANCE = 45, 0.4, 256, 100_000
BUSY = 300  # sales a day


def figures(blocks: int) -> dict[str, float]:
    """What filling.py says of a flash of so many blocks with the agent on it."""
    taken = sum(-(-len(data) // BLOCK) * BLOCK for data in agent.files(boards.load("pico")).values())
    path = (str(HERE), str(HERE.parent / "portable"))
    output = micropython.run(str(HERE / "filling.py"), str(blocks), str(taken), path=path, heap="20m", timeout=600)
    return {name: float(value) for name, value in (line.rsplit(":", 1) for line in output.splitlines())}


def table(board: str, found: dict[str, float]) -> str:
    lines = [f"{board}: {found['receipts that fit']:.0f} receipts fit"]
    for when in ("half full", "near full"):
        erases, written = found[f"{when}, erases a sale"], found[f"{when}, bytes programmed a sale"]
        ms = erases * ERASE_MS + written / PAGE * PAGE_MS
        record = found[f"{when}, bytes of its record"]
        lines.append(f"  {when}: record {record:.0f} bytes, programmed {written:.0f}, {erases:.2f} erases, {ms:.0f} ms")
    years = ENDURANCE / found["erases a sale of the block that has most"] / BUSY / 365
    lines.append(f"  at {BUSY} sales a day the block that is erased most lasts {years:.0f} years")
    return "\n".join(lines)


if __name__ == "__main__":
    for board, blocks in BOARDS.items():
        print(table(board, figures(blocks)))
