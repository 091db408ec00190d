import asyncio

# A code of 483 characters and what scanners put around it
MAX_LINE = 512
IDLE_MS = 5


async def scan_lines(stream, take):
    """Hands each line of a scanner that ends in CR or LF to `take(bytes)`; too long a line is handed on cut, so that
    it is refused and not silently dropped."""
    buffer = bytearray(64)
    # in place: one that grows leaves its former self behind with every byte or two
    line, size = bytearray(MAX_LINE), 0
    while True:
        n = stream.read_some(buffer)
        # nothing is made where nothing came: that is a hundred times a second
        for c in memoryview(buffer)[:n] if n else ():
            if c in (13, 10):
                if size:
                    _hand(take, line, size)
                size = 0
            elif size < MAX_LINE:
                line[size] = c
                size += 1
        await asyncio.sleep_ms(0 if n else 1 if size else IDLE_MS)


def _hand(take, line, size):
    # not in the coroutine, whose stack would hold the line until the next one
    take(bytes(memoryview(line)[:size]))


async def key_presses(stream, take):
    """Hands each character of a keypad to `take(str)`."""
    # one a turn: each may draw a screen, and the link waits meanwhile
    buffer = bytearray(1)
    while True:
        n = stream.read_some(buffer)
        if n:
            take(chr(buffer[0]))
        await asyncio.sleep_ms(0 if n else IDLE_MS)
