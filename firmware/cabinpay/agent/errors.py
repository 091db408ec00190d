class Refused(Exception):
    """A request of crew or ground that is not granted; code: stable, line: what to do."""

    def __init__(self, code, line):
        super().__init__(code)
        self.code = code
        self.line = line


class StorageError(Exception):
    """The flash did not take what it was given. Whether it became durable is known at the next boot only."""

    code = "storage"
    line = "Storage failed. Switch the terminal off and on."
