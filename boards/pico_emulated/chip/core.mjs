// The core: WebAssembly executes (core/thumb.c), rp2040js's own core is its interrupts, its exceptions and what is rare.
import fs from 'node:fs';

const BINARY = new WebAssembly.Module(fs.readFileSync(new URL('../core/thumb.wasm', import.meta.url)));
const ROM_SIZE = 0x4000, RAM_SIZE = 0x42000, FLASH_SIZE = 0x200000;
// as many as a run counts at most
const FAR = 2 ** 30;

// The memory that core and peripherals share, of one board whatever boots on it
export class Memory {
  constructor() {
    const ask = (address, size) => {
      const { mcu } = this;
      address >>>= 0;
      const value = size === 4 ? mcu.readUint32(address) : size === 2 ? mcu.readUint16(address) : mcu.readUint8(address);
      this.#look();
      return value;
    };
    const tell = (address, value, size) => {
      const { mcu } = this;
      address >>>= 0;
      value >>>= 0;
      if (size === 4) mcu.writeUint32(address, value);
      else if (size === 2) mcu.writeUint16(address, value);
      else mcu.writeUint8(address, value);
      this.#look();
    };
    const rare = () => this.mcu.core.executeInstruction();
    this.core = new WebAssembly.Instance(BINARY, { js: { load: ask, store: tell, rare } }).exports;
    const { memory, core, rom, ram, flash } = this.core;
    this.buffer = memory.buffer;
    this.flash = new Uint8Array(this.buffer, flash(), FLASH_SIZE);
    this.ram = new Uint8Array(this.buffer, ram(), RAM_SIZE);
    this.rom = new Uint32Array(this.buffer, rom(), ROM_SIZE / 4);
    this.registers = new Uint32Array(this.buffer, core(), 16);
    this.flags = new Int32Array(this.buffer, core() + 64, 4);
    this.cycles = new Float64Array(this.buffer, core() + 80, 1);
    this.wanted = new Uint32Array(this.buffer, this.core.wanted(), 1);
  }

  #look() {
    const { core } = this.mcu;
    if (core.interruptsUpdated || core.waiting || core.halted || this.clock.nextCycle !== this.until) this.wanted[0] = 1;
  }

  // Makes it the memory of a chip that was just made, and a function that executes up to `max` instructions of it, and
  // fewer where it sleeps or `core.halted` is set
  attach(mcu, clock) {
    this.mcu = mcu;
    this.clock = clock;
    this.registers.set(mcu.core.registers);
    this.flags.set([0, 1, 0, 0]);
    this.cycles[0] = 0;
    this.ram.fill(0);
    this.#chip(mcu);
    this.#core(mcu.core);
    const { core } = mcu, { run } = this.core;
    return (max) => {
      while (max > 0 && !core.waiting && !core.halted) {
        if (core.interruptsUpdated && core.checkForInterrupts()) core.waiting = false;
        this.until = clock.nextCycle;
        // an interrupt taken may have another behind it
        max -= run(core.interruptsUpdated ? 1 : max, Math.min(Math.ceil(this.until - core.cycles), FAR));
        if (core.cycles >= clock.nextCycle) clock.fire();
      }
    };
  }

  #chip(mcu) {
    const view = ({ byteOffset, byteLength }, Kind) => new Kind(this.buffer, byteOffset, byteLength / (Kind.BYTES_PER_ELEMENT ?? 1));
    mcu.bootrom = this.rom;
    mcu.sram = this.ram;
    mcu.sramView = view(this.ram, DataView);
    mcu.flash = this.flash;
    mcu.flash16 = view(this.flash, Uint16Array);
    mcu.flashView = view(this.flash, DataView);
  }

  #core(core) {
    const { flags, cycles } = this;
    core.registers = this.registers;
    Object.defineProperties(core, {
      N: { get: () => flags[0] < 0, set: (on) => { flags[0] = on ? -1 : 0; } },
      Z: { get: () => flags[1] === 0, set: (on) => { flags[1] = on ? 0 : 1; } },
      C: { get: () => flags[2] !== 0, set: (on) => { flags[2] = on ? 1 : 0; } },
      V: { get: () => flags[3] < 0, set: (on) => { flags[3] = on ? -1 : 0; } },
      cycles: { get: () => cycles[0], set: (count) => { cycles[0] = count; } },
    });
  }
}
