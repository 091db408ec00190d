"""How a boot begins: at work; with the port's prompt open, once, as maintenance was granted; or, after three boots in a
row that failed, with the rescue link alone."""

from .files import read_whole, write_whole

WORK, PROMPT, RESCUE = 1, 2, 3
OPENED = "maintenance"
FAILED = "failed"
# A boot that has lasted for so long has not failed
SECONDS = 60
_MOST = 3


def begin(files, again):
    """WORK, PROMPT or RESCUE; again: did a reset begin this boot, as a watchdog's or a crash's do, and not power?"""
    if files.exists(OPENED):
        files.remove(OPENED)
        well(files)
        return PROMPT
    if not again:
        well(files)
        return WORK
    try:
        count = failed(files) + 1
        write_whole(files, FAILED, bytes([min(count, 255)]))
    except OSError:
        return WORK
    return RESCUE if count > _MOST - 1 else WORK


def well(files):
    """This boot has not failed."""
    if files.exists(FAILED):
        files.remove(FAILED)


def failed(files):
    """Boots in a row that ended by a reset."""
    try:
        body = read_whole(files, FAILED)
    except ValueError:
        return 0
    return body[0] if body else 0


def open_next(files):
    """Durable when it returns: the next boot is PROMPT."""
    write_whole(files, OPENED, b"\x01")
