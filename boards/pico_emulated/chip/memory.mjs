// Straight ways to RAM and flash: rp2040js looks for a peripheral first, on every access of the core.

const FLASH = 0x10000000, RAM = 0x20000000;

export function straightMemory(mcu) {
  const core = mcu.core, ramSize = mcu.sram.length, flashSize = mcu.flash.length;
  const ram8 = mcu.sram, ram16 = new Uint16Array(ram8.buffer), ram32 = new Uint32Array(ram8.buffer);
  const flash8 = mcu.flash, flash16 = new Uint16Array(flash8.buffer), flash32 = new Uint32Array(flash8.buffer);
  // >>> 0: an address may come as a negative number; unaligned ones go the long way and are told there
  core.readUint16 = (address) => {
    const f = (address - FLASH) >>> 0;
    if (f < flashSize) return flash16[f >>> 1];
    const r = (address - RAM) >>> 0;
    return r < ramSize ? ram16[r >>> 1] : mcu.readUint16(address);
  };
  core.readUint32 = (address) => {
    if (!(address & 3)) {
      const r = (address - RAM) >>> 0;
      if (r < ramSize) return ram32[r >>> 2];
      const f = (address - FLASH) >>> 0;
      if (f < flashSize) return flash32[f >>> 2];
    }
    return mcu.readUint32(address);
  };
  core.readUint8 = (address) => {
    const r = (address - RAM) >>> 0;
    if (r < ramSize) return ram8[r];
    const f = (address - FLASH) >>> 0;
    return f < flashSize ? flash8[f] : mcu.readUint8(address);
  };
  core.writeUint32 = (address, value) => {
    const r = (address - RAM) >>> 0;
    if (r < ramSize && !(address & 3)) ram32[r >>> 2] = value; else mcu.writeUint32(address, value);
  };
  core.writeUint16 = (address, value) => {
    const r = (address - RAM) >>> 0;
    if (r < ramSize && !(address & 1)) ram16[r >>> 1] = value; else mcu.writeUint16(address, value);
  };
  core.writeUint8 = (address, value) => {
    const r = (address - RAM) >>> 0;
    if (r < ramSize) ram8[r] = value; else mcu.writeUint8(address, value);
  };
}
