"""How lines of text are laid on a panel. A column is 8 pixels; a Chinese character takes two.

Two spaces in a line part what stands left from what stands at the right edge: "2 x Tea  10.00".
"""

# framebuf's 8x8 font doubled, for who reads at arm's length; the fonts of 16 pixels; framebuf's own, where nothing
# else fits. Each with the least height of a row, and the most that it is given
LARGE, TALL, SMALL = (20, 22), (16, 20), (10, 12)


def narrow(char):
    return " " <= char <= "~"


def width(text):
    """Columns."""
    return sum([1 if narrow(c) else 2 for c in text])


def page(lines, columns, height):
    """(size, pixels from row to row, rows) of lines on a panel: as large as they fit whole; the last ones are left out
    where they do not fit at all, so what matters most comes first."""
    if all(narrow(c) for line in lines for c in line):
        rows = folded(lines, columns // 2, False)
        if rows is not None and len(rows) * LARGE[0] <= height:
            return _page(LARGE, rows, height)
        rows = folded(lines, columns)
        return _page(TALL if len(rows) * TALL[0] <= height else SMALL, rows, height)
    return _page(TALL, folded(lines, columns), height)


def _page(size, rows, height):
    pitch = max(size[0], min(size[1], height // max(1, len(rows))))
    return size, pitch, rows[: height // pitch]


def folded(lines, columns, cut=True):
    """Rows of at most `columns`. A line is broken between words, inside one only where it is longer than a row; a line
    of two parts is spread over the row, its left part cut where it is too long. Without `cut` None instead of either
    of the two."""
    rows = []
    for line in lines:
        at = line.rfind("  ")
        if not cut and (width(line) > columns + 1 if at >= 0 else _longest(line) > columns):
            return None
        if at < 0:
            _fold(line, columns, rows)
        else:
            rows.append(_spread(line[:at], line[at + 2 :], columns))
    return rows


def _longest(line):
    return max([width(word) for word in line.split(" ")])


def _spread(left, right, columns):
    gap = columns - width(right)
    left = _head(left, max(0, gap - 1))
    return left + " " * (gap - width(left)) + right


def _head(text, columns):
    """The beginning of a text that fits."""
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
