"""The crew's language, remembered on flash, and its texts, which lie in a file beside this one and are read when they
are shown: in RAM they would take 10 KB."""

from .errors import StorageError
from .files import read_whole, write_whole
from .heap import make_room

NAME = "language"
ENGLISH, CHINESE = "en", "zh"
_FOLDER = __file__[: -len(__file__.split("/")[-1])]
_PIECE = 512
# Texts kept once read, about 80 bytes each: those of a sale, so that no key press waits for flash
_KEPT = 12


class Texts:
    """What the crew reads in one language, by the names in its file. name: which field of a catalogue's item is its
    name in this language."""

    def __init__(self, language):
        self.language = language
        self.name = 2 if language == CHINESE else 1
        self._kept = {}

    def get(self, name):
        """Lines, in a list; None where the file does not have them, or cannot be read."""
        lines = self._kept.get(name) or self._read(name)
        if lines and name not in self._kept:
            if len(self._kept) == _KEPT:
                self._kept.clear()
            self._kept[name] = lines
        return lines and list(lines)

    def _read(self, name):
        try:
            with open("%s%s.txt" % (_FOLDER, self.language), "rb") as file:
                found = _found(file, ("\n%s: " % name).encode())
        except OSError:
            return None
        # what is kept goes to the low end of the heap, or it would divide what is free
        make_room()
        return found and str(found, "utf-8").split(" | ")

    def __getitem__(self, name):
        """Lines, in a list; where there are none the name stands for them."""
        return self.get(name) or [name]

    def line(self, name):
        return self[name][0]


def _found(file, begin):
    text = b"\n"
    while True:
        at = text.find(begin)
        end = text.find(b"\n", at + len(begin)) if at >= 0 else -1
        if end >= 0:
            return text[at + len(begin) : end]
        piece = file.read(_PIECE)
        if not piece:
            return None
        text = text[at if at >= 0 else -len(begin) :] + piece


def remembered(files):
    """Texts of the language that was chosen last; English where none was, or where that is damaged."""
    return Texts(CHINESE if _stored(files) == CHINESE else ENGLISH)


def remember(files, language):
    """Has the next boot come up in this language. At each sign-on, not at each choice: flash wears."""
    if _stored(files) != language:
        try:
            write_whole(files, NAME, language.encode())
        except OSError:
            raise StorageError()


def other(present):
    """Texts of the language that `present` is not."""
    return Texts(ENGLISH if present.language == CHINESE else CHINESE)


def _stored(files):
    try:
        return str(read_whole(files, NAME) or ENGLISH.encode(), "ascii")
    except (ValueError, OSError):
        return ENGLISH
