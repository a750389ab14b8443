/**
 * What each device processed of its user's inbox: all of it, in order, each item once, from its own cursor on. Where it has several
 * connections at a time, what one of them has processed the others may be spared.
 */
import type { Of, Position } from "../records.js";
import type { Check, Findings, Witness } from "./findings.js";

type Item = Witness & { entry: Of<"item"> };

/** What a device has of its user's inbox. */
export interface InboxDevice {
  client: string;
  user: string;
  /** The client whose device it is. */
  device: string;
  /** Processed up to and with this. */
  last: Position;
  /** The record that `last` is from. */
  witness: Witness;
  /** The offset that arrived last since the inbox was opened or given back, whether processed or dropped. */
  arrived: number | undefined;
  /** Up to where the server has acked the device's acks. */
  acked: number;
}

/** Something that is right if other connections of the device had processed enough by then. */
interface Doubt {
  client: string;
  device: string;
  /** Offsets that another connection must have processed: all, or the last one at least. */
  from: number;
  to: number;
  breach: () => void;
  t: number;
}

export class InboxCheck implements Check {
  readonly #findings: Findings;
  readonly #users = new Map<string, string>();
  /** By client: the one whose device it has too. */
  readonly #doubles = new Map<string, string>();
  readonly #doubts: Doubt[] = [];
  /** By device, then by client: when each offset was processed. */
  readonly #processed = new Map<string, Map<string, Map<number, number>>>();
  readonly #devices = new Map<string, InboxDevice>();
  readonly #places = new Map<string, Item>();
  readonly #ends = new Map<string, Witness & { entry: Of<"inbox_end"> }>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry } = witness;
    switch (entry.kind) {
      case "client":
        this.#users.set(witness.source, entry.user);
        if (entry.doubles !== undefined) this.#doubles.set(witness.source, entry.doubles);
        break;
      case "device": {
        // It goes on from the device's cursor, wherever that is now.
        const device = this.#devices.get(witness.source);
        if (device !== undefined && !entry.taken) device.arrived = undefined;
        break;
      }
      case "inbox_opened":
        this.#opened({ ...witness, entry });
        break;
      case "inbox_acked": {
        const device = this.#devices.get(witness.source);
        if (device !== undefined) device.acked = entry.position.offset;
        break;
      }
      case "item":
        this.#item({ ...witness, entry });
        break;
      case "inbox_end":
        this.#ends.set(entry.user, { ...witness, entry });
        break;
    }
  }

  finish(): void {
    for (const { client, device, from, to, t, breach } of this.#doubts) {
      for (let offset = from; offset <= to; offset++) {
        if (this.#wasProcessedElsewhere(device, client, offset, t)) continue;
        breach();
        break;
      }
    }
    for (const { client, device, user, last, witness } of this.#devices.values()) {
      if (client !== device) continue;
      const end = this.#ends.get(user);
      const furthest = Math.max(last.offset, ...this.#offsetsOf(device));
      if (end?.entry.position.offset !== furthest || end.entry.position.epoch !== last.epoch) {
        const where =
          end === undefined ? "unknown" : `${end.entry.position.epoch}/${end.entry.position.offset}`;
        const message = `${client} processed its inbox up to ${last.epoch}/${last.offset}; its end is ${where}`;
        this.#findings.breach("inbox_lost", message, witness, end);
      }
    }
  }

  #opened(witness: Witness & { entry: Of<"inbox_opened"> }): void {
    const { cursor, since } = witness.entry;
    const device = this.#devices.get(witness.source);
    if (device === undefined) {
      const user = this.#users.get(witness.source) ?? "";
      const offset = cursor.offset;
      const client = witness.source;
      const owner = this.#doubles.get(client) ?? client;
      const mine = { client, user, device: owner, last: cursor, witness, arrived: offset, acked: offset };
      this.#devices.set(client, mine);
      if (owner === client) this.#findings.count("inbox devices");
      return;
    }
    this.#findings.count("inboxes opened again");
    device.arrived = cursor.offset;
    if (since === undefined) return; // the client does not see what it gave
    const lowest = since === null ? device.acked : since.offset;
    const highest = since === null ? device.last.offset : since.offset;
    const before = device.witness;
    const breach = (): void => {
      const expected = lowest === highest ? String(lowest) : `from ${lowest} to ${highest}`;
      const message = `${device.client} has its cursor at ${cursor.epoch}/${cursor.offset}, not ${expected}`;
      this.#findings.breach("inbox_cursor", message, before, witness);
    };
    if (cursor.epoch !== device.last.epoch || cursor.offset < lowest) breach();
    else if (cursor.offset > highest)
      this.#doubt(device, cursor.offset, cursor.offset, witness.entry.t, breach);
  }

  #item(witness: Item): void {
    const { position, again } = witness.entry;
    const device = this.#devices.get(witness.source);
    if (device === undefined) {
      this.#findings.breach("inbox_order", `${witness.source} got an item before it was open`, witness);
      return;
    }
    this.#agree(device.user, witness);
    const { last, client } = device;
    const message = `${client} got ${position.epoch}/${position.offset} after ${last.epoch}/${last.offset}`;
    if (again) {
      this.#findings.count("inbox items that came again and were dropped");
      this.#checkArrival(device, witness);
      return;
    }
    this.#findings.count("inbox items processed");
    if (position.epoch === last.epoch && position.offset <= last.offset) {
      this.#findings.breach("inbox_twice", message, device.witness, witness);
      return;
    }
    const before = device.witness;
    const breach = (): void => this.#findings.breach("inbox_order", message, before, witness);
    if (position.epoch !== last.epoch) breach();
    else this.#doubt(device, last.offset + 1, position.offset - 1, witness.entry.t, breach);
    this.#remember(device, witness);
    device.arrived = position.offset;
    device.last = position;
    device.witness = witness;
  }

  /** On one connection, what comes again comes in order too. */
  #checkArrival(device: InboxDevice, witness: Item): void {
    const { offset } = witness.entry.position;
    if (device.arrived !== undefined && offset !== device.arrived + 1) {
      const message = `${device.client} got ${offset} again after ${device.arrived} had arrived`;
      this.#findings.breach("inbox_order", message, device.witness, witness);
    }
    device.arrived = offset;
  }

  #doubt({ client, device }: InboxDevice, from: number, to: number, t: number, breach: () => void): void {
    if (from <= to) this.#doubts.push({ client, device, from, to, t, breach });
  }

  #remember({ client, device }: InboxDevice, { entry }: Item): void {
    const clients = this.#processed.get(device) ?? new Map<string, Map<number, number>>();
    this.#processed.set(device, clients);
    const times = clients.get(client) ?? new Map<number, number>();
    clients.set(client, times);
    times.set(entry.position.offset, entry.t);
  }

  #offsetsOf(device: string): number[] {
    return [...(this.#processed.get(device)?.values() ?? [])].flatMap((times) => [...times.keys()]);
  }

  #wasProcessedElsewhere(device: string, client: string, offset: number, t: number): boolean {
    const clients = [...(this.#processed.get(device) ?? [])];
    return clients.some(([one, times]) => one !== client && (times.get(offset) ?? Infinity) <= t);
  }

  /** All devices of a user see the same item at a place. */
  #agree(user: string, item: Item): void {
    const { position, type, id } = item.entry;
    const at = JSON.stringify([user, position.epoch, position.offset]);
    const first = this.#places.get(at);
    if (first === undefined) this.#places.set(at, item);
    else if (first.entry.type !== type || first.entry.id !== id) {
      const message = `${user}'s inbox has both ${first.entry.id} and ${id} at ${position.offset}`;
      this.#findings.breach("inbox_order", message, first, item);
    }
  }
}
