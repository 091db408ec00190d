"""Composition root: hands the board's hardware to the agent and runs it. Nothing is decided here."""

import micropython

# first statement: a Ctrl-C on the port must never open a prompt (it is re-armed after boot.py)
micropython.kbd_intr(-1)

try:
    import asyncio
    import gc
    import os

    # what loading leaves behind lies between what stays: collected often, 40 KB for the spend table are in one piece
    gc.threshold(8192)

    import board
    import ed25519
    from cabinpay.agent.crew import Crew
    from cabinpay.agent.session import Session
    from cabinpay.agent.terminal import Terminal
    from cabinpay.io import lines, link
    from cabinpay.io.files import Files
    from cabinpay.io.screen import Screen
    from cabinpay.wire import cbor

    gc.threshold(-1)

    async def tick(crew):
        while True:
            await asyncio.sleep_ms(1000)
            crew.tick()

    async def run():
        terminal = Terminal(
            Files(board.mount()), cbor, ed25519, board.ticks, board.rtc, os.urandom, board.MAX_PASSES, board.carved
        )
        terminal.boot()
        crew = Crew(terminal, Screen(board.panel, board.buzzer))
        crew.start()
        await asyncio.gather(
            link.serve(board.link, Session(terminal), crew.start),
            lines.scan_lines(board.scanner, crew.scanned),
            lines.key_presses(board.keypad, crew.key),
            tick(crew),
        )

    asyncio.run(run())
except Exception as e:  # noqa: BLE001 -- said on the console, and then every way out is a reset
    import sys

    sys.print_exception(e)
finally:
    import board

    board.reset()
