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
        # a ring: the callback alone moves _put, the reader alone _taken
        self._put = 0
        self._taken = 0
        for row in rows:
            row(0)
        self._timer = timer  # one that nobody holds is collected, and stops
        timer.init(period=_LOOK_MS, callback=self._look)

    def read_some(self, buffer):
        """Moves keys typed into `buffer`; how many."""
        n = 0
        while n < len(buffer) and self._taken != self._put:
            buffer[n] = self._typed[self._taken]
            self._taken = (self._taken + 1) % _AHEAD
            n += 1
        return n

    def forget(self):
        """What was typed while a code was decided was not meant for its verdict."""
        self._taken = self._put

    def _look(self, _):
        # between two instructions of whatever else runs, and on its stack: no deeper than it must be
        key = 0
        for column in self._columns:  # between looks all rows are low
            if not column():
                key = self._scan()
                break
        if key != self._down:
            self._down = key
            self._seen = 0
        self._seen = min(self._seen + 1, _SEEN + 1)
        following = (self._put + 1) % _AHEAD
        if self._seen == _SEEN and key and following != self._taken:
            self._typed[self._put] = key
            self._put = following

    def _scan(self):
        """The one key that is down, or 0: of several held at once a matrix shows some that are not."""
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
