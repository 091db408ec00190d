import json


class Logged:
    """A panel that also writes what it shows on a UART, a line of JSON a screen: for a test rig, never in a cabin."""

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
        self._uart.write(json.dumps({"screen": name, "lines": lines, "code": code}) + "\n")
