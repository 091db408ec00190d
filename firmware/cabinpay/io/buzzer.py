# (Hz, milliseconds), 0 Hz being silence: told apart with closed eyes
_TUNES = {
    "approved": ((1568, 90), (2093, 160)),
    "attention": ((880, 120), (0, 60), (880, 120)),
    "refused": ((330, 350),),
    "alarm": ((1245, 150), (622, 150), (1245, 150), (622, 300)),
}
_HALF = 32768


class Buzzer:
    """A passive buzzer on a PWM; `timer` plays on while the agent is at work."""

    def __init__(self, pwm, timer):
        self._pwm = pwm
        self._timer = timer
        self._one_shot = timer.ONE_SHOT
        self._tune = ()
        self._at = 0
        # bound once: a callback may come while memory is being collected
        self._step = self._next

    def play(self, tone):
        self._tune = _TUNES[tone]
        self._at = 0
        self._next(None)

    def _next(self, _):
        if self._at == len(self._tune):
            self._pwm.duty_u16(0)
            return
        hz, ms = self._tune[self._at]
        self._at += 1
        if hz:
            self._pwm.freq(hz)
        self._pwm.duty_u16(_HALF if hz else 0)
        self._timer.init(mode=self._one_shot, period=ms, callback=self._step)
