/** An inbox that is open on one connection: what was sent of it, and what was processed. */
import type { InboxItem, InboxMessage, InboxReceipt, Position, Sender } from "../events.js";
import type { Entry, Log } from "../store/log.js";
import { inboxLog } from "./log-names.js";

/** Items that are sent before the first of them is acked. */
const WINDOW = 100;

/** Bytes that are read at a time. */
const PAGE_BYTES = 1024 * 1024;

/** The value of an entry in an inbox. */
export type StoredItem =
  | {
      type: "message";
      id: string;
      from: Sender;
      data: unknown;
      receipt?: true;
      /** Sent by a guest. */ guest?: true;
    }
  | { type: "receipt"; id: string; from: { user: string } };

export function itemOf(epoch: string, { offset, value, at }: Entry): InboxItem {
  const position = { epoch, offset };
  // Only this service writes to the logs of inboxes.
  const stored = value as StoredItem;
  if (stored.type === "receipt") {
    return { type: "receipt", id: stored.id, position, from: stored.from, at } satisfies InboxReceipt;
  }
  const { id, from, data } = stored;
  return { type: "message", id, position, from, data, at } satisfies InboxMessage;
}

export class InboxSession {
  /** Offset of the last item that was sent. */
  #sent: number;
  #cursor: number;
  #isOpen = true;
  #isPumping = false;
  #isPoked = false;
  #hasGap = false;

  /** @param cursor Up to where the device has processed the inbox. */
  constructor(
    readonly sid: string,
    readonly user: string,
    readonly device: string,
    readonly epoch: string,
    cursor: number,
    private readonly log: Log,
    private readonly give: (item: InboxItem) => void,
  ) {
    this.#sent = cursor;
    this.#cursor = cursor;
  }

  get cursor(): Position {
    return { epoch: this.epoch, offset: this.#cursor };
  }

  /** Whether the device can know the position: it was sent, or processed before. */
  reaches({ epoch, offset }: Position): boolean {
    return epoch === this.epoch && offset <= this.#sent;
  }

  processed(offset: number): void {
    this.#cursor = Math.max(this.#cursor, offset);
  }

  /** Whether something that the device has not processed was dropped before it could be sent. */
  get hasGap(): boolean {
    return this.#hasGap;
  }

  /** Nothing is sent any more. */
  close(): void {
    this.#isOpen = false;
  }

  /** Sends what can be sent. To be called when there is more in the log, or in the window. Rejects with a StoreError. */
  async pump(): Promise<void> {
    this.#isPoked = true;
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (this.#isPoked && this.#isOpen) {
        this.#isPoked = false;
        await this.#sendPage();
      }
    } finally {
      this.#isPumping = false;
    }
  }

  async #sendPage(): Promise<void> {
    const room = WINDOW - (this.#sent - this.#cursor);
    if (room <= 0) return;
    const limits = { entries: room, bytes: PAGE_BYTES };
    const { entries, state } = await this.log.after(inboxLog(this.user), this.#sent, limits);
    for (const entry of entries) {
      if (!this.#isOpen) return;
      if (entry.offset > this.#sent + 1) this.#hasGap = true;
      this.#sent = entry.offset;
      this.give(itemOf(this.epoch, entry));
    }
    if (this.#sent < state.last && entries.length > 0) this.#isPoked = true;
  }
}
