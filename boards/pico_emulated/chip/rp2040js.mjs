// The emulator core, in the exact version that package.json pins, from the checkout's cache (make pico-image puts it there)
import { createRequire } from 'node:module';

export const { RP2040, USBCDC, GPIOPinState } = createRequire(new URL('../../../build/pico/', import.meta.url))('rp2040js');
