// What each of a Cortex-M0+'s instructions does, by groups for core.mjs: on(first opcode, how many of its leading bits
// decide, what executes it). r are the core's registers; PC is two bytes on already. Each answers its cycles, and 0 where
// it is left to rp2040js, before anything was changed.

const SP = 13, LR = 14, PC = 15;
const PERIPHERALS = 0x40000000;

const signs = (core, result) => {
  core.N = result < 0;
  core.Z = result === 0;
  return result;
};

export function moves(core, r, on) {
  on(0x2000, 5, (op) => { r[op >> 8 & 7] = signs(core, op & 255); return 1; });
  on(0x4600, 8, (op) => {
    const from = op >> 3 & 15, to = op >> 4 & 8 | op & 7, value = from === PC ? r[PC] + 2 : r[from];
    r[to] = to === PC ? value & ~1 : to === SP ? value & ~3 : value;
    return to === PC ? 2 : 1;
  });
  on(0xa000, 5, (op) => { r[op >> 8 & 7] = (r[PC] + 2 & ~3) + ((op & 255) << 2); return 1; });
  on(0xa800, 5, (op) => { r[op >> 8 & 7] = r[SP] + ((op & 255) << 2); return 1; });
  on(0xb000, 9, (op) => { r[SP] = r[SP] + ((op & 127) << 2) & ~3; return 1; });
  on(0xb080, 9, (op) => { r[SP] = r[SP] - ((op & 127) << 2) & ~3; return 1; });
}

export function shifts(core, r, on) {
  const shifted = (op, result, carry) => {
    r[op & 7] = signs(core, result | 0);
    core.C = carry;
    return 1;
  };
  const bit = (value, n) => (value >>> n & 1) === 1;
  on(0x0000, 5, (op) => {
    const by = op >> 6 & 31, value = r[op >> 3 & 7];
    return shifted(op, value << by, by ? bit(value, 32 - by) : core.C);
  });
  on(0x0800, 5, (op) => {
    const by = op >> 6 & 31, value = r[op >> 3 & 7];
    return shifted(op, by ? value >>> by : 0, bit(value, by ? by - 1 : 31));
  });
  on(0x1000, 5, (op) => {
    const by = op >> 6 & 31, value = r[op >> 3 & 7];
    return shifted(op, value >> (by || 31), bit(value, (by || 32) - 1));
  });
  on(0x4080, 10, (op) => {
    const by = r[op >> 3 & 7] & 255, value = r[op & 7];
    return by && by < 32 ? shifted(op, value << by, bit(value, 32 - by)) : 0;
  });
  on(0x40c0, 10, (op) => {
    const by = r[op >> 3 & 7] & 255, value = r[op & 7];
    return by && by < 32 ? shifted(op, value >>> by, bit(value, by - 1)) : 0;
  });
}

export function sums(core, r, on) {
  const add = (a, b) => {
    const sum = a + b, result = signs(core, sum | 0);
    core.C = sum > 0xffffffff;
    core.V = ((a ^ result) & (b ^ result)) < 0;
    return result;
  };
  const subtract = (a, b) => {
    const result = signs(core, a - b | 0);
    core.C = a >= b;
    core.V = ((a ^ b) & (a ^ result)) < 0;
    return result;
  };
  on(0x1800, 7, (op) => { r[op & 7] = add(r[op >> 3 & 7], r[op >> 6 & 7]); return 1; });
  on(0x1a00, 7, (op) => { r[op & 7] = subtract(r[op >> 3 & 7], r[op >> 6 & 7]); return 1; });
  on(0x1c00, 7, (op) => { r[op & 7] = add(r[op >> 3 & 7], op >> 6 & 7); return 1; });
  on(0x1e00, 7, (op) => { r[op & 7] = subtract(r[op >> 3 & 7], op >> 6 & 7); return 1; });
  on(0x2800, 5, (op) => { subtract(r[op >> 8 & 7], op & 255); return 1; });
  on(0x3000, 5, (op) => { r[op >> 8 & 7] = add(r[op >> 8 & 7], op & 255); return 1; });
  on(0x3800, 5, (op) => { r[op >> 8 & 7] = subtract(r[op >> 8 & 7], op & 255); return 1; });
  // with carry: rp2040js's own sums, which are its own flags
  on(0x4140, 10, (op) => { r[op & 7] = core.addUpdateFlags(r[op >> 3 & 7], r[op & 7] + (core.C ? 1 : 0)); return 1; });
  on(0x4180, 10, (op) => {
    r[op & 7] = core.substractUpdateFlags(r[op & 7], r[op >> 3 & 7] + (core.C ? 0 : 1));
    return 1;
  });
  on(0x4240, 10, (op) => { r[op & 7] = subtract(0, r[op >> 3 & 7]); return 1; });
  on(0x4280, 10, (op) => { subtract(r[op & 7], r[op >> 3 & 7]); return 1; });
  on(0x42c0, 10, (op) => { add(r[op & 7], r[op >> 3 & 7]); return 1; });
  on(0x4500, 8, (op) => { subtract(r[op >> 4 & 8 | op & 7], r[op >> 3 & 15]); return 1; });
  on(0x4400, 8, (op) => {
    const to = op >> 4 & 8 | op & 7, from = op >> 3 & 15;
    if (to === SP || to === PC || from === PC) return 0;
    r[to] += r[from];
    return 1;
  });
}

export function logic(core, r, on) {
  on(0x4000, 10, (op) => { r[op & 7] = signs(core, r[op & 7] & r[op >> 3 & 7]); return 1; });
  on(0x4040, 10, (op) => { r[op & 7] = signs(core, r[op & 7] ^ r[op >> 3 & 7]); return 1; });
  on(0x4200, 10, (op) => { signs(core, r[op & 7] & r[op >> 3 & 7]); return 1; });
  on(0x4300, 10, (op) => { r[op & 7] = signs(core, r[op & 7] | r[op >> 3 & 7]); return 1; });
  on(0x4340, 10, (op) => { r[op & 7] = signs(core, Math.imul(r[op >> 3 & 7], r[op & 7])); return 1; });
  on(0x4380, 10, (op) => { r[op & 7] = signs(core, r[op & 7] & ~r[op >> 3 & 7]); return 1; });
  on(0x43c0, 10, (op) => { r[op & 7] = signs(core, ~r[op >> 3 & 7]); return 1; });
}

export function stretches(core, r, on) {
  on(0xb200, 10, (op) => { r[op & 7] = r[op >> 3 & 7] << 16 >> 16; return 1; });
  on(0xb240, 10, (op) => { r[op & 7] = r[op >> 3 & 7] << 24 >> 24; return 1; });
  on(0xb280, 10, (op) => { r[op & 7] = r[op >> 3 & 7] & 0xffff; return 1; });
  on(0xb2c0, 10, (op) => { r[op & 7] = r[op >> 3 & 7] & 0xff; return 1; });
}

// Cycles of an access
const access = (core, address, write) => (address < PERIPHERALS ? 2 : 1 + core.cyclesIO(address, write));

export function loads(core, r, on) {
  const word = (to, address) => {
    const cycles = access(core, address, false);
    r[to] = core.readUint32(address);
    return cycles;
  };
  // unused: how many bits above the value's sign
  const half = (to, address, unused = 0) => {
    const cycles = access(core, address, false), value = core.readUint16(address);
    r[to] = value << unused >> unused;
    return cycles;
  };
  const byte = (to, address, unused = 0) => {
    const cycles = access(core, address, false), value = core.readUint8(address);
    r[to] = value << unused >> unused;
    return cycles;
  };
  on(0x4800, 5, (op) => word(op >> 8 & 7, (r[PC] + 2 & ~3) + ((op & 255) << 2)));
  on(0x9800, 5, (op) => word(op >> 8 & 7, r[SP] + ((op & 255) << 2)));
  on(0x6800, 5, (op) => word(op & 7, r[op >> 3 & 7] + (op >> 4 & 124)));
  on(0x5800, 7, (op) => word(op & 7, r[op >> 3 & 7] + r[op >> 6 & 7]));
  on(0x8800, 5, (op) => half(op & 7, r[op >> 3 & 7] + (op >> 5 & 62)));
  on(0x5a00, 7, (op) => half(op & 7, r[op >> 3 & 7] + r[op >> 6 & 7]));
  on(0x5e00, 7, (op) => half(op & 7, r[op >> 3 & 7] + r[op >> 6 & 7], 16));
  on(0x7800, 5, (op) => byte(op & 7, r[op >> 3 & 7] + (op >> 6 & 31)));
  on(0x5c00, 7, (op) => byte(op & 7, r[op >> 3 & 7] + r[op >> 6 & 7]));
  on(0x5600, 7, (op) => byte(op & 7, r[op >> 3 & 7] + r[op >> 6 & 7], 24));
}

export function stores(core, r, on) {
  const word = (from, address) => {
    const cycles = access(core, address, true);
    core.writeUint32(address, r[from]);
    return cycles;
  };
  const half = (from, address) => {
    const cycles = access(core, address, true);
    core.writeUint16(address, r[from]);
    return cycles;
  };
  const byte = (from, address) => {
    const cycles = access(core, address, true);
    core.writeUint8(address, r[from]);
    return cycles;
  };
  on(0x9000, 5, (op) => word(op >> 8 & 7, r[SP] + ((op & 255) << 2)));
  on(0x6000, 5, (op) => word(op & 7, r[op >> 3 & 7] + (op >> 4 & 124)));
  on(0x5000, 7, (op) => word(op & 7, r[op >> 3 & 7] + r[op >> 6 & 7]));
  on(0x8000, 5, (op) => half(op & 7, r[op >> 3 & 7] + (op >> 5 & 62)));
  on(0x5200, 7, (op) => half(op & 7, r[op >> 3 & 7] + r[op >> 6 & 7]));
  on(0x7000, 5, (op) => byte(op & 7, r[op >> 3 & 7] + (op >> 6 & 31)));
  on(0x5400, 7, (op) => byte(op & 7, r[op >> 3 & 7] + r[op >> 6 & 7]));
}

// Several registers at a time
export function blocks(core, r, on) {
  // The address behind the last of them
  const load = (list, address) => {
    for (let i = 0; list; i++, list >>= 1) if (list & 1) { r[i] = core.readUint32(address); address += 4; }
    return address;
  };
  const store = (list, address) => {
    for (let i = 0; list; i++, list >>= 1) if (list & 1) { core.writeUint32(address, r[i]); address += 4; }
    return address;
  };
  const count = Uint8Array.from({ length: 256 }, (_, list) => list.toString(2).replaceAll('0', '').length);
  const whole = (transfer) => (op) => {
    const base = op >> 8 & 7, list = op & 255, end = transfer(list, r[base]);
    if (!(list >> base & 1)) r[base] = end;
    return 1 + count[list];
  };
  on(0xc000, 5, whole(store));
  on(0xc800, 5, whole(load));
  on(0xbc00, 8, (op) => { r[SP] = load(op & 255, r[SP]) & ~3; return 1 + count[op & 255]; });
  on(0xbd00, 8, (op) => {
    const end = load(op & 255, r[SP]);
    r[SP] = end + 4 & ~3;
    core.BXWritePC(core.readUint32(end));
    return 3 + count[op & 255];
  });
  on(0xb400, 7, (op) => {
    const link = op >> 8 & 1, start = r[SP] - 4 * (count[op & 255] + link), end = store(op & 255, start);
    if (link) core.writeUint32(end, r[LR]);
    r[SP] = start & ~3;
    return 1 + count[op & 255];
  });
}

const CONDITIONS = [
  (core) => core.Z, (core) => core.C, (core) => core.N, (core) => core.V,
  (core) => core.C && !core.Z, (core) => core.N === core.V, (core) => core.N === core.V && !core.Z,
];

export function branches(core, r, on) {
  CONDITIONS.forEach((holds, i) => [true, false].forEach((wanted, odd) => on(0xd000 | i << 9 | odd << 8, 8, (op) => {
    if (holds(core) !== wanted) return 1;
    r[PC] += (op << 24 >> 23) + 2;
    return 2;
  })));
  on(0xe000, 5, (op) => { r[PC] += (op << 21 >> 20) + 2; return 2; });
  on(0xf000, 5, (op) => {
    const more = core.readUint16(r[PC]);
    if ((more & 0xd000) !== 0xd000) return 0;
    const sign = op >> 10 & 1, i1 = 1 ^ sign ^ more >> 13 & 1, i2 = 1 ^ sign ^ more >> 11 & 1;
    r[LR] = r[PC] + 2 | 1;
    r[PC] += 2 + ((sign ? 0xff000000 : 0) | i1 << 23 | i2 << 22 | (op & 0x3ff) << 12 | (more & 0x7ff) << 1);
    return 3;
  });
  on(0x4700, 8, (op) => {
    if (op & 7) return 0;
    const from = op >> 3 & 15;
    if (op & 128) {
      r[LR] = r[PC] | 1;
      r[PC] = r[from] & ~1;
    } else core.BXWritePC(r[from]);
    return 2;
  });
}
