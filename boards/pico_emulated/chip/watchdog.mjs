// The watchdog. rp2040js's own re-arms itself with no delay once it has expired, and the emulator spins.

const CTRL = 0x00, LOAD = 0x04, REASON = 0x08, SCRATCH = 0x0c, TICK = 0x2c;
const TRIGGER = 1 << 31, ENABLE = 1 << 30, TICKING = 0x600;
const BY_TIMER = 1, FORCED = 2;
// RP2040-E1: the counter goes down by two every microsecond
const NANOS = 500;

export class Watchdog {
  // kept: {scratch, reason} of the boot that it ended, or null after power was off; expired(kept) resets the board
  constructor(clock, kept, expired) {
    this.clock = clock;
    this.scratch = kept?.scratch ?? new Uint32Array(8);
    this.reason = kept?.reason ?? 0;
    this.control = 0;
    this.load = 0xffffff;
    this.loadedAt = 0;
    this.longest = 0; // nanoseconds between two feeds, while it was enabled
    this.expired = expired;
    this.alarm = clock.createAlarm(() => this.#expire(BY_TIMER));
  }

  #expire(reason) { this.expired({ scratch: this.scratch.slice(), reason }); }

  #arm() {
    this.loadedAt = this.clock.nanos;
    if (this.control & ENABLE) this.alarm.schedule(this.load * NANOS); else this.alarm.cancel();
  }

  #left() {
    const passed = this.control & ENABLE ? (this.clock.nanos - this.loadedAt) / NANOS : 0;
    return Math.max(this.load - Math.floor(passed), 0);
  }

  readUint32(at) {
    if (at === CTRL) return this.control | this.#left();
    if (at === REASON) return this.reason;
    if (at >= SCRATCH && at < TICK) return this.scratch[(at - SCRATCH) >> 2];
    return at === TICK ? TICKING : 0;
  }

  writeUint32(at, value) {
    if (at === LOAD) {
      if (this.control & ENABLE) this.longest = Math.max(this.longest, this.clock.nanos - this.loadedAt);
      this.load = value & 0xffffff;
      this.#arm();
    }
    if (at >= SCRATCH && at < TICK) this.scratch[(at - SCRATCH) >> 2] = value;
    if (at !== CTRL) return;
    const was = this.control & ENABLE;
    if (was !== (value & ENABLE)) this.load = this.#left();
    this.control = value & 0x47000000;
    if (was !== (value & ENABLE)) this.#arm();
    if (value & TRIGGER) this.#expire(FORCED);
  }

  writeUint32Atomic(at, value, kind) {
    const old = this.readUint32(at);
    this.writeUint32(at, [value, old ^ value, old | value, old & ~value][kind]);
  }
}
