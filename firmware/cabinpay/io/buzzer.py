import time

# (Hz, milliseconds), 0 Hz being silence: told apart with closed eyes
_TUNES = {
    "approved": ((1568, 90), (2093, 160)),
    "attention": ((880, 120), (0, 60), (880, 120)),
    "refused": ((330, 350),),
    "alarm": ((1245, 150), (622, 150), (1245, 150), (622, 300)),
}
_HALF = 32768


# longer than any note, and shorter: a timer may run ahead of the clock
_LONG_MS, _EARLY_MS = 1000, 20


class Buzzer:
    """A passive buzzer on a PWM; `timer` plays on while the agent is at work."""

    def __init__(self, pwm, timer):
        self._pwm = pwm
        self._timer = timer
        self._one_shot = timer.ONE_SHOT
        self._notes = iter(())
        self._end = 0
        # bound once: a callback may come while memory is being collected
        self._step = self._called

    def play(self, tone):
        # the end of a note before may be told between any two instructions here, and later than it was: not ours
        self._lasts(_LONG_MS)
        self._notes = iter(_TUNES[tone])
        self._next()

    def _lasts(self, ms):
        self._end = time.ticks_add(time.ticks_ms(), ms)

    def _called(self, _):
        if time.ticks_diff(self._end, time.ticks_ms()) < _EARLY_MS:
            self._next()

    def _next(self):
        hz, ms = next(self._notes, (0, 0))
        if hz:
            self._pwm.freq(hz)
        self._pwm.duty_u16(_HALF if hz else 0)
        if ms:
            self._lasts(ms)
            self._timer.init(mode=self._one_shot, period=ms, callback=self._step)
