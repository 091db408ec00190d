// Who listens on the UART that a test rig's board tells its screens on: a line each.

export class ScreenLog {
  #line = [];

  // wiring: {uart}
  constructor(wiring, heard) {
    this.wiring = wiring;
    this.heard = heard;
  }

  attach(mcu) {
    this.#line = [];
    mcu.uart[this.wiring.uart].onByte = (value) => {
      if (value !== 10) { this.#line.push(value); return; }
      this.heard(Buffer.from(this.#line.splice(0)).toString());
    };
  }
}
