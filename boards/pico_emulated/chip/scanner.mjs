// A scanner module on a UART. It sends by its own clock: what the chip does not fetch in time is lost, as on a chip.
const UART_FUNCTION = 2;
const BITS = 10; // start, eight data, stop
const TOLERANCE = 0.03; // of the bit rate; beyond it a receiver sees framing errors

export class Scanner {
  delivered = 0;
  lost = 0;
  sent = []; // what the terminal has sent to it
  #free = 0; // when the line is idle again

  // wiring: {uart, rx, baud}, rx being the board's pin
  constructor(wiring, pico) {
    this.wiring = wiring;
    this.pico = pico;
  }

  attach(mcu) {
    this.mcu = mcu;
    this.uart = mcu.uart[this.wiring.uart];
    this.uart.onByte = (value) => { this.sent.push(value); };
  }

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
    const inTune = Math.abs(uart.baudRate / wiring.baud - 1) < TOLERANCE;
    if (!listens || !inTune || uart.rxFIFO.full) { this.lost++; return; }
    this.delivered++;
    uart.feedByte(value);
  }
}
