"""What a main.py that ended by an exception leaves for the next boot: the exception's class name and the functions that
it came through, never its text, which could hold anything."""

from .files import read_whole, write_whole

NAME = "crash"
# stays until the next crash: what `log` answers
TOLD = "trace"
_LINE = 96


def leave(files, name, trace=""):
    """Called last thing before a reset; where flash takes no more, the crash is on the console only. trace: what
    sys.print_exception prints."""
    try:
        write_whole(files, NAME, name.encode())
        write_whole(files, TOLD, " < ".join([name] + functions(trace))[:_LINE].encode())
    except OSError:
        pass


def functions(trace):
    """Names of the functions in a traceback, the innermost first."""
    return [line.split(", in ")[1] for line in reversed(trace.split("\n")) if line[:7] == "  File " and ", in " in line]


def found(files):
    """The class name left, at most 64 printable characters, or None."""
    return _read(files, NAME, 64)


def told(files):
    """The last crash on this flash in one line; empty where there was none."""
    return _read(files, TOLD, _LINE) or ""


def _read(files, name, most):
    try:
        body = read_whole(files, name)
    except ValueError:
        return "unknown"
    return None if body is None else "".join(chr(c) for c in body[:most] if 32 <= c < 127)


def clear(files):
    files.remove(NAME)
