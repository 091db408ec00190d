"""Composition root: hands the board's hardware to the agent and runs it. Nothing is decided here."""

import micropython

# first statement: a Ctrl-C on the port must never open a prompt (it is re-armed after boot.py)
micropython.kbd_intr(-1)

prompt = False
try:
    import gc

    # imports leave waste between what stays: collected often, the heap keeps large blocks free
    gc.threshold(6144)

    import asyncio
    import io
    import os
    import sys

    import board
    from cabinpay.agent import crash, heap, starts
    from cabinpay.io import link, modules, notice
    from cabinpay.io.files import Files

    files = Files(board.mount())

    def passing():
        """Names of the modules for which nobody asks in the air, or few do, or only a start: 28 KB. Once read, their
        own names stay, and divide nothing where they come first."""
        from cabinpay.agent import (
            bringing,
            crew_cancel,
            crew_menu,
            crew_shift,
            days,
            delivery,
            door,
            ground,
            session,
            snapshot,
            starting,
        )
        from cabinpay.wire import messages, trust

        crew = crew_cancel, crew_menu, crew_shift, days
        read = crew + (bringing, delivery, door, ground, session, snapshot, starting, messages, trust)
        return [module.__name__ for module in read]

    async def look_after(dog, tick):
        for second in range(1 << 30):
            await asyncio.sleep_ms(1000)
            dog.feed()
            tick()
            # while nobody waits: what is kept goes to the low end of the heap, and the rest stays in one block. A sale
            # that made room has read how
            modules.forget(("cabinpay.agent.snapshot",))
            if second == starts.SECONDS:
                starts.well(files)

    async def serve(begin, changed, passing_by):
        # begun anew after each session: a coroutine's stack would hold what it had of it
        while not await link.serve(board.link, begin, changed):
            modules.forget(passing_by)
            gc.threshold(-1)
        await asyncio.sleep_ms(200)  # the last reply is on its way
        board.reset()

    def crypto(dog):
        import ed25519
        from cabinpay.io.watchdog import Guarded
        from cabinpay.wire import cbor

        return cbor, Guarded(ed25519, dog)

    def session_class():
        if board.wlan:
            from cabinpay.agent.network import NetworkSession as Session
        else:
            from cabinpay.agent.session import Session
        return Session

    def begun(dog, passing_by):
        from cabinpay.agent.terminal import Terminal

        terminal = Terminal(files, *crypto(dog), board.ticks, board.rtc, os.urandom, board.MAX_PASSES, board.carved)
        terminal.journal.alive = dog.feed
        terminal.boot()
        modules.forget(passing_by)
        dog.feed()
        return terminal

    async def work(dog):
        passing_by = passing()
        dog.feed()
        modules.forget(passing_by)
        terminal = begun(dog, passing_by)
        from cabinpay.agent.crew import Crew
        from cabinpay.io import lines
        from cabinpay.io.screen import Screen

        crew = Crew(terminal, Screen(board.panel, board.buzzer), modules.forget)
        crew.start()
        # from here on what is waste is collected once a second, or where there is no room: a sale waits for none
        gc.threshold(-1)

        def session():
            # what it keeps from one request to the next would come to lie amid waste
            gc.threshold(8192)
            return heap.at_high_end(lambda: session_class()(terminal))

        def scanned(line):
            crew.scanned(line)
            board.keypad.forget()

        await asyncio.gather(
            serve(session, crew.start, passing_by),
            lines.scan_lines(board.scanner, scanned),
            lines.key_presses(board.keypad, crew.key),
            look_after(dog, crew.tick),
            *roam(terminal, crew),
        )

    def roam(terminal, crew):
        if board.wlan is None:
            return ()
        from cabinpay.io import wifi

        async def visits():
            await wifi.keep(board.wlan, terminal, crew.idle, crew.start)
            await asyncio.sleep_ms(200)
            board.reset()

        return (visits(),)

    async def rescue(dog):
        from cabinpay.agent.door import Door
        from cabinpay.agent.rescue import Rescue

        notice.show(board.panel, ("RESCUE", "", "Take it to the ground crew:", "cabinpay log"))
        door = Door(Rescue(files, *crypto(dog), board.ticks, os.urandom, board.carved))
        await asyncio.gather(serve(lambda: door, board.ticks, ()), look_after(dog, board.ticks))

    start = starts.PROMPT if board.prompt_is_open() else starts.begin(files, board.began_by_reset())
    if start == starts.PROMPT:
        prompt = True
        notice.show(board.panel, ("MAINTENANCE", "", "The port's prompt is open", "until it is switched off."))
    else:
        dog = board.watchdog()
        try:
            asyncio.run((work if start == starts.WORK else rescue)(dog))
        except Exception as e:
            trace = io.StringIO()
            sys.print_exception(e, trace)
            crash.leave(files, type(e).__name__, trace.getvalue())
            raise
except Exception as e:  # noqa: BLE001 -- said on the console, and then every way out is a reset
    import sys

    sys.print_exception(e)
finally:
    if prompt:
        # whoever has begun this arms Ctrl-C again, when nothing here can be cut short by it any more
        board.open_prompt()
    else:
        try:
            board.reset()
        except Exception:  # noqa: BLE001 -- board.py itself is broken
            import machine

            machine.reset()
