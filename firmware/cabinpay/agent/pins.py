"""Who signs on: PINs checked against the bundle's crew file, and waiting that makes trying them out hopeless."""

from .errors import Refused, StorageError
from .files import read_whole, write_whole

NAME = "pins"
# So many wrong ones in a row are slips; each further one doubles the wait: at 15 minutes a try, four digits take months
SLIPS = 3
FIRST_WAIT = 30
LONGEST_WAIT = 900
# Crew members with wrong tries behind them that are remembered. Beyond, the one with the fewest makes room, and whoever
# is not remembered has as many behind them: nobody's tries are ever forgotten by trying others.
MOST = 32


class Pins:
    """ticks() -> seconds since power-on. Wrong tries are counted on flash, before the PIN is looked at: switching the
    terminal off saves nobody a wait, it begins anew."""

    def __init__(self, files, codec, ticks):
        self._files = files
        self._codec = codec
        self._ticks = ticks
        self._since = ticks()
        self._tries = None
        self._last = {}

    def check(self, trust, number, pin):
        """Returns where this is the PIN of crew member `number`; Refused("pin") or ("pin_wait") otherwise."""
        tries = self._counted()
        fewest = min(tries, key=tries.get) if len(tries) >= MOST and number not in tries else None
        wrong = tries.get(number if fewest is None else fewest, 0)
        wait = self._wait(wrong, number)
        if wait > 0:
            raise Refused("pin_wait", "Too many wrong PINs. Wait %d s." % wait, wait)
        if trust.crew_row(number):  # invented numbers are not counted: they would lock the others out
            self._note(tries, number, wrong + 1, fewest)
        if not trust.crew_verifies(number, pin):
            raise Refused("pin", "Wrong crew number or PIN.")
        self._note(tries, number, 0, None)

    def _wait(self, wrong, number):
        if wrong < SLIPS:
            return 0
        since = self._last.get(number, self._since)
        return since + min(FIRST_WAIT << min(wrong - SLIPS, 10), LONGEST_WAIT) - self._ticks()

    def _note(self, tries, number, wrong, fewest):
        """Makes durable `tries` with so many wrong ones for `number`, in the place of `fewest`."""
        rows = [[tries[n], n] for n in tries if n not in (number, fewest)] + ([[wrong, number]] if wrong else [])
        try:
            write_whole(self._files, NAME, self._codec.encode(rows))
        except OSError:
            raise StorageError()
        self._tries = {n: count for count, n in rows}
        self._last = {n: self._last[n] for n in self._tries if n in self._last}
        self._last[number] = self._ticks()
        if fewest is not None:
            self._since = self._ticks()  # when it was tried last is forgotten: it waits from now on

    def _counted(self):
        if self._tries is None:
            try:
                rows = self._codec.decode(read_whole(self._files, NAME) or b"\x80")
            except OSError:
                raise StorageError()
            except ValueError:
                rows = []  # damaged: whoever can do that to the flash reads the verifiers too
            self._tries = {number: wrong for wrong, number in rows}
        return self._tries
