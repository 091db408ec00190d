import time

# Seconds from 1970 to the port's own epoch: ESP32 counts from 2000, rp2 and unix from 1970
_EPOCH = 946684800 if time.gmtime(0)[0] == 2000 else 0


def unix_time():
    """The port's clock as Unix seconds UTC."""
    return int(time.time()) + _EPOCH


class Ticks:
    """Seconds since this object was made. The port's millisecond counter wraps after days; asked once a second as the
    agent does, this does not."""

    def __init__(self):
        self._last = time.ticks_ms()
        self._ms = 0

    def __call__(self):
        now = time.ticks_ms()
        self._ms += time.ticks_diff(now, self._last)
        self._last = now
        return self._ms // 1000
