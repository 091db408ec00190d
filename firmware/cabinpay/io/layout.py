"""How lines of text are laid on a panel. A column is 8 pixels; a Chinese character takes two.

Two spaces in a line part what stands left from what stands at the right edge: "2 x Tea  10.00".
"""

# Sizes of letters: the fonts of 16 pixels doubled, as they are, and framebuf's own of 8 pixels where those do not fit
BIG, TALL, SMALL = 2, 1, 0
# Height of a row: least and most
_BIG_ROW = 34
_TALL_ROWS = (16, 20)
_SMALL_ROWS = (10, 12)
TALL_ROW = _TALL_ROWS[0]
# what a row of TALL is reckoned at where it is asked whether others can be BIG
_FAIR_ROW = 18


def narrow(char):
    return char <= "~"


def width(text):
    """Columns."""
    # no letter but a narrow one has a single byte; most texts have no other
    return len(text) if len(text.encode()) == len(text) else sum([1 if narrow(c) else 2 for c in text])


def page(lines, columns, height, sentences=False):
    """[(y, row, size), ...]. The first lines are BIG while all the rest still fits; the last ones are left out where
    they do not fit at all: so what matters most comes first. A BIG line is one row, or several of `sentences`."""
    tall = folded(lines, columns)
    if len(tall) * _TALL_ROWS[0] > height:
        if all(narrow(c) for row in tall for c in row):
            return _rows(tall, SMALL, _SMALL_ROWS, 0, height)
        return _rows(tall, TALL, _TALL_ROWS, 0, height)
    big, first = _grown(lines, columns // 2, height - _FAIR_ROW * len(tall), height if sentences else 1)
    placed = _rows(big, BIG, (_BIG_ROW, _BIG_ROW), 0, height)
    return placed + _rows(folded(lines[first:], columns), TALL, _TALL_ROWS, _BIG_ROW * len(big), height)


def _grown(lines, columns, room, most):
    """BIG rows of the first lines, of each at most `most`, and how many lines these are; room: pixels to spare."""
    big = []
    for i, line in enumerate(lines):
        rows = folded([line], columns)
        room -= _BIG_ROW * len(rows) - _FAIR_ROW * len(folded([line], 2 * columns))
        if room < 0 or len(rows) > most or "  " in line or _longest(line) > columns:
            return big, i
        big += rows
    return big, len(lines)


def _rows(rows, size, heights, top, height):
    pitch = max(heights[0], min(heights[1], (height - top) // max(1, len(rows))))
    return [(top + i * pitch, row, size) for i, row in enumerate(rows) if top + (i + 1) * pitch <= height]


def folded(lines, columns):
    """Rows of at most `columns`. A line is broken between words, inside one only where it is longer than a row, as
    Chinese is; a line of two parts is spread over the row, its left part cut where it is too long."""
    rows = []
    for line in lines:
        at = line.rfind("  ")
        if at < 0:
            _fold(line, columns, rows)
        else:
            rows.append(_spread(line[:at], line[at + 2 :], columns))
    return rows


def _longest(line):
    """Columns of the longest word."""
    return max([width(word) for word in line.split(" ")])


def _spread(left, right, columns):
    gap = columns - width(right)
    left = _head(left, max(0, gap - 1))
    return left + " " * (gap - width(left)) + right


def _head(text, columns):
    """The beginning of a text that fits."""
    if width(text) <= columns:
        return text
    for i, c in enumerate(text):
        columns -= 1 if narrow(c) else 2
        if columns < 0:
            return text[:i]
    return text


def _fold(line, columns, rows):
    row = ""
    for word in line.split(" "):
        if row and width(row) + 1 + width(word) > columns:
            rows.append(row)
            row = ""
        row = (row + " " + word) if row else word
        while width(row) > columns:
            rows.append(_head(row, columns))
            row = row[len(rows[-1]) :]
    rows.append(row)
