// The emulator's process: node main.mjs CONFIG, with CONFIG as JSON {control, rom, flash, seed, board}. Descriptor
// `control` is a socket of JSON lines: requests {id, do, ...}, their answers {id, ...}, and events {event, ...}. The
// process ends with that socket.
import fs from 'node:fs';
import net from 'node:net';
import { Buzzer } from './buzzer.mjs';
import { FlashChip } from './flash.mjs';
import { Keypad } from './keypad.mjs';
import { Pace } from './pace.mjs';
import { Pico } from './pico.mjs';
import { Scanner } from './scanner.mjs';
import { ScreenLog } from './screen_log.mjs';
import { Panel } from './st7789.mjs';

const config = JSON.parse(process.argv[2]);
const { board } = config;
const socket = new net.Socket({ fd: config.control });
const tell = (message) => socket.write(JSON.stringify(message) + '\n');
const event = (name, more = {}) => tell({ event: name, us: micros(), ...more });
const micros = () => Math.round(pico.nanos / 1000);

const flash = new FlashChip(config.flash, board.flash);
const pico = new Pico(fs.readFileSync(config.rom), flash, config.seed);
const pace = new Pace(pico);
const scanner = new Scanner(board.scanner, pico);
const keypad = new Keypad(board.keypad, pico);
const panel = new Panel(board.display, pico, () => event('screen'));
const buzzer = new Buzzer(board.buzzer.pin, pico, (hz) => event('buzzer', { hz }));
// When the last byte of a code came, and when flash had taken what was written last
const since = { scanned_us: 0, durable_us: 0 };
flash.ended = () => { since.durable_us = micros(); };
scanner.arrived = () => { since.scanned_us = micros(); };
const told = (line) => event('log', { line, ...since, operations: flash.operations, frame: Buffer.from(panel.bits()).toString('base64') });
pico.devices.push(scanner, keypad, panel, buzzer, new ScreenLog(board.screen_log, told));

const output = [];
const flush = () => { if (output.length) event('data', { base64: Buffer.concat(output.splice(0)).toString('base64') }); };
pico.heard = {
  data: (bytes) => { if (!output.length) setImmediate(flush); output.push(Buffer.from(bytes)); pace.touch(); },
  usb: () => event('usb'),
  reset: () => { flush(); event('reset'); },
  power: (on, why) => { flush(); event('power', { on, why }); if (on) { panel.power(); pace.powered(); } },
};

const bytesOf = (base64) => Buffer.from(base64, 'base64');
const nanosOf = (us) => (us ?? 0) * 1000;
const until = (nanos) => ({ until: Math.round(nanos / 1000) });
const commands = {
  stat: () => ({
    us: micros(), cycles: pico.cycles, idle_us: Math.round(pico.idleNanos / 1000), operations: flash.operations,
    resets: pico.resets, stack: pico.stack, unfed_us: Math.round(pico.unfed / 1000), on: pico.on,
    seed: pico.seed, delivered: scanner.delivered, lost: scanner.lost,
  }),
  on: () => { pico.powerOn(); return {}; },
  off: ({ after_us: after }) => { if (after) pico.after(nanosOf(after), () => pico.powerOff('cut')); else pico.powerOff(); return {}; },
  cut: ({ at, bytes }) => { flash.cut = { at: flash.operations + at, bytes }; return {}; },
  run: async ({ us }) => { await pace.run(nanosOf(us)); return { us: micros(), on: pico.on }; },
  open: ({ on }) => { pico.cdc.setOpen(on); return {}; },
  write: async ({ base64 }) => { await pico.cdc.send(bytesOf(base64)); return {}; },
  taken: ({ count }) => { pico.cdc.taken(count); return {}; },
  feed: ({ base64, delay_us: delay }) => until(scanner.feed(bytesOf(base64), nanosOf(delay))),
  show: ({ base64 }) => { scanner.show(bytesOf(base64)); return {}; },
  press: ({ keys, held_us: held, released_us: released }) => until(keypad.press(keys, nanosOf(held), nanosOf(released))),
  hold: ({ key, down }) => { keypad.hold(key, down); return {}; },
  sent: () => ({ base64: Buffer.from(scanner.sent.splice(0)).toString('base64') }),
  screen: () => { const { lit, rgb } = panel.picture(); return { lit, base64: Buffer.from(rgb).toString('base64') }; },
};

const answer = async (line) => {
  const request = JSON.parse(line);
  pace.wake();
  pace.touch();
  try {
    tell({ id: request.id, ...(await commands[request.do](request)) });
  } catch (error) {
    tell({ id: request.id, error: error.message });
  }
};

let rest = '';
socket.setEncoding('utf8');
socket.on('data', (text) => {
  const lines = (rest + text).split('\n');
  rest = lines.pop();
  lines.forEach(answer);
});
socket.on('error', () => process.exit());
socket.on('close', () => process.exit());
