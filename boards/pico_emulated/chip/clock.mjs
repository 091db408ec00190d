// Time is the core's cycle count; alarms fire between instructions.

// Nanoseconds that an alarm may be early: far less than a cycle, far more than a sum of doubles is off by after weeks
const EARLY = 0.5;

export class CycleClock {
  core = { cycles: 0 };
  nsPerCycle = 8;
  base = 0; // nanoseconds that passed without instructions, or at another frequency
  first = null; // alarms in order of time
  nextCycle = Infinity; // when the first of them is due

  get nanos() { return this.base + this.core.cycles * this.nsPerCycle; }
  get micros() { return this.nanos / 1000; }

  setHz(hz) {
    const now = this.nanos;
    this.nsPerCycle = 1e9 / hz;
    this.base = now - this.core.cycles * this.nsPerCycle;
    this.#plan();
  }

  // What rp2040js asks for: schedule(nanoseconds from now), cancel()
  createAlarm(callback) {
    const alarm = { callback, nanos: 0, set: false, next: null };
    alarm.cancel = () => { if (alarm.set) this.#unlink(alarm); };
    alarm.schedule = (delta) => { alarm.cancel(); this.#link(alarm, this.nanos + delta); };
    return alarm;
  }

  // Nanoseconds until the next alarm; Infinity without one
  get idle() { return this.first ? Math.max(this.first.nanos - this.nanos, 0) : Infinity; }

  // Time passes without instructions
  skip(ns) { this.base += ns; this.#plan(); this.fire(); }

  fire() {
    while (this.first && this.first.nanos <= this.nanos + EARLY) {
      const due = this.first;
      this.#unlink(due);
      due.callback();
    }
  }

  #plan() { this.nextCycle = this.first ? (this.first.nanos - this.base) / this.nsPerCycle : Infinity; }

  #link(alarm, nanos) {
    alarm.nanos = nanos;
    alarm.set = true;
    let before = null, after = this.first;
    while (after && after.nanos <= nanos) { before = after; after = after.next; }
    alarm.next = after;
    if (before) before.next = alarm; else this.first = alarm;
    this.#plan();
  }

  #unlink(alarm) {
    if (this.first === alarm) this.first = alarm.next;
    else {
      let before = this.first;
      while (before && before.next !== alarm) before = before.next;
      if (before) before.next = alarm.next;
    }
    alarm.set = false;
    this.#plan();
  }
}
