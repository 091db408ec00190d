"""Time and how far it can be trusted."""

from cabinpay.wire.receipts import FLOOR, RTC, SYNCED

# Crystals of such boards: 100 ppm at worst over temperature, a second in this many
DRIFT_PER_SECOND = 10000
GRACE = 30 * 86400


class Clock:
    """
    ticks() -> seconds since power-on; rtc() -> Unix seconds, or None where the board has no clock that survives.
    The floor is a time that has certainly passed: it never falls and no RTC raises it.
    """

    def __init__(self, ticks, rtc):
        self._ticks = ticks
        self._rtc = rtc
        self._floor = 0
        self._floor_at = ticks()
        self._synced_at = None
        self._low = 0
        self._high = 0
        self._window = 30

    def bound(self, issued, not_after, window):
        """Takes a bundle's word for which times are plausible, and its freshness window in seconds."""
        self._low, self._high, self._window = issued, not_after + GRACE, window
        self.raise_floor(issued)

    def raise_floor(self, time):
        if time > self.floor():
            self._floor, self._floor_at = time, self._ticks()

    def sync(self, time):
        """Authenticated ground time, Unix seconds."""
        self.raise_floor(time)
        self._synced_at = (time, self._ticks())

    def read(self):
        """(Unix seconds, quality RTC, SYNCED or FLOOR, age in seconds of a SYNCED time or 0)."""
        if self._synced_at:
            age = self._ticks() - self._synced_at[1]
            time = self._synced_at[0] + age
            if age <= self._window * DRIFT_PER_SECOND and self._plausible(time):
                return time, SYNCED, age
        time = self._rtc()
        if time is not None and self._plausible(time):
            return time, RTC, 0
        return self.floor(), FLOOR, 0

    def floor(self):
        # what has certainly passed: a counter that runs fast, or was read just before it ticked, must not outrun time
        elapsed = max(0, self._ticks() - self._floor_at - 1)
        return self._floor + elapsed - (elapsed + DRIFT_PER_SECOND - 1) // DRIFT_PER_SECOND

    def possible(self, time):
        """Does the bundle allow that it is this late?"""
        return time <= self._high

    def _plausible(self, time):
        return self._low <= time and self.possible(time) and time >= self.floor()
