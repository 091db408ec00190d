// A Cortex-M0+'s instructions, for WebAssembly (build.sh). What is rare, and every access that is neither RAM, flash nor
// boot ROM, is JavaScript's (chip/core.mjs): rp2040js does those, and its results, flags and cycles are the measure of
// these (tests/emulated/test_core.py).
typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef int s32;
typedef unsigned long long u64;

#define FROM_JS(name) __attribute__((import_module("js"), import_name(#name)))
#define TO_JS(name) __attribute__((export_name(#name)))

// size: 1, 2 or 4 bytes
FROM_JS(load) extern u32 js_load(u32 address, u32 size);
FROM_JS(store) extern void js_store(u32 address, u32 value, u32 size);
// Executes the instruction at r[PC] whole
FROM_JS(rare) extern void js_rare(void);

enum { SP = 13, LR = 14, PC = 15 };
enum { ROM = 0, ROM_SIZE = 0x4000, FLASH = 0x10000000, FLASH_SIZE = 0x200000, RAM = 0x20000000, RAM_SIZE = 0x42000 };
enum { PERIPHERALS = 0x40000000 };

// n: negative where N is set; z: zero where Z is; c: 0 or 1; v: negative where V is
static struct {
    u32 r[16];
    s32 n, z, c, v;
    double cycles;
} core __attribute__((aligned(8)));
static u8 rom[ROM_SIZE] __attribute__((aligned(8)));
static u8 flash[FLASH_SIZE] __attribute__((aligned(8)));
static u8 ram[RAM_SIZE] __attribute__((aligned(8)));

TO_JS(core) void *at_core(void) { return &core; }
TO_JS(rom) void *at_rom(void) { return rom; }
TO_JS(flash) void *at_flash(void) { return flash; }
TO_JS(ram) void *at_ram(void) { return ram; }

// Cycles that are left until JavaScript is wanted, and what was left when core.cycles was last right
static s32 room, counted;
// JavaScript has something to do before the next instruction
static u32 wanted;

TO_JS(wanted) void *at_wanted(void) { return &wanted; }

static void count(void) {
    core.cycles += counted - room;
    counted = room;
}

// What JavaScript added to core.cycles meanwhile (a division stands still for some) has passed as well
static void caught_up(double before) {
    room -= (s32)(core.cycles - before);
    counted = room;
}

static u32 ask(u32 address, u32 size) {
    count();
    double before = core.cycles;
    u32 value = js_load(address, size);
    caught_up(before);
    return value;
}

static void tell(u32 address, u32 value, u32 size) {
    count();
    double before = core.cycles;
    js_store(address, value, size);
    caught_up(before);
}

static inline u8 *readable(u32 address) {
    u32 at = address - RAM;
    if (at < RAM_SIZE) return ram + at;
    at = address - FLASH;
    if (at < FLASH_SIZE) return flash + at;
    return address < ROM_SIZE ? rom + address : 0;
}

static inline u32 load32(u32 address) {
    u8 *at = address & 3 ? 0 : readable(address);
    return at ? *(u32 *)at : ask(address, 4);
}

static inline u32 load16(u32 address) {
    u8 *at = address & 1 ? 0 : readable(address);
    return at ? *(u16 *)at : ask(address, 2);
}

static inline u32 load8(u32 address) {
    u8 *at = readable(address);
    return at ? *at : ask(address, 1);
}

static inline void store32(u32 address, u32 value) {
    u32 at = address - RAM;
    if (at < RAM_SIZE && !(at & 3)) *(u32 *)(ram + at) = value;
    else tell(address, value, 4);
}

static inline void store16(u32 address, u32 value) {
    u32 at = address - RAM;
    if (at < RAM_SIZE && !(at & 1)) *(u16 *)(ram + at) = value;
    else tell(address, value, 2);
}

static inline void store8(u32 address, u32 value) {
    u32 at = address - RAM;
    if (at < RAM_SIZE) ram[at] = value;
    else tell(address, value, 1);
}

// Cycles of an access: single-cycle IO, the slow bus, anything else
static inline s32 access(u32 address, s32 slow) {
    if (address < PERIPHERALS) return 2;
    return address >> 28 == 0xd ? 1 : address >> 28 == 4 ? 1 + slow : 2;
}

static inline s32 bits(u32 list) { return __builtin_popcount(list); }

static u32 load_many(u32 list, u32 address) {
    for (u32 i = 0; list; i++, list >>= 1)
        if (list & 1) core.r[i] = load32(address), address += 4;
    return address;
}

static u32 store_many(u32 list, u32 address) {
    for (u32 i = 0; list; i++, list >>= 1)
        if (list & 1) store32(address, core.r[i]), address += 4;
    return address;
}

#define LOW(shift) core.r[op >> (shift) & 7]
#define IMM5 (op >> 6 & 31)
#define IMM8 (op & 255)
#define RESULT(to, value) (n = z = (s32)((to) = (value)))

// Executes up to `max` instructions, one at least, until `cycles` have passed or JavaScript is wanted; how many
TO_JS(run) u32 run(u32 max, s32 cycles) {
    s32 n = core.n, z = core.z, c = core.c, v = core.v;
    u32 pc = core.r[PC] & ~1u, left = max;
    room = counted = cycles;
    wanted = 0;
    do {
        u32 op = load16(pc), a, b, at, value;
        s32 took = 1;
        left--;
        pc += 2;
        // what JavaScript finds there when it is asked
        core.r[PC] = pc;
        switch (op >> 8) {
#define EIGHT(first) case first: case first + 1: case first + 2: case first + 3: \
                     case first + 4: case first + 5: case first + 6: case first + 7
#define TWO(first) case first: case first + 1
        EIGHT(0x00):  // LSLS
            a = LOW(3), b = IMM5;
            if (b) c = a >> (32 - b) & 1;
            RESULT(LOW(0), a << b);
            break;
        EIGHT(0x08):  // LSRS
            a = LOW(3), b = IMM5;
            c = a >> (b ? b - 1 : 31) & 1;
            RESULT(LOW(0), b ? a >> b : 0);
            break;
        EIGHT(0x10):  // ASRS
            a = LOW(3), b = IMM5;
            c = a >> (b ? b - 1 : 31) & 1;
            RESULT(LOW(0), (u32)((s32)a >> (b ? b : 31)));
            break;
#define ADD(to, x, y) a = (x), b = (y), value = a + b, c = value < a, v = (a ^ value) & (b ^ value), RESULT(to, value)
#define SUBTRACT(to, x, y) a = (x), b = (y), value = a - b, c = a >= b, v = (a ^ b) & (a ^ value), RESULT(to, value)
        TWO(0x18): ADD(LOW(0), LOW(3), LOW(6)); break;
        TWO(0x1a): SUBTRACT(LOW(0), LOW(3), LOW(6)); break;
        TWO(0x1c): ADD(LOW(0), LOW(3), op >> 6 & 7); break;
        TWO(0x1e): SUBTRACT(LOW(0), LOW(3), op >> 6 & 7); break;
        EIGHT(0x20): RESULT(LOW(8), IMM8); break;
        EIGHT(0x28): SUBTRACT(at, LOW(8), IMM8); break;
        EIGHT(0x30): ADD(LOW(8), LOW(8), IMM8); break;
        EIGHT(0x38): SUBTRACT(LOW(8), LOW(8), IMM8); break;
        case 0x40: case 0x41: case 0x42: case 0x43:
            a = LOW(3);
            switch (op >> 6 & 15) {
            case 0: RESULT(LOW(0), LOW(0) & a); break;
            case 1: RESULT(LOW(0), LOW(0) ^ a); break;
            case 2:  // LSLS by a register
                b = a & 255, a = LOW(0);
                if (b >= 32) goto rare;
                if (b) c = a >> (32 - b) & 1;
                RESULT(LOW(0), a << b);
                break;
            case 3:  // LSRS by a register
                b = a & 255;
                if (b == 0 || b >= 32) goto rare;
                a = LOW(0), c = a >> (b - 1) & 1;
                RESULT(LOW(0), a >> b);
                break;
            case 4:  // ASRS by a register; as rp2040js, by 0 changes C
                b = (a & 255) < 32 ? a & 255 : 32, a = LOW(0);
                c = a >> (b - 1 & 31) & 1;
                RESULT(LOW(0), (u32)((s32)a >> (b < 32 ? b : 31)));
                break;
            case 5:  // ADCS; as rp2040js, V looks at the second summand with the carry in it
                at = c, b = LOW(0) + at, value = a + b;
                c = ((u64)a + LOW(0) + at) >> 32;
                v = (a ^ value) & (b ^ value);
                RESULT(LOW(0), value);
                break;
            case 6:  // SBCS; likewise
                at = !c, b = a + at, value = LOW(0) - b;
                c = LOW(0) >= (u64)a + at;
                v = (LOW(0) ^ b) & (LOW(0) ^ value);
                RESULT(LOW(0), value);
                break;
            case 8: RESULT(at, LOW(0) & a); break;
            case 9: SUBTRACT(LOW(0), 0, LOW(3)); break;
            case 10: SUBTRACT(at, LOW(0), LOW(3)); break;
            case 11: ADD(at, LOW(0), LOW(3)); break;
            case 12: RESULT(LOW(0), LOW(0) | a); break;
            case 13: RESULT(LOW(0), LOW(0) * a); break;
            case 14: RESULT(LOW(0), LOW(0) & ~a); break;
            case 15: RESULT(LOW(0), ~a); break;
            default: goto rare;
            }
            break;
        case 0x44:  // ADD of any registers
            a = op >> 3 & 15, b = (op >> 4 & 8) | (op & 7);
            if (b == SP || b == PC || a == PC) goto rare;
            core.r[b] += core.r[a];
            break;
        case 0x45:  // CMP
            a = core.r[(op >> 4 & 8) | (op & 7)];
            SUBTRACT(at, a, core.r[op >> 3 & 15]);
            break;
        case 0x46:  // MOV
            a = op >> 3 & 15, b = (op >> 4 & 8) | (op & 7);
            value = a == PC ? pc + 2 : core.r[a];
            if (b == PC) pc = value & ~1u, took = 2;
            else core.r[b] = b == SP ? value & ~3u : value;
            break;
        case 0x47:  // BX, BLX
            a = core.r[op >> 3 & 15];
            if (op & 7 || (!(op & 128) && a >> 28 == 15)) goto rare;
            if (op & 128) core.r[LR] = pc | 1;
            // BLX LR goes where LR now says
            pc = (op & 128 ? core.r[op >> 3 & 15] : a) & ~1u;
            took = 2;
            break;
#define LOAD(to, size, address) at = (address), took = access(at, 3), (to) = load##size(at)
#define STORE(size, address, from) at = (address), took = access(at, 4), store##size(at, from)
        EIGHT(0x48): LOAD(LOW(8), 32, (pc + 2 & ~3u) + (IMM8 << 2)); break;
        TWO(0x50): STORE(32, LOW(3) + LOW(6), LOW(0)); break;
        TWO(0x52): STORE(16, LOW(3) + LOW(6), LOW(0)); break;
        TWO(0x54): STORE(8, LOW(3) + LOW(6), LOW(0)); break;
        TWO(0x56): LOAD(value, 8, LOW(3) + LOW(6)); LOW(0) = (s32)(signed char)value; break;
        TWO(0x58): LOAD(LOW(0), 32, LOW(3) + LOW(6)); break;
        TWO(0x5a): LOAD(LOW(0), 16, LOW(3) + LOW(6)); break;
        TWO(0x5c): LOAD(LOW(0), 8, LOW(3) + LOW(6)); break;
        TWO(0x5e): LOAD(value, 16, LOW(3) + LOW(6)); LOW(0) = (s32)(short)value; break;
        EIGHT(0x60): STORE(32, LOW(3) + (op >> 4 & 124), LOW(0)); break;
        EIGHT(0x68): LOAD(LOW(0), 32, LOW(3) + (op >> 4 & 124)); break;
        EIGHT(0x70): STORE(8, LOW(3) + IMM5, LOW(0)); break;
        EIGHT(0x78): LOAD(LOW(0), 8, LOW(3) + IMM5); break;
        EIGHT(0x80): STORE(16, LOW(3) + (op >> 5 & 62), LOW(0)); break;
        EIGHT(0x88): LOAD(LOW(0), 16, LOW(3) + (op >> 5 & 62)); break;
        EIGHT(0x90): STORE(32, core.r[SP] + (IMM8 << 2), LOW(8)); break;
        EIGHT(0x98): LOAD(LOW(8), 32, core.r[SP] + (IMM8 << 2)); break;
        EIGHT(0xa0): LOW(8) = (pc + 2 & ~3u) + (IMM8 << 2); break;
        EIGHT(0xa8): LOW(8) = core.r[SP] + (IMM8 << 2); break;
        case 0xb0:
            value = (op & 127) << 2;
            core.r[SP] = core.r[SP] + (op & 128 ? -value : value) & ~3u;
            break;
        case 0xb2:
            a = LOW(3);
            switch (op >> 6 & 3) {
            case 0: a = (s32)(short)a; break;
            case 1: a = (s32)(signed char)a; break;
            case 2: a &= 0xffff; break;
            case 3: a &= 0xff; break;
            }
            LOW(0) = a;
            break;
        TWO(0xb4):  // PUSH
            at = core.r[SP] - 4 * bits(op & 511);
            value = store_many(IMM8, at);
            if (op & 256) store32(value, core.r[LR]);
            core.r[SP] = at & ~3u;
            took = 1 + bits(IMM8);
            break;
        case 0xbc:
            core.r[SP] = load_many(IMM8, core.r[SP]) & ~3u;
            took = 1 + bits(IMM8);
            break;
        case 0xbd:
            // an exception may end there
            if (load32(core.r[SP] + 4 * bits(IMM8)) >> 28 == 15) goto rare;
            at = load_many(IMM8, core.r[SP]);
            core.r[SP] = at + 4 & ~3u;
            pc = load32(at) & ~1u;
            took = 3 + bits(IMM8);
            break;
        EIGHT(0xc0):  // STM
            at = store_many(IMM8, LOW(8));
            if (!(IMM8 >> (op >> 8 & 7) & 1)) LOW(8) = at;
            took = 1 + bits(IMM8);
            break;
        EIGHT(0xc8):  // LDM
            at = load_many(IMM8, LOW(8));
            if (!(IMM8 >> (op >> 8 & 7) & 1)) LOW(8) = at;
            took = 1 + bits(IMM8);
            break;
#define BRANCH(first, holds) \
        case first: if (holds) pc += (s32)(signed char)op * 2 + 2, took = 2; break; \
        case first + 1: if (!(holds)) pc += (s32)(signed char)op * 2 + 2, took = 2; break
        BRANCH(0xd0, z == 0);
        BRANCH(0xd2, c);
        BRANCH(0xd4, n < 0);
        BRANCH(0xd6, v < 0);
        BRANCH(0xd8, c && z);
        BRANCH(0xda, (n ^ v) >= 0);
        BRANCH(0xdc, (n ^ v) >= 0 && z);
        EIGHT(0xe0): pc += ((s32)(op << 21) >> 20) + 2, took = 2; break;
        EIGHT(0xf0):  // BL; what else begins so is rare
            value = load16(pc);
            if ((value & 0xd000) != 0xd000) goto rare;
            a = op >> 10 & 1, b = 1 ^ a ^ (value >> 13 & 1), at = 1 ^ a ^ (value >> 11 & 1);
            core.r[LR] = pc + 2 | 1;
            pc += 2 + ((a ? 0xff000000 : 0) | b << 23 | at << 22 | (op & 0x3ff) << 12 | (value & 0x7ff) << 1);
            took = 3;
            break;
        default:
        rare:
            core.r[PC] = pc - 2;
            core.n = n, core.z = z, core.c = c, core.v = v;
            count();
            js_rare();
            return max - left;
        }
        room -= took;
    } while (left && room > 0 && !wanted);
    core.r[PC] = pc;
    core.n = n, core.z = z, core.c = c, core.v = v;
    count();
    return max - left;
}
