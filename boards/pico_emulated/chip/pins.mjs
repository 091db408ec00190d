// The pins and what is soldered to them. rp2040js neither reads an output back nor lets a pull resistor show.
import { GPIOPinState as State } from './rp2040js.mjs';

export class Pins {
  driven = new Map(); // pin -> level from outside
  #bridges = new Map(); // key -> [pin, pin]: a pressed key connects its row to its column

  attach(mcu) {
    this.gpio = mcu.gpio;
    for (const pin of mcu.gpio) pin.addListener(() => this.settle(pin.index));
    for (const pin of mcu.gpio) this.settle(pin.index);
  }

  drive(pin, level) {
    if (level === null) this.driven.delete(pin); else this.driven.set(pin, level);
    this.settle(pin);
  }

  bridge(key, ends) {
    const old = this.#bridges.get(key);
    if (ends) this.#bridges.set(key, ends); else this.#bridges.delete(key);
    for (const pin of ends ?? old ?? []) this.settle(pin);
  }

  settle(pin) {
    const net = this.#net(pin), level = this.#level(net);
    for (const each of net) {
      const gpio = this.gpio[each];
      if (gpio.rawInputValue !== level) gpio.setInputValue(level);
    }
  }

  // All pins that pressed keys connect with this one
  #net(pin) {
    const net = new Set([pin]);
    for (let size = 0; size < net.size;) {
      size = net.size;
      for (const ends of this.#bridges.values()) if (ends.some((end) => net.has(end))) ends.forEach((end) => net.add(end));
    }
    return [...net];
  }

  // A short between outputs is low: the weaker half of a CMOS output is the upper one
  #level(net) {
    const states = net.map((pin) => this.gpio[pin].value);
    const outside = net.map((pin) => this.driven.get(pin)).filter((level) => level !== undefined);
    if (states.includes(State.Low) || outside.includes(false)) return false;
    if (states.includes(State.High) || outside.includes(true)) return true;
    if (states.includes(State.InputPullUp)) return true;
    return states.includes(State.InputPullDown) ? false : this.gpio[net[0]].rawInputValue;
  }
}
