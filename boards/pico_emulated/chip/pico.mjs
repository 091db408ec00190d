// A Raspberry Pi Pico around rp2040js: writable flash, a boot ROM of our own, reset, power and everything outside.
import crypto from 'node:crypto';
import { RP2040 } from './rp2040js.mjs';
import { CycleClock } from './clock.mjs';
import { Memory } from './core.mjs';
import { PowerCut, serialInterface } from './flash.mjs';
import { Pins } from './pins.mjs';
import * as repairs from './repairs.mjs';
import { CdcHost } from './usb.mjs';
import { Watchdog } from './watchdog.mjs';

const STACK = 8192;

export class Pico {
  on = false;
  resets = 0;
  idleNanos = 0; // slept, since the board was made
  pins = new Pins();
  devices = []; // each: attach(mcu, clock) at every boot
  // What the outside hears: power(on, why), reset(), usb() when the port is there, data(bytes) from it
  heard = { power() {}, reset() {}, usb() {}, data() {} };
  #past = 0; // nanoseconds of former boots
  #cycles = 0;
  #timers = new Set(); // what happens outside, at its own time, whatever the chip does
  #ended = null;
  #memory = new Memory();
  #instructions = null; // executes so many

  constructor(rom, flash, seed = null) {
    this.#memory.rom.set(new Uint32Array(Uint8Array.from(rom).buffer));
    this.flash = flash;
    flash.moveTo(this.#memory.flash);
    this.seed = seed ?? crypto.randomBytes(4).readUInt32LE();
    this.random = this.seed;
    this.#build(null);
  }

  get nanos() { return this.#past + this.clock.nanos; }
  get cycles() { return this.#cycles + this.mcu.core.cycles; }

  // Nanoseconds that the watchdog was not fed for at most, since the last boot
  get unfed() { return this.mcu.peripherals[0x40058].longest; }

  // Bytes of the C stack (the RAM's last 8 KB, empty at a boot) that were ever in use since the last boot
  get stack() {
    const { ram } = this.#memory, bottom = ram.length - STACK;
    return STACK - Math.max(ram.subarray(bottom).findIndex((byte) => byte !== 0), 0);
  }

  // Calls back after so many nanoseconds of the board's time, even if it was reset in between
  after(nanos, callback) {
    const timer = { at: this.nanos + nanos, callback };
    this.#timers.add(timer);
    this.#arm(timer);
    return timer;
  }

  powerOn() {
    if (this.on) return;
    this.#boot(null);
    this.on = true;
    this.heard.power(true, 'switched');
  }

  powerOff(why = 'switched') {
    if (!this.on) return;
    this.on = false;
    this.mcu.core.halted = true;
    this.flash.cut = null;
    this.cdc.unplugged();
    this.heard.power(false, why);
  }

  // Runs until `max` instructions are done or the core sleeps; nanoseconds it would sleep for, 0 if it does not
  run(max) {
    try {
      return this.#run(max);
    } catch (error) {
      if (!(error instanceof PowerCut)) throw error;
      this.powerOff(error.message);
      return 0;
    }
  }

  sleep(nanos) {
    this.idleNanos += nanos;
    this.clock.skip(nanos);
  }

  #run(max) {
    const { core } = this.mcu, { clock } = this;
    if (core.waiting && !this.#ended) {
      if (clock.idle > 0) return clock.idle;
      clock.fire();
    }
    this.#instructions(max);
    if (this.#ended) this.#reset();
    return 0;
  }

  #reset() {
    const kept = this.#ended;
    this.resets++;
    this.cdc.unplugged();
    this.#boot(kept);
    this.heard.reset();
  }

  #boot(kept) {
    this.#past += this.clock.nanos;
    this.#cycles += this.mcu.core.cycles;
    this.#build(kept);
    for (const timer of this.#timers) this.#arm(timer);
  }

  #arm(timer) {
    const due = () => { if (this.#timers.delete(timer)) timer.callback(); };
    this.clock.createAlarm(due).schedule(Math.max(timer.at - this.nanos, 0));
  }

  #build(kept) {
    this.#ended = null;
    const clock = this.clock = new CycleClock();
    const mcu = this.mcu = new RP2040(clock);
    clock.core = mcu.core;
    // rp2040js only logs an SEV
    const info = (_, text) => { if (text === 'SEV') mcu.core.eventRegistered = true; };
    mcu.logger = { debug() {}, info, warn() {}, error() {} };
    this.#instructions = this.#memory.attach(mcu, clock);
    mcu.core.VTOR = 0;
    mcu.core.reset();
    mcu.addClockListener((hz) => clock.setHz(hz));
    mcu.onBreak = () => this.powerOff(`the core stopped at ${mcu.core.PC.toString(16)}`);
    this.#peripherals(mcu, clock, kept);
  }

  #peripherals(mcu, clock, kept) {
    repairs.oscillator(mcu, () => this.#randomBit());
    repairs.romCalls(mcu, clock, this.flash, (why) => this.powerOff(why));
    repairs.uarts(mcu);
    repairs.spiTiming(mcu, clock, (value, port) => { for (const device of this.devices) device.spi?.(value, port); });
    repairs.secondCore(mcu);
    serialInterface(mcu, repairs.register);
    mcu.peripherals[0x40058] = new Watchdog(clock, kept, (end) => { this.#ended = end; mcu.core.halted = true; });
    this.cdc = new CdcHost(mcu.usbCtrl, { data: (bytes) => this.heard.data(bytes), ready: () => this.heard.usb() });
    this.pins.attach(mcu);
    for (const device of this.devices) device.attach(mcu, clock);
  }

  // Mulberry32: one bit a call
  #randomBit() {
    this.random = (this.random + 0x6d2b79f5) | 0;
    let t = Math.imul(this.random ^ (this.random >>> 15), 1 | this.random);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 31) & 1;
  }
}
