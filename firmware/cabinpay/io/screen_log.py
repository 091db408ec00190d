import asyncio
import gc
import json

_STEP = 1024
# So long nothing is shown before the heap is looked at: a second's collection has come by meanwhile
_REST_MS = 2000


class Logged:
    """A panel that also writes what it shows on a UART, a line of JSON a screen; and, where the crew comes back to the
    sale from a key's refusal (B with nothing keyed in), the heap's free bytes and those of its largest block (to 1 KB):
    for a test rig, never in a cabin."""

    def __init__(self, panel, uart):
        self._panel = panel
        self._uart = uart
        self._refused = False
        self._shown = self._wanted = 0
        # early: whatever stays and comes later may divide the heap
        self._task = asyncio.create_task(self._look())
        self.width = panel.width
        self.height = panel.height
        self.band = panel.band
        self.buffer = panel.buffer
        self.draw = panel.draw

    def show(self, name, lines, code):
        self._panel.show(name, lines, code)
        self._shown += 1
        # asked for, and never else: it takes a fifth of a second, in which keys are missed
        self._wanted = self._shown if name == "items" and self._refused else 0
        self._refused = name == "verdict" and not code
        self._write({"screen": name, "lines": lines, "code": code})

    async def _look(self):
        """In a stack that holds nothing of what drawing and keys leave behind."""
        while True:
            wanted = self._wanted
            await asyncio.sleep_ms(_REST_MS)
            if wanted and wanted == self._wanted:
                self._wanted = 0
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
