// An ST7789 panel, 240x240 of its 240x320 memory behind glass, on SPI: what it does with each byte it is sent.
import { GPIOPinState as State } from './rp2040js.mjs';

const WIDTH = 240, HEIGHT = 320, VISIBLE = 240;
const MIRROR_Y = 0x80, MIRROR_X = 0x40, SWAP = 0x20, BGR = 0x08;
const QUIET_NS = 5e6; // no pixel for so long: the frame is complete
const SPI_FUNCTION = 1;

export class Panel {
  memory = new Uint8Array(WIDTH * HEIGHT * 3);

  // pins: {spi, sck, mosi, cs, dc, reset, backlight}; drawn() is called when a frame is complete
  constructor(pins, pico, drawn) {
    this.pins = pins;
    this.pico = pico;
    this.drawn = drawn;
    this.#defaults();
  }

  attach(mcu) {
    this.gpio = mcu.gpio;
    const reset = mcu.gpio[this.pins.reset];
    reset.addListener((state) => { if (state === State.Low) this.#defaults(); });
  }

  // Without power the memory is lost
  power() { this.memory.fill(0); this.#defaults(); }

  spi(value, port) {
    const { pins, gpio } = this;
    const wired = [pins.sck, pins.mosi].every((pin) => gpio[pin].functionSelect === SPI_FUNCTION);
    if (port !== pins.spi || !wired || !this.#low(pins.cs) || this.#low(pins.reset)) return;
    if (this.#low(pins.dc)) this.#command(value); else this.#data(value);
  }

  // {lit, rgb}: what an eye sees; IPS glass shows the inverse unless told to invert (INVON)
  picture() {
    const lit = this.shown && !this.asleep && this.gpio[this.pins.backlight].value === State.High;
    const rgb = this.memory.slice(0, WIDTH * VISIBLE * 3);
    if (!lit) rgb.fill(0);
    else if (!this.inverted) rgb.forEach((value, i) => { rgb[i] = 255 - value; });
    return { lit, rgb };
  }

  #low(pin) { return this.gpio[pin].value === State.Low; }

  #defaults() {
    Object.assign(this, { asleep: true, shown: false, inverted: false, order: 0, pixelBits: 18 });
    Object.assign(this, { columns: [0, WIDTH - 1], rows: [0, HEIGHT - 1], x: 0, y: 0, command: 0, args: [] });
  }

  #command(value) {
    this.command = value;
    this.args = [];
    const act = {
      0x01: () => this.#defaults(),
      0x10: () => { this.asleep = true; },
      0x11: () => { this.asleep = false; },
      0x20: () => { this.inverted = false; },
      0x21: () => { this.inverted = true; },
      0x28: () => { this.shown = false; },
      0x29: () => { this.shown = true; },
      0x2c: () => { this.x = this.columns[0]; this.y = this.rows[0]; },
    };
    act[value]?.();
  }

  #data(value) {
    this.args.push(value);
    const { args } = this, pair = () => [(args[0] << 8) | args[1], (args[2] << 8) | args[3]];
    if (this.command === 0x2a && args.length === 4) this.columns = pair();
    if (this.command === 0x2b && args.length === 4) this.rows = pair();
    if (this.command === 0x36) this.order = value;
    if (this.command === 0x3a) this.pixelBits = { 3: 12, 5: 16, 6: 18 }[value & 7] ?? this.pixelBits;
    if (this.command === 0x2c || this.command === 0x3c) this.#pixels();
  }

  #pixels() {
    const a = this.args;
    if (this.pixelBits === 16 && a.length === 2) this.#put(a[0] & 0xf8, ((a[0] & 7) << 5) | ((a[1] & 0xe0) >> 3), a[1] << 3);
    else if (this.pixelBits === 18 && a.length === 3) this.#put(a[0], a[1], a[2]);
    else if (this.pixelBits === 12 && a.length === 3) {
      this.#put(a[0] & 0xf0, a[0] << 4, a[1] & 0xf0);
      this.#put(a[1] << 4, a[2] & 0xf0, a[2] << 4);
    } else return;
    this.args.length = 0;
    this.#changed();
  }

  #put(red, green, blue) {
    const { order } = this;
    let [column, row] = order & SWAP ? [this.y, this.x] : [this.x, this.y];
    if (order & MIRROR_X) column = WIDTH - 1 - column;
    if (order & MIRROR_Y) row = HEIGHT - 1 - row;
    if (column >= 0 && column < WIDTH && row >= 0 && row < HEIGHT) {
      this.memory.set(order & BGR ? [blue, green, red] : [red, green, blue], (row * WIDTH + column) * 3);
    }
    if (++this.x <= this.columns[1]) return;
    this.x = this.columns[0];
    if (++this.y > this.rows[1]) this.y = this.rows[0];
  }

  // One bit a pixel, lit or not, row by row
  bits() {
    const { rgb } = this.picture(), bits = new Uint8Array((WIDTH * HEIGHT) / 8);
    for (let i = 0; i < WIDTH * HEIGHT; i++) if (rgb[3 * i + 1] > 127) bits[i >> 3] |= 0x80 >> (i & 7);
    return bits;
  }

  #changed() {
    this.changedAt = this.pico.nanos;
    if (!this.waiting) this.#wait(QUIET_NS);
  }

  #wait(nanos) {
    this.waiting = this.pico.after(nanos, () => {
      const left = this.changedAt + QUIET_NS - this.pico.nanos;
      this.waiting = null;
      if (left >= 1) this.#wait(left); else this.drawn();
    });
  }
}
