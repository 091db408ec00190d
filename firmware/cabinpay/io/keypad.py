# A press counts when it is seen twice in a row: contacts bounce for a few milliseconds
_SEEN = 2
_LOOK_MS = 8
_AHEAD = 32


class Keypad:
    """A 4x4 matrix without diodes: rows are outputs driven low one at a time, columns inputs with pull-ups. `timer`
    looks at it also while a screen is drawn, so that nobody types too fast."""

    def __init__(self, rows, columns, keys, timer):
        self._rows = rows
        self._columns = columns
        self._keys = "".join(keys).encode()
        self._down = 0
        self._seen = 0
        self._typed = bytearray(_AHEAD)
        self._count = 0
        for row in rows:
            row(0)
        self._timer = timer  # one that nobody holds is collected, and stops
        timer.init(period=_LOOK_MS, callback=self._look)

    def read_some(self, buffer):
        """Moves keys typed into `buffer`; how many."""
        n = min(self._count, len(buffer))
        for i in range(n):
            buffer[i] = self._typed[i]
        for i in range(n, self._count):
            self._typed[i - n] = self._typed[i]
        self._count -= n
        return n

    def forget(self):
        """What was typed while a code was decided was not meant for its verdict."""
        self._count = 0

    def _look(self, _):
        # a callback: nothing here may allocate
        key = self._scan()
        if key != self._down:
            self._down = key
            self._seen = 0
        self._seen = min(self._seen + 1, _SEEN + 1)
        if self._seen == _SEEN and key and self._count < _AHEAD:
            self._typed[self._count] = key
            self._count += 1

    def _scan(self):
        """The one key that is down, or 0: of several held at once a matrix shows some that are not."""
        if not self._any():
            return 0
        for row in self._rows:
            row(1)
        found = 0
        at = 0
        for row in self._rows:
            row(0)
            for column in self._columns:
                if not column():
                    found = 255 if found else self._keys[at]
                at += 1
            row(1)
        for row in self._rows:
            row(0)
        return 0 if found == 255 else found

    def _any(self):
        # between looks all rows are low
        for column in self._columns:  # noqa: SIM110
            if not column():
                return True
        return False
