"""What a sale costs in flash, and how many receipts fit, by board. python -m power.flash_costs prints the table."""

import micropython
from cabinpay_host.flash import agent, boards
from power.flights import HERE

BLOCK = 4096
# The smallest file systems: of others, Pico 2 and Pico 2 W have more, and an ESP32-C3 as much as an ESP32
BOARDS = ("pico", "pico_w", "esp32")
# Typical times of a W25Q16JV, and what each of its blocks is good for
ERASE_MS, PAGE_MS, PAGE, ENDURANCE = 45, 0.4, 256, 100_000
BUSY = 300  # sales a day


def figures(name: str) -> dict[str, float]:
    """What filling.py says of this board's file system with the agent on it."""
    board = boards.load(name)
    blocks = board.storage[1] // BLOCK
    taken = sum(-(-len(data) // BLOCK) * BLOCK for data in agent.files(board).values())
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
    for board in BOARDS:
        print(table(board, figures(board)))
