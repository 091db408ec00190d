import os


class Files:
    """A mounted file system below `root`, as agent code wants it."""

    def __init__(self, root):
        self._root = root + "/"

    def open(self, name, mode):
        return open(self._root + name, mode)

    def rename(self, old, new):
        os.rename(self._root + old, self._root + new)

    def remove(self, name):
        os.remove(self._root + name)

    def exists(self, name):
        try:
            os.stat(self._root + name)
        except OSError:
            return False
        return True

    def folder(self, name):
        """Makes a folder unless it is there."""
        if not self.exists(name):
            os.mkdir(self._root + name)

    def listed(self, name):
        """Names in a folder."""
        return os.listdir(self._root + name)

    def size(self):
        """Bytes of the whole file system."""
        stat = os.statvfs(self._root)
        return stat[1] * stat[2]

    def free(self):
        """Bytes free; slow (33 ms on a Pico): ask at boot and count."""
        stat = os.statvfs(self._root)
        return stat[0] * stat[3]
