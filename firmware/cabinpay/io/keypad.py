# A press counts when it is seen twice in a row: contacts bounce for a few milliseconds
_SEEN = 2


class Keypad:
    """A 4x4 matrix without diodes: rows are outputs driven low one at a time, columns inputs with pull-ups."""

    def __init__(self, rows, columns, keys):
        self._rows = rows
        self._columns = columns
        self._keys = "".join(keys).encode()
        self._down = 0
        self._seen = 0
        for row in rows:
            row(0)

    def read_some(self, buffer):
        """Puts the key pressed since the last call into `buffer`; to be asked every few milliseconds."""
        key = self._scan()
        if key != self._down:
            self._down = key
            self._seen = 0
        self._seen += 1
        if self._seen != _SEEN or not key:
            return 0
        buffer[0] = key
        return 1

    def _scan(self):
        """The one key that is down, or 0: of several held at once a matrix shows some that are not."""
        # idle, with every row low: a look at the columns is enough
        if all(column() for column in self._columns):
            return 0
        for row in self._rows:
            row(1)
        found = 0
        at = 0
        for row in self._rows:
            row(0)
            for column in self._columns:
                if not column():
                    found = self._keys[at] if not found else 255
                at += 1
            row(1)
        for row in self._rows:
            row(0)
        return 0 if found == 255 else found
