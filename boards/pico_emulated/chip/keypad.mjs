// A matrix keypad: a pressed key connects its row's pin to its column's.

export class Keypad {
  #free = 0;

  // wiring: {rows: [pin...], columns: [pin...], keys: ["123A", ...]}
  constructor(wiring, pico) {
    this.wiring = wiring;
    this.pico = pico;
  }

  attach() {}

  hold(key, down) {
    const ends = this.#ends(key);
    this.pico.pins.bridge(key, down ? ends : null);
  }

  #ends(key) {
    const row = this.wiring.keys.findIndex((keys) => keys.includes(key));
    if (key.length !== 1 || row < 0) throw new Error(`the keypad has no key ${JSON.stringify(key)}`);
    return [this.wiring.rows[row], this.wiring.columns[this.wiring.keys[row].indexOf(key)]];
  }

  // One key after the other, each held and released for so many nanoseconds; returns when the last is released
  press(keys, held, released) {
    for (const key of keys) this.#ends(key); // all or none
    for (const key of keys) {
      const begin = Math.max(this.#free, this.pico.nanos);
      this.pico.after(begin - this.pico.nanos, () => this.hold(key, true));
      this.pico.after(begin + held - this.pico.nanos, () => this.hold(key, false));
      this.#free = begin + held + released;
    }
    return this.#free;
  }
}
