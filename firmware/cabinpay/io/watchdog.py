class Guarded:
    """Signatures that feed the watchdog: a sale takes several, and on a slow chip one alone takes seconds."""

    def __init__(self, crypto, dog):
        self._crypto = crypto
        self._dog = dog
        self.TABLE_SIZE = crypto.TABLE_SIZE

    def public_key(self, *args):
        self._dog.feed()
        return self._crypto.public_key(*args)

    def sign(self, *args):
        self._dog.feed()
        return self._crypto.sign(*args)

    def verify(self, *args):
        self._dog.feed()
        return self._crypto.verify(*args)

    def Verifier(self, *args):
        self._dog.feed()
        return self._crypto.Verifier(*args)
