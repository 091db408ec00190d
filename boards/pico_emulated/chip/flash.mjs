// The flash chip (W25Q16JV) in a file that always holds what the chip holds: ending this process is a power cut.
import fs from 'node:fs';

const SECTOR = 4096;
const PAGE = 256;
const UNIQUE_ID = [0xe6, 0x60, 0x58, 0x38, 0x83, 0x72, 0x4a, 0x32];
// What the chip answers to commands that boot2 and the SDK send: JEDEC id, status registers, unique id
const ANSWERS = { 0x9f: [0, 0xef, 0x40, 0x15], 0x35: [0, 2], 0x05: [0, 0], 0x4b: [0, 0, 0, 0, 0, ...UNIQUE_ID] };

export class PowerCut extends Error {}

export class FlashChip {
  operations = 0; // sector erases and page programs so far
  cut = null; // {at, bytes}: power fails in operation `at`, so many bytes of it done
  ended = () => {}; // called when the chip is done with one

  constructor(path, { erase_us, page_us }) {
    this.file = fs.openSync(path, 'r+');
    this.bytes = new Uint8Array(fs.readFileSync(path));
    this.eraseNanos = erase_us * 1000;
    this.pageNanos = page_us * 1000;
  }

  // What it holds is kept there from now on
  moveTo(bytes) {
    bytes.set(this.bytes);
    this.bytes = bytes;
  }

  erase(address, count, clock) {
    for (let at = address; at < address + count; at += SECTOR) {
      this.#operate(at, SECTOR, (done) => this.bytes.fill(0xff, at, at + done));
      clock.skip(this.eraseNanos);
      this.ended();
    }
  }

  // Programming only clears bits
  program(address, data, clock) {
    for (let from = 0; from < data.length; from += PAGE) {
      this.#operate(address + from, PAGE, (done) => {
        for (let i = 0; i < done; i++) this.bytes[address + from + i] &= data[from + i];
      });
      clock.skip(this.pageNanos);
      this.ended();
    }
  }

  #operate(address, size, apply) {
    const number = ++this.operations;
    const cut = this.cut?.at === number;
    apply(cut ? Math.min(size, this.cut.bytes) : size);
    fs.writeSync(this.file, this.bytes, address, size, address);
    if (!cut) return;
    this.cut = null;
    throw new PowerCut(`power failed in flash operation ${number}`);
  }
}

// The flash chip's serial interface in command mode, and the pads beside it (only the chip select override matters)
export function serialInterface(mcu, register) {
  const pads = new Uint32Array(16), registers = {};
  let sent = [], received = [];
  mcu.peripherals[0x40018] = register((at) => pads[at >> 2] ?? 0, (at, value) => {
    if (at < 64) pads[at >> 2] = value;
    if (at === 12) sent = [];
  });
  const status = () => {
    if ((pads[3] & 0x300) !== 0x200) sent = [];
    return 6 | (received.length ? 8 : 0);
  };
  const read = { 0x60: () => received.shift() ?? 0, 0x28: status, 0x24: () => received.length };
  mcu.peripherals[0x18000] = register((at) => read[at]?.() ?? registers[at] ?? 0, (at, value) => {
    if (at === 8) received = [];
    if (at !== 0x60) { registers[at] = value; return; }
    sent.push(value & 0xff);
    received.push(ANSWERS[sent[0]]?.[sent.length - 1] ?? 0);
  });
}
