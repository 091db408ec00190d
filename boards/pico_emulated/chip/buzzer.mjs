// A passive buzzer on a PWM pin: what is heard is read from the PWM's registers.
const PWM_FUNCTION = 4, ENABLED = 1;
// Firmware writes divider, wrap and level one after the other: only what stays for so long is a tone
const SETTLED_NS = 5e5;

export class Buzzer {
  hz = 0;

  // tone(hz): 0 is silence
  constructor(pin, pico, tone) {
    this.pin = pin;
    this.pico = pico;
    this.tone = tone;
  }

  attach(mcu) {
    const write = mcu.pwm.writeUint32.bind(mcu.pwm);
    mcu.pwm.writeUint32 = (at, value) => { write(at, value); this.#listen(mcu); };
    this.#listen(mcu);
  }

  #heard(mcu) {
    const { csr, div, cc, top } = mcu.pwm.channels[(this.pin >> 1) & 7];
    const level = this.pin & 1 ? cc >>> 16 : cc & 0xffff;
    const routed = mcu.gpio[this.pin].functionSelect === PWM_FUNCTION;
    if (!routed || !(csr & ENABLED) || level === 0 || level > top) return 0;
    return Math.round(mcu.clkSys / (((div || 16) / 16) * (top + 1)));
  }

  #listen(mcu) {
    if (this.waiting) return;
    this.waiting = this.pico.after(SETTLED_NS, () => {
      this.waiting = null;
      const hz = this.#heard(mcu);
      if (hz !== this.hz) this.tone(this.hz = hz);
    });
  }
}
