"""A terminal whose agent does not come up: enough of it to be asked who it is, what it died of, and to be opened."""

from . import crash, keystore, starts
from .clock import Clock
from .drbg import Drbg
from .errors import Refused
from .trust import Trust


class Rescue:
    """What a Door wants of a terminal, without its journal. carved: as a Terminal's."""

    def __init__(self, files, codec, crypto, ticks, urandom, carved):
        self.codec = codec
        self.crypto = crypto
        self.ticks = ticks
        self.clock = Clock(ticks, lambda: None)
        self.trust = Trust(files, codec, crypto.verify)
        self.keys = None
        self.state = "rescue"
        self._files = files
        secret, boots = urandom(32), 0
        try:
            self.keys = keystore.load(files, codec, crypto)
            if self.keys is None:
                self.state = "needs-recovery" if carved() else "blank"
            else:
                secret, boots = self.keys.drbg, keystore.count_boot(files, urandom)
                self.trust.load(self.keys.roots)
        except (ValueError, OSError):
            pass  # without a bundle nobody can log in, and hello says who it is
        self.drbg = Drbg(secret, boots, urandom(32))

    def open_prompt(self, _by, anyway):
        if self.keys and not anyway:
            raise Refused("not_synced", "It may hold receipts that no ledger has. Say that it is to be so.")
        if self.keys:
            # the note that the chain cannot take now, in the place of the crash's
            crash.leave(self._files, starts.OPENED + " after " + (crash.found(self._files) or "hang"))
        starts.open_next(self._files)

    def log_line(self):
        return crash.told(self._files)
