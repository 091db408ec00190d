import asyncio

# A code of 483 characters and what scanners put around it
MAX_LINE = 512
IDLE_MS = 5


async def scan_lines(stream, take):
    """Hands each line of a scanner that ends in CR or LF to `take(bytes)`; too long a line is handed on cut, so that
    it is refused and not silently dropped."""
    buffer = bytearray(64)
    line = bytearray()
    while True:
        n = stream.read_some(buffer)
        for c in memoryview(buffer)[:n]:
            if c in (13, 10):
                if line:
                    take(bytes(line))
                line = bytearray()
            elif len(line) < MAX_LINE:
                line.append(c)
        await asyncio.sleep_ms(0 if n else IDLE_MS)


async def key_presses(stream, take):
    """Hands each character of a keypad to `take(str)`."""
    # one a turn: each may draw a screen, and the link waits meanwhile
    buffer = bytearray(1)
    while True:
        n = stream.read_some(buffer)
        if n:
            take(chr(buffer[0]))
        await asyncio.sleep_ms(0 if n else IDLE_MS)
