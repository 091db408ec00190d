// The host's side of the USB CDC port. What arrives waits until the firmware asks for it (NAK), what the firmware
// sends waits until the host has taken what came before it.
import { USBCDC } from './rp2040js.mjs';

// As much as a host's driver takes without anyone reading it
const HOST_BUFFER = 4096;

export class CdcHost extends USBCDC {
  #out = []; // bytes on their way to the board
  #wanted = 0; // what the firmware's endpoint has room for
  #untaken = 0; // bytes that the host has not taken yet
  #held = 0; // buffers of the firmware's that wait for that
  #drained = [];
  queued = 0;
  ready = false;
  open = false; // the host holds the port open: DTR

  constructor(usb, { data, ready }) {
    super(usb);
    this.onSerialData = (bytes) => { this.#untaken += bytes.length; data(bytes); };
    this.onDeviceConnected = () => { this.ready = true; ready(); };
    usb.onEndpointRead = (endpoint, size) => {
      if (endpoint === this.outEndpoint) { this.#wanted = size; this.#pump(); }
    };
    this.tell = usb.indicateBufferReady.bind(usb);
    usb.indicateBufferReady = (endpoint, out) => {
      if (!out && endpoint === this.inEndpoint && this.#untaken >= HOST_BUFFER) this.#held++;
      else this.tell(endpoint, out);
    };
  }

  // rp2040js calls this when the device is configured, and would raise DTR with nobody there
  cdcSetControlLineState(value = this.open ? 3 : 0, itf = 0) { super.cdcSetControlLineState(value, itf); }

  setOpen(open) {
    this.open = open;
    if (!open) { this.#out = []; this.queued = 0; this.taken(Infinity); this.#tellDrained(); }
    if (this.ready) this.cdcSetControlLineState();
  }

  // Resolves when the board has taken all of it
  send(bytes) {
    this.#out.push(bytes);
    this.queued += bytes.length;
    this.#pump();
    return this.queued ? new Promise((done) => { this.#drained.push(done); }) : null;
  }

  taken(count) {
    this.#untaken = Math.max(this.#untaken - count, 0);
    if (this.#untaken >= HOST_BUFFER) return;
    for (; this.#held; this.#held--) this.tell(this.inEndpoint, false);
  }

  // The board was reset or lost its power
  unplugged() { this.#out = []; this.queued = 0; this.#tellDrained(); }

  #tellDrained() { for (const done of this.#drained.splice(0)) done(); }

  #pump() {
    if (!this.#wanted || !this.#out.length) return;
    const first = this.#out[0], size = Math.min(this.#wanted, first.length);
    if (size === first.length) this.#out.shift(); else this.#out[0] = first.subarray(size);
    this.queued -= size;
    this.#wanted = 0;
    this.usb.endpointReadDone(this.outEndpoint, first.subarray(0, size));
    if (!this.queued) this.#tellDrained();
  }
}
