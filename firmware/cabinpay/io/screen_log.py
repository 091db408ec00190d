import gc
import json

_STEP = 1024


class Logged:
    """A panel that also writes what it shows on a UART, a line of JSON a screen, with the heap's free bytes and those
    of its largest block (to 1 KB) at each new sale: for a test rig, never in a cabin."""

    def __init__(self, panel, uart):
        self._panel = panel
        self._uart = uart
        self.width = panel.width
        self.height = panel.height
        self.band = panel.band
        self.buffer = panel.buffer
        self.draw = panel.draw

    def show(self, name, lines, code):
        self._panel.show(name, lines, code)
        heap = _heap() if name == "items" else ()
        self._uart.write(json.dumps({"screen": name, "lines": lines, "code": code, "heap": heap}) + "\n")


def _heap():
    gc.collect()
    free = gc.mem_free()
    for size in range(free // _STEP * _STEP, 0, -_STEP):
        try:
            bytearray(size)
            return free, size
        except MemoryError:
            pass
    return free, 0
