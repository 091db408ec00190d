"""The journal's segments as files: journal/NNNNNNNN, and quarantine/NNNNNNNN for one that is damaged, kept as it is."""

from . import records

FOLDER = "journal"
QUARANTINE = "quarantine"


class Segments:
    """ordinals: of all that hold receipts not freed yet, ascending."""

    def __init__(self, files):
        self._files = files
        self._set_aside = []
        self.ordinals = []

    def find(self, freed):
        """Takes up what is there; what was freed up to `freed` goes, should power have failed while it went."""
        self._files.folder(FOLDER)
        here = [int(name) for name in self._files.listed(FOLDER)]
        if self._files.exists(QUARANTINE):
            self._set_aside = [int(name) for name in self._files.listed(QUARANTINE)]
        self.ordinals = sorted(here + [n for n in self._set_aside if n > freed])
        self.free(freed)

    def free(self, upto):
        """Deletes segments up to `upto`, the oldest first: what a power cut leaves has no hole. Damaged ones stay."""
        while self.ordinals and self.ordinals[0] <= upto:
            if self.ordinals[0] not in self._set_aside:
                self._files.remove(self._path(self.ordinals[0]))
            self.ordinals.pop(0)

    def free_quarantine(self, upto):
        """Deletes damaged segments up to `upto`; were there any?"""
        before = len(self._set_aside)
        while self._set_aside and min(self._set_aside) <= upto:
            ordinal = min(self._set_aside)
            self._files.remove(self._path(ordinal))
            self._set_aside.remove(ordinal)
        return len(self._set_aside) < before

    def set_aside(self, ordinal):
        self._files.folder(QUARANTINE)
        self._files.rename(self._path(ordinal), QUARANTINE + "/%08d" % ordinal)
        self._set_aside.append(ordinal)

    def known_damaged(self, ordinal):
        return ordinal in self._set_aside

    def begin(self, ordinal, before, high):
        """A new segment, durable and open for appending."""
        f = self._files.open(self._path(ordinal), "ab")
        self.ordinals.append(ordinal)
        f.write(records.segment_header(ordinal, before, high))
        f.flush()
        return f

    def header(self, ordinal):
        """(before, high), or None where they are not to be had."""
        with self._files.open(self._path(ordinal), "rb") as f:
            return records.read_header(f.read(records.SEGMENT_HEADER), ordinal)

    def size(self, ordinal):
        """Its bytes."""
        with self._files.open(self._path(ordinal), "rb") as f:
            return f.seek(0, 2)

    def records(self, ordinal, evidence=False, into=None):
        """Its records, without their evidence unless it is wanted; None for what is damaged. into: see records.read."""
        with self._files.open(self._path(ordinal), "rb") as f:
            head = f.read(records.SEGMENT_HEADER)
            if len(head) < records.SEGMENT_HEADER:
                return  # power failed before anything was written
            if records.read_header(head, ordinal) is None:
                yield None
            yield from records.read_all(f, evidence, into)

    def _path(self, ordinal):
        return (QUARANTINE if ordinal in self._set_aside else FOLDER) + "/%08d" % ordinal
