// The instructions of a Cortex-M0+ by a table of what their first ten bits say. rp2040js compares an instruction with
// some seventy patterns, one after the other; here it does only what is rare. Results, flags and cycles are its own:
// tests/emulated/test_core.py holds one against the other.
import { blocks, branches, loads, logic, moves, shifts, stores, stretches, sums } from './thumb.mjs';

const PC = 15;
const FLASH = 0x10000000;

// A function that executes up to `max` instructions of this chip, and fewer where it sleeps or `core.halted` is set
export function quickCore(mcu, clock) {
  const core = mcu.core, r = core.registers, flash = mcu.flash16, size = mcu.flash.length;
  // each executes one and says how many cycles it took: 0 where rp2040js has to do it
  const table = new Array(1024).fill(() => 0);
  const on = (first, bits, execute) => table.fill(execute, first >> 6, (first >> 6) + (1 << (10 - bits)));
  for (const group of [moves, shifts, sums, logic, stretches, loads, stores, blocks, branches]) group(core, r, on);
  return (max) => {
    for (let i = 0; i < max && !core.waiting && !core.halted; i++) {
      if (core.interruptsUpdated && core.checkForInterrupts()) core.waiting = false;
      const pc = r[PC] & ~1, at = pc - FLASH >>> 0;
      const opcode = at < size ? flash[at >>> 1] : core.readUint16(pc);
      r[PC] = pc + 2;
      const cycles = table[opcode >> 6](opcode);
      if (cycles) core.cycles += cycles;
      else {
        r[PC] = pc;
        core.executeInstruction();
      }
      if (core.cycles >= clock.nextCycle) clock.fire();
    }
  };
}
