// How the board's time follows the wall's: it passes as fast as it may, but never more of it than of real time since
// somebody outside last did or got something, so that no time-out of the firmware is shorter than its host's; or without
// waiting at all for as long as the outside itself asked to (`run`). The core computes faster than the chip does.
const SLICE_MS = 3; // how long what comes from outside may wait
const INSTRUCTIONS = 2000;
const SHORT_MS = 0.3; // not worth a timer

export class Pace {
  #timer = null;
  #fast = null; // {until, done}
  #asleep = null; // {at, idle}
  #anchor = { wall: 0, nanos: 0 };

  constructor(pico) { this.pico = pico; }

  // Somebody outside acts now: time slept so far has passed for the board too
  wake() {
    if (!this.#timer) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    const { at, idle } = this.#asleep;
    if (idle) this.pico.sleep(Math.min(idle, (performance.now() - at) * 1e6));
    this.#soon();
  }

  touch() { this.#anchor = { wall: performance.now(), nanos: this.pico.nanos }; }

  powered() { this.touch(); if (!this.#running) this.#soon(); }

  // Resolves when so many nanoseconds have passed for the board, or its power is off
  run(nanos) {
    return new Promise((done) => {
      if (!this.pico.on) return done();
      this.#finish();
      this.#fast = { until: this.pico.nanos + nanos, done };
    });
  }

  #running = false;

  #soon() { this.#running = true; setImmediate(() => this.#slice()); }

  #finish() {
    this.#fast?.done();
    this.#fast = null;
    this.touch();
  }

  #slice() {
    this.#running = false;
    const end = performance.now() + SLICE_MS;
    while (this.pico.on && performance.now() < end) {
      const idle = this.pico.run(INSTRUCTIONS);
      const wait = this.#pass(idle);
      if (this.#fast && this.pico.nanos >= this.#fast.until) this.#finish();
      if (wait) return this.#sleep(wait, idle);
    }
    if (this.pico.on) this.#soon(); else this.#finish();
  }

  // Lets an idle time pass (0: the core computes), or says for how many milliseconds there is to wait
  #pass(idle) {
    const fast = this.#fast ? this.#fast.until - this.pico.nanos : 0;
    if (fast > 0) { if (idle) this.pico.sleep(Math.min(idle, fast)); return 0; }
    const passed = performance.now() - this.#anchor.wall;
    const wait = (this.pico.nanos + idle - this.#anchor.nanos) / 1e6 - passed;
    if (wait > SHORT_MS) return Math.min(wait, 1000);
    if (idle) this.pico.sleep(idle);
    return 0;
  }

  #sleep(wait, idle) {
    this.#asleep = { at: performance.now(), idle };
    this.#timer = setTimeout(() => this.wake(), wait);
  }
}
