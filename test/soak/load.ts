/** Makes the devices publish, send and signal, at random but at a steady rate, until it is told to stop. */
import type { Random } from "../support/random.js";
import { signalId, type Device } from "./clients/device.js";
import type { Journal } from "./clients/journal.js";

/** A device with what it has written down. */
export interface Party {
  device: Device;
  journal: Journal;
}

export interface LoadOptions {
  parties: readonly Party[];
  rooms: readonly string[];
  /** Calls a second, of all devices together. */
  rate: number;
  random: Random;
}

/** Milliseconds between two handfuls of calls. */
const TICK = 25;

/** Calls that a device may have under way; while it is cut off, it makes no more. */
const MAX_PENDING = 30;

/** Bytes of a message's filling, at most. */
const MAX_SIZE = 600;

/** Binary values of a message, at most: as many as are taken (docs/rooms-api.md, 4.2). */
const MAX_BINARIES = 10;

export class Load {
  readonly #options: LoadOptions;
  #timer: NodeJS.Timeout | undefined;
  #count = 0;
  #owed = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  begin(): void {
    this.#timer = setInterval(() => {
      this.#owed += (this.#options.rate * TICK) / 1000;
      for (; this.#owed >= 1; this.#owed--) this.#callOnce();
    }, TICK);
  }

  end(): void {
    clearInterval(this.#timer);
  }

  #callOnce(): void {
    const { parties, random } = this.#options;
    const party = random.pick(parties);
    if (party.journal.pending >= MAX_PENDING) return;
    if (random.oneIn(8)) this.#signal(party);
    else if (random.oneIn(5)) this.#send(party);
    else this.#publish(party);
  }

  #publish({ device, journal }: Party): void {
    const { rooms, random } = this.#options;
    const n = this.#count++;
    const before = journal.published;
    if (before.length > 0 && random.oneIn(10)) {
      // With other content: that of the first is what counts.
      const { room, content } = random.pick(before);
      device.publish(room, { ...content, n: -1, size: 1, binaries: 1 });
      return;
    }
    const content = {
      ...{ id: `${device.name}-${n}`, by: device.name, n, size: random.below(MAX_SIZE) },
      binaries: random.oneIn(3) ? 1 + random.below(MAX_BINARIES) : 0,
    };
    device.publish(random.pick(rooms), content);
  }

  #signal({ device, journal }: Party): void {
    const { rooms, random } = this.#options;
    // It is not kept for later.
    if (!journal.isConnected) return;
    const n = this.#count++;
    const content = { id: signalId(device.name, n), by: device.name, n, size: random.below(MAX_SIZE) };
    device.signal(random.pick(rooms), { ...content, binaries: random.oneIn(3) ? 1 : 0 });
  }

  #send({ device, journal }: Party): void {
    const { parties, random } = this.#options;
    const n = this.#count++;
    if (journal.sent.length > 0 && random.oneIn(10)) {
      device.send(random.pick(journal.sent));
      return;
    }
    const others = [...new Set(parties.map((party) => party.device.user))].filter(
      (user) => user !== device.user,
    );
    device.send({ to: random.pick(others), id: `${device.name}-${n}`, n, receipt: random.oneIn(2) });
  }
}
