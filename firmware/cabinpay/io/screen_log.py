import asyncio
import gc
import json

_STEP = 1024
# A second's collection has come by, and what drawing and keys left behind is gone
_REST_MS = 2000


class Logged:
    """A panel that also writes what it shows on a UART, a line of JSON a screen; and where a sale's first screen has
    stood for two seconds, the heap's free bytes and those of its largest block (to 1 KB): for a test rig, never in a
    cabin."""

    def __init__(self, panel, uart):
        self._panel = panel
        self._uart = uart
        self._last = ""
        self._shown = 0
        self._task = None
        self.width = panel.width
        self.height = panel.height
        self.band = panel.band
        self.buffer = panel.buffer
        self.draw = panel.draw

    def show(self, name, lines, code):
        self._panel.show(name, lines, code)
        self._shown += 1
        self._write({"screen": name, "lines": lines, "code": code})
        # not at each key, nor in the drawing's own stack: it holds what the drawing made, wherever that lies
        if name == "items" != self._last:
            self._task = asyncio.create_task(self._at_rest(self._shown))
        self._last = name

    async def _at_rest(self, shown):
        await asyncio.sleep_ms(_REST_MS)
        if shown == self._shown:
            self._write({"heap": _heap()})

    def _write(self, told):
        self._uart.write(json.dumps(told) + "\n")


def _heap():
    gc.collect()
    free = gc.mem_free()
    least, most = 0, free // _STEP
    while least < most:
        middle = (least + most + 1) // 2
        try:
            bytearray(middle * _STEP)
            least = middle
        except MemoryError:
            most = middle - 1
    return free, least * _STEP
