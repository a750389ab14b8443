/** What each device processed of its user's inbox: all of it, in order, each item once, from its own cursor on. */
import type { Of, Position } from "../records.js";
import type { Check, Findings, Witness } from "./findings.js";

type Item = Witness & { entry: Of<"item"> };

/** What a device has of its user's inbox. */
export interface InboxDevice {
  client: string;
  user: string;
  /** Processed up to and with this. */
  last: Position;
  /** The record that `last` is from. */
  witness: Witness;
  /** The offset that arrived last on this connection, whether processed or dropped. */
  arrived: number;
  /** Up to where the server has acked the device's acks. */
  acked: number;
}

export class InboxCheck implements Check {
  private readonly users = new Map<string, string>();
  private readonly devices = new Map<string, InboxDevice>();
  private readonly places = new Map<string, Item>();
  private readonly ends = new Map<string, Witness & { entry: Of<"inbox_end"> }>();

  constructor(private readonly findings: Findings) {}

  see(witness: Witness): void {
    const { entry } = witness;
    switch (entry.kind) {
      case "client":
        this.users.set(witness.source, entry.user);
        break;
      case "inbox_opened":
        this.opened({ ...witness, entry });
        break;
      case "inbox_acked": {
        const device = this.devices.get(witness.source);
        if (device !== undefined) device.acked = entry.position.offset;
        break;
      }
      case "item":
        this.item({ ...witness, entry });
        break;
      case "inbox_end":
        this.ends.set(entry.user, { ...witness, entry });
        break;
    }
  }

  finish(): void {
    for (const { client, user, last, witness } of this.devices.values()) {
      const end = this.ends.get(user);
      if (end?.entry.position.offset !== last.offset || end.entry.position.epoch !== last.epoch) {
        const where =
          end === undefined ? "unknown" : `${end.entry.position.epoch}/${end.entry.position.offset}`;
        const message = `${client} processed its inbox up to ${last.epoch}/${last.offset}; its end is ${where}`;
        this.findings.breach("inbox_lost", message, witness, end);
      }
    }
  }

  private opened(witness: Witness & { entry: Of<"inbox_opened"> }): void {
    const { cursor, since } = witness.entry;
    const device = this.devices.get(witness.source);
    if (device === undefined) {
      const user = this.users.get(witness.source) ?? "";
      const offset = cursor.offset;
      const fresh = { client: witness.source, user, last: cursor, witness, arrived: offset, acked: offset };
      this.devices.set(witness.source, fresh);
      this.findings.count("inbox devices");
      return;
    }
    this.findings.count("inboxes opened again");
    device.arrived = cursor.offset;
    if (since === undefined) return; // the client does not see what it gave
    const lowest = since === null ? device.acked : since.offset;
    const highest = since === null ? device.last.offset : since.offset;
    if (cursor.epoch !== device.last.epoch || cursor.offset < lowest || cursor.offset > highest) {
      const expected = lowest === highest ? String(lowest) : `from ${lowest} to ${highest}`;
      const message = `${device.client} has its cursor at ${cursor.epoch}/${cursor.offset}, not ${expected}`;
      this.findings.breach("inbox_cursor", message, device.witness, witness);
    }
  }

  private item(witness: Item): void {
    const { position, again } = witness.entry;
    const device = this.devices.get(witness.source);
    if (device === undefined) {
      this.findings.breach("inbox_order", `${witness.source} got an item before it was open`, witness);
      return;
    }
    this.agree(device.user, witness);
    const { last, client } = device;
    const message = `${client} got ${position.epoch}/${position.offset} after ${last.epoch}/${last.offset}`;
    if (again) {
      this.findings.count("inbox items that came again and were dropped");
      this.checkArrival(device, witness);
      return;
    }
    this.findings.count("inbox items processed");
    if (position.epoch === last.epoch && position.offset <= last.offset) {
      this.findings.breach("inbox_twice", message, device.witness, witness);
      return;
    }
    if (position.epoch !== last.epoch || position.offset > last.offset + 1) {
      this.findings.breach("inbox_order", message, device.witness, witness);
    }
    device.arrived = position.offset;
    device.last = position;
    device.witness = witness;
  }

  /** On one connection, what comes again comes in order too. */
  private checkArrival(device: InboxDevice, witness: Item): void {
    const { offset } = witness.entry.position;
    if (offset !== device.arrived + 1) {
      const message = `${device.client} got ${offset} again after ${device.arrived} had arrived`;
      this.findings.breach("inbox_order", message, device.witness, witness);
    }
    device.arrived = offset;
  }

  /** All devices of a user see the same item at a place. */
  private agree(user: string, item: Item): void {
    const { position, type, id } = item.entry;
    const at = JSON.stringify([user, position.epoch, position.offset]);
    const first = this.places.get(at);
    if (first === undefined) this.places.set(at, item);
    else if (first.entry.type !== type || first.entry.id !== id) {
      const message = `${user}'s inbox has both ${first.entry.id} and ${id} at ${position.offset}`;
      this.findings.breach("inbox_order", message, first, item);
    }
  }
}
