/** The inbox of a client with no layer, and its sends: by docs/rooms-api.md, 9, alone. */
import type { Random } from "../../support/random.js";
import type { Position } from "../records.js";
import { isAfter, type Letter, jsonPayload } from "./device.js";
import type { Host } from "./frames-room.js";
import type { InboxItem } from "./journal.js";

export class FramesInbox {
  readonly #name: string;
  readonly #host: Host;
  readonly #random: Random;
  readonly #openedFirst: () => void;
  #processed: Position | undefined;
  /** Undefined: not open on this connection. */
  #acked: Position | undefined;
  #acking = false;
  /** Another connection of this device has the inbox. */
  #isTaken = false;
  /** Whether one had it on this connection. */
  #wasTaken = false;
  readonly #queue: Letter[] = [];
  #sending = false;
  #isConnected = false;

  constructor(name: string, host: Host, random: Random, openedFirst: () => void) {
    this.#name = name;
    this.#host = host;
    this.#random = random;
    this.#openedFirst = openedFirst;
  }

  connected(): void {
    this.#isConnected = true;
    // What it had processed it says sometimes, and else relies on the cursor that the server has.
    const since = this.#processed !== undefined && this.#random.oneIn(2) ? this.#processed : null;
    this.#host.call("inbox", since === null ? {} : { since }, ({ cursor }) => {
      const isFirst = this.#processed === undefined;
      this.#host.journal.inboxOpened(cursor as Position, since);
      this.#acked = cursor as Position;
      this.#processed ??= this.#acked;
      if (isFirst) this.#openedFirst();
      this.#ackNext();
    });
    this.#sendNext();
  }

  disconnected(): void {
    this.#isConnected = false;
    this.#acked = undefined;
    this.#acking = false;
    this.#isTaken = this.#wasTaken = false;
    this.#sending = false;
  }

  /** Another connection of this device has come, or has gone (docs/rooms-api.md, 9.8). */
  deviceTaken(taken: boolean): void {
    this.#host.journal.note({ kind: "device", taken });
    this.#isTaken = taken;
    this.#wasTaken = true;
    this.#acking = false;
    this.#ackNext();
  }

  item(item: InboxItem): void {
    const isNew = isAfter(item.position, this.#processed);
    this.#host.journal.item(item, !isNew);
    if (isNew) this.#processed = item.position;
    this.#ackNext();
  }

  send(letter: Letter): void {
    this.#queue.push(letter);
    this.#sendNext();
  }

  /** One ack at a time, of all that was processed meanwhile. */
  #ackNext(): void {
    const position = this.#processed;
    if (
      this.#isTaken ||
      this.#acking ||
      position === undefined ||
      this.#acked === undefined ||
      !isAfter(position, this.#acked)
    )
      return;
    this.#acking = true;
    this.#host.call(
      "inbox_ack",
      { position },
      ({ cursor }) => {
        this.#acked = cursor as Position;
        this.#host.journal.inboxAcked(this.#acked);
        this.#acking = false;
        this.#ackNext();
      },
      (code) => this.#ackRefused(code),
    );
  }

  /** Another connection of the device had the inbox meanwhile: this one's is told when it has it again. */
  #ackRefused(code: string): boolean {
    if (code !== "inbox_not_open" || !this.#wasTaken) return false;
    this.#acking = false;
    return true;
  }

  #sendNext(): void {
    const letter = this.#queue[0];
    if (letter === undefined || this.#sending || !this.#isConnected) return;
    this.#sending = true;
    const { to, id, n, receipt } = letter;
    const data = jsonPayload({ by: this.#name, n, size: 20, binaries: 0 });
    this.#host.call("send", { to, id, receipt, data }, ({ duplicate }) => {
      this.#host.journal.sendAcked(to, id, duplicate === true);
      this.#queue.shift();
      this.#sending = false;
      this.#sendNext();
    });
  }
}
