import asyncio
import time

from cabinpay.wire import frames

# Bytes read a turn: more starves keypad and scanner, fewer waste the line (micropython notes: 64 is 7 ms at worst)
TURN = 64
IDLE_MS = 2
# After so long without a byte no host is there any more
QUIET_MS = 30000


async def serve(stream, begin, changed):
    """Answers requests from `stream` until the session is leaving (True) or its host has gone and there is nothing to
    remember of it (False). stream.read_some(buffer) -> bytes read, stream.write_some(data) -> bytes taken; neither
    blocks. begin() makes the session at the first request: in the air, where there is none, its code need not be in
    RAM. `changed()` is called after each request."""
    decoder = frames.Decoder(frames.MAX_REQUEST)
    buffer = bytearray(TURN)
    view = memoryview(buffer)
    session = None
    heard = time.ticks_ms()
    while session is None or not session.leaving:
        n = stream.read_some(buffer)
        if n:
            heard = time.ticks_ms()
        elif session and time.ticks_diff(time.ticks_ms(), heard) > QUIET_MS and session.may_end():
            return False
        for body in decoder.feed(view[:n]) if n else ():
            session = session or begin()
            for reply in session.answer(body):
                if not await send(stream, frames.encode(reply)):
                    break
            changed()
        await asyncio.sleep_ms(0 if n else IDLE_MS)
    return True


# A host that has gone away must not hold the link for ever, nor may a sale wait for it
PATIENCE_TURNS = 2500


async def send(stream, data):
    """Writes a frame in small pieces. False where the other side takes nothing for five seconds: the rest of it is
    dropped, as must be what would follow it."""
    view = memoryview(data)
    at = 0
    patience = PATIENCE_TURNS
    while at < len(data) and patience:
        n = stream.write_some(view[at : at + TURN])
        at += n
        patience = PATIENCE_TURNS if n else patience - 1
        await asyncio.sleep_ms(0 if n else IDLE_MS)
    return at == len(data)
