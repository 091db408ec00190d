"""The crew's language, remembered on flash. Texts of the other one are loaded when it is chosen."""

from .errors import StorageError
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
    """Texts of the language that was chosen last; English where none was, or where that is damaged."""
    return texts(_stored(files))


def remember(files, present):
    """Has the next boot come up in this language. At each sign-on, not at each choice: flash wears."""
    if _stored(files) != present.LANGUAGE:
        try:
            write_whole(files, NAME, present.LANGUAGE.encode())
        except OSError:
            raise StorageError()


def other(present):
    """Texts of the language that `present` is not."""
    return texts(ENGLISH if present.LANGUAGE == CHINESE else CHINESE)


def _stored(files):
    try:
        return str(read_whole(files, NAME) or ENGLISH.encode(), "ascii")
    except (ValueError, OSError):
        return ENGLISH
