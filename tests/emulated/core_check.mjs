// Every 16-bit opcode on registers and memory made from a seed, by core/thumb.c and by rp2040js alone: what differs, one
// a line; then how many were compared. usage: core_check.mjs SEED [OPCODE]
import { Memory } from '../../boards/pico_emulated/chip/core.mjs';
import { RP2040 } from '../../boards/pico_emulated/chip/rp2040js.mjs';

const CODE = 0x20000100, DATA = 0x20000400, SIZE = 1024;
const TIMES = 2;
const STATE = ['N', 'Z', 'C', 'V', 'cycles', 'PM', 'waiting', 'pendingSVCall', 'interruptsUpdated', 'eventRegistered', 'IPSR'];

let seed = Number(process.argv[2]);
const random = (below) => {
  seed = Math.imul(seed ^ seed >>> 15, 0x2c1b3c6d) + 0x9e3779b9 | 0;
  return ((seed ^ seed >>> 13) >>> 0) % below;
};

console.warn = console.error = () => {}; // the chip's, of addresses where nothing is
const mcu = new RP2040();
mcu.logger = { debug() {}, info() {}, warn() {}, error() {} };
mcu.onBreak = () => {};
const quick = new Memory().attach(mcu, { nextCycle: Infinity });
// rp2040js's sums of two registers have 33 bits: an address has 32
for (const size of [8, 16, 32]) {
  const own = mcu[`readUint${size}`];
  mcu[`readUint${size}`] = (address) => own.call(mcu, address >>> 0);
}
const core = mcu.core, memory = mcu.sram.subarray(0, SIZE * 2);

// Addresses within the data, edges of what a word holds, anything that is no peripheral's
const value = () => [
  () => DATA + random(SIZE / 8) * 4, () => DATA + random(SIZE / 2), () => random(40), () => 0x80000000 - random(2),
  () => 0xffffffff - random(2), () => random(2 ** 29), () => 0x60000000 + random(2 ** 29),
][random(7)]() >>> 0;

function prepared(opcode) {
  const registers = Array.from({ length: 16 }, value);
  registers[13] = DATA + SIZE / 2 & ~3;
  registers[15] = CODE;
  const code = [opcode, random(2) ? 0xf800 | random(2048) : random(65536)];
  return { registers, code, flags: Array.from({ length: 4 }, () => random(2) === 1), bytes: random(256) };
}

function executed({ registers, code, flags, bytes }, execute) {
  core.registers.set(registers);
  for (const name of STATE) core[name] = name === 'cycles' || name === 'IPSR' ? 0 : false;
  [core.N, core.Z, core.C, core.V] = flags;
  memory.forEach((_, i) => { memory[i] = bytes + i * 7 & 255; });
  code.forEach((half, i) => core.writeUint16(CODE + 2 * i, half));
  let error = '';
  try { execute(); } catch (e) { error = e.message; }
  return JSON.stringify([[...core.registers], STATE.map((name) => core[name]), error, Buffer.from(memory).toString('base64')]);
}

const opcodes = process.argv[3] ? [Number(process.argv[3])] : Array.from({ length: 65536 }, (_, i) => i);
let count = 0, rest = 0;
for (const opcode of opcodes) {
  for (let i = 0; i < TIMES; i++, count++) {
    const given = prepared(opcode);
    let slow = 0;
    const own = core.executeInstruction;
    const theirs = executed(given, () => own.call(core));
    core.executeInstruction = () => { slow++; return own.call(core); };
    const ours = executed(given, () => quick(1));
    delete core.executeInstruction;
    rest += slow;
    if (ours !== theirs) console.log(`differs: ${opcode.toString(16)}\n  ${ours.slice(0, 240)}\n  ${theirs.slice(0, 240)}`);
  }
}
console.log(JSON.stringify({ count, rest }));
