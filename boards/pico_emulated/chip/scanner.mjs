// A scanner module of the GM65 kind on a UART. It sends by its own clock: what the chip does not fetch in time is lost,
// as on a chip. It answers commands that write a zone, and once told to wait for commands it reads when triggered.
const UART_FUNCTION = 2;
const BITS = 10; // start, eight data, stop
const TOLERANCE = 0.03; // of the bit rate; beyond it a receiver sees framing errors

const COMMAND = [0x7e, 0x00, 0x08, 0x01], SIZE = 9;
const DONE = [0x02, 0x00, 0x00, 0x01, 0x00, 0x33, 0x31];
const ANSWERS_NS = 5e6, READS_NS = 30e6;
const MODE = 0, TRIGGER = 2, COMMANDED = 1;

export class Scanner {
  delivered = 0;
  lost = 0;
  arrived = () => {}; // called at each byte that the chip takes
  sent = []; // what the terminal has sent to it
  #free = 0; // when the line is idle again
  #command = [];
  #zones = new Map(); // its own settings: they survive the board's reset, as it has its own power
  #shown = []; // codes held before it, and when each has left

  // wiring: {uart, rx, baud}, rx being the board's pin
  constructor(wiring, pico) {
    this.wiring = wiring;
    this.pico = pico;
  }

  attach(mcu) {
    this.mcu = mcu;
    this.uart = mcu.uart[this.wiring.uart];
    this.uart.onByte = (value) => { this.sent.push(value); if (this.#inTune()) this.#hear(value); };
  }

  // Holds a code before it: read at once where it reads by itself, else when it is triggered
  show(bytes) {
    this.#shown.push(bytes);
    this.#look();
  }

  #look() {
    const commanded = (this.#zones.get(MODE) & 3) === COMMANDED;
    if (!this.#shown.length || (commanded && !this.#zones.get(TRIGGER))) return;
    this.#zones.set(TRIGGER, 0);
    this.feed(this.#shown.shift(), READS_NS);
  }

  #hear(value) {
    const at = this.#command.length;
    if (at < COMMAND.length && value !== COMMAND[at]) { this.#command = []; return; }
    this.#command.push(value);
    if (this.#command.length < SIZE) return;
    const [, , , , high, low, setting] = this.#command.splice(0);
    this.#zones.set((high << 8) | low, setting);
    this.feed(DONE, ANSWERS_NS);
    this.#look();
  }

  #inTune() { return Math.abs(this.uart.baudRate / this.wiring.baud - 1) < TOLERANCE; }

  // Begins in `delay` nanoseconds, or when what was fed before has left; returns when the last byte has left
  feed(bytes, delay = 0) {
    const bit = 1e9 / this.wiring.baud;
    const begin = Math.max(this.#free, this.pico.nanos + delay);
    this.#free = begin + bytes.length * BITS * bit;
    const next = (i) => {
      if (i === bytes.length) return;
      this.pico.after(begin + (i + 1) * BITS * bit - this.pico.nanos, () => { this.#arrive(bytes[i]); next(i + 1); });
    };
    next(0);
    return this.#free;
  }

  #arrive(value) {
    const { uart, mcu, wiring } = this;
    const listens = this.pico.on && uart.enabled && mcu.gpio[wiring.rx].functionSelect === UART_FUNCTION;
    if (!listens || !this.#inTune() || uart.rxFIFO.full) { this.lost++; return; }
    this.delivered++;
    this.arrived();
    uart.feedByte(value);
  }
}
