"""The crew's language, remembered on flash. Texts of the other one are loaded when it is chosen."""

from .errors import Refused, StorageError
from .files import read_whole, write_whole

NAME = "language"
ENGLISH, CHINESE = "en", "zh"


def texts(language):
    """The module of this language's texts."""
    if language == CHINESE:
        from . import texts_zh as found
    else:
        from . import texts as found
    return found


def remembered(files):
    """Texts of the language chosen last; English where none was, or where that is damaged."""
    try:
        return texts(str(read_whole(files, NAME) or b"", "ascii"))
    except (ValueError, OSError):
        return texts(ENGLISH)


def other(files, present):
    """Texts of the language that `present` is not, from now on and after the next boot."""
    language = ENGLISH if present.LANGUAGE == CHINESE else CHINESE
    try:
        write_whole(files, NAME, language.encode())
    except OSError:
        raise StorageError()
    try:
        return texts(language)
    except MemoryError:
        raise Refused("memory", "Switch the terminal off and on.")  # it is remembered: the next boot has room for it
