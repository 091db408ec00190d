import gc
import json

_STEP = 1024


class Logged:
    """A panel that also writes what it shows on a UART, a line of JSON a screen, with the heap's free bytes and those
    of its largest block (to 1 KB) where a sale begins: for a test rig, never in a cabin."""

    def __init__(self, panel, uart):
        self._panel = panel
        self._uart = uart
        self._last = ""
        self.width = panel.width
        self.height = panel.height
        self.band = panel.band
        self.buffer = panel.buffer
        self.draw = panel.draw

    def show(self, name, lines, code):
        self._panel.show(name, lines, code)
        # not at each key: it takes a fifth of a second, in which keys are missed
        heap = _heap() if name == "items" != self._last else ()
        self._last = name
        self._uart.write(json.dumps({"screen": name, "lines": lines, "code": code, "heap": heap}) + "\n")


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
