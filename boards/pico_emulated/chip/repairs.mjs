// What rp2040js 1.4.1 leaves out or does differently, mended from outside (node_modules stay untouched).

// A peripheral of registers: read(offset), write(offset, value); the atomic aliases are reads and writes
export const register = (read, write = () => {}) => ({
  readUint32: read,
  writeUint32: write,
  writeUint32Atomic(at, value, kind) {
    const old = kind ? read(at) : 0;
    write(at, [value, old ^ value, old | value, old & ~value][kind]);
  },
});

// Ring oscillator (its random bit, and always stable), voltage regulator, XIP cache
export function oscillator(mcu, randomBit) {
  mcu.peripherals[0x40060] = register((at) => (at === 0x1c ? randomBit() : at === 0x18 ? 0x80001000 : 0));
  mcu.peripherals[0x40064] = register(() => 0x1000);
  mcu.peripherals[0x14000] = register((at) => (at === 8 ? 2 : 0));
}

// The boot ROM's flash calls arrive here, and at 0x40068010 firmware under measurement reads the cycle counter
export function romCalls(mcu, clock, flash, stop) {
  const args = [0, 0, 0];
  const call = {
    1: () => flash.erase(args[0], args[2], clock),
    2: () => flash.program(args[0], Uint8Array.from({ length: args[2] }, (_, i) => mcu.readUint8(args[1] + i)), clock),
    3: () => stop('BOOTSEL was asked for'),
    4: () => stop(`a boot ROM function that is not there was called from ${args[0].toString(16)}`),
  };
  const read = (at) => (at === 16 ? mcu.core.cycles >>> 0 : at === 20 ? Math.floor(mcu.core.cycles / 2 ** 32) : 0);
  mcu.peripherals[0x40068] = register(read, (at, value) => {
    if (at < 12) args[at >> 2] = value >>> 0;
    if (at === 12) call[value]?.();
  });
}

// rp2040js raises the UART's TX interrupt again whenever it is cleared (a storm); raise it when a byte has left
export function uarts(mcu) {
  for (const uart of mcu.uart) {
    uart.checkInterrupts = () => mcu.setInterrupt(uart.irq, !!(uart.interruptStatus & uart.interruptMask));
    const write = uart.writeUint32.bind(uart);
    uart.writeUint32 = (at, value) => {
      write(at, value);
      if (at === 0) { uart.interruptStatus |= 32; uart.checkInterrupts(); }
    };
  }
}

// Bytes take their time on the SPI bus; `byte(value, port)` sees each as it leaves
export function spiTiming(mcu, clock, byte) {
  mcu.spi.forEach((spi, port) => {
    const left = clock.createAlarm(() => spi.completeTransmit(0));
    spi.onTransmit = (value) => {
      byte(value, port);
      left.schedule((spi.dataBits * 1e9) / (spi.clockFrequency || 1e6));
    };
  });
}

// Core 1 does not exist, but says 0 in the mailbox when it is brought out of reset
export function secondCore(mcu) {
  const mailbox = [], sio = mcu.sio, read = sio.readUint32.bind(sio), write = sio.writeUint32.bind(sio);
  const answers = { 0x50: () => 2 | (mailbox.length ? 1 : 0), 0x58: () => mailbox.shift() ?? 0 };
  sio.readUint32 = (at) => (answers[at] ? answers[at]() : read(at));
  sio.writeUint32 = (at, value) => { if (at !== 0x50 && at !== 0x54) write(at, value); };
  const psm = mcu.peripherals[0x40010], force = psm.writeUint32.bind(psm);
  psm.writeUint32 = (at, value) => {
    const was = psm.frceOff;
    force(at, value);
    if (was & ~psm.frceOff & 0x10000) mailbox.push(0);
  };
}
