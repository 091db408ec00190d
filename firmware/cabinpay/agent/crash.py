"""What a main.py that ended by an exception leaves for the next boot: the exception's class name, never its text, which
could hold anything."""

from .files import read_whole, write_whole

NAME = "crash"


def leave(files, name):
    """Called last thing before a reset; where flash takes no more, the crash is on the console only."""
    try:
        write_whole(files, NAME, name.encode())
    except OSError:
        pass


def found(files):
    """The class name left, at most 64 printable characters, or None."""
    try:
        body = read_whole(files, NAME)
    except ValueError:
        return "unknown"
    return None if body is None else "".join(chr(c) for c in body[:64] if 32 <= c < 127)


def clear(files):
    files.remove(NAME)
