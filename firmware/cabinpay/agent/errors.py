class Refused(Exception):
    """A request of crew or ground that is not granted; code: stable, line: what to do, for the ground; the crew reads
    its texts' lines of this code, with `value` where they have room for a number."""

    def __init__(self, code, line="", value=None):
        super().__init__(code)
        self.code = code
        self.line = line
        self.value = value


class StorageError(Exception):
    """The flash did not take what it was given. Whether it became durable is known at the next boot only."""

    code = "storage"
    line = "Storage failed. Switch the terminal off and on."
    value = None
