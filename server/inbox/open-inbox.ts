/** An inbox that is open on one connection: what was sent of it, and what was processed. */
import type { InboxItem, InboxMessage, InboxReceipt, Position, Sender } from "../api/types.js";
import type { Entry, Log } from "../store/log.js";
import { inboxLog } from "../rooms/log-names.js";

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

/** Whose inbox is open, and where. */
export interface InboxOwner {
  sid: string;
  user: string;
  device: string;
}

export interface InboxIo {
  log: Log;
  give: (item: InboxItem) => void;
  /** Writes down that something was dropped before it could be sent. */
  lost: () => Promise<void>;
}

export class OpenInbox implements InboxOwner {
  readonly #io: InboxIo;
  readonly sid: string;
  readonly user: string;
  readonly device: string;
  readonly epoch: string;
  /** Offset of the last item that was sent. */
  #sent: number;
  #cursor: number;
  #isOpen = true;
  #isPumping = false;
  #isPoked = false;
  #isTelling: boolean;

  /**
   * @param cursor Up to where the device has processed the inbox, or lost it.
   * @param isTelling Whether the answer that opened it says that something was lost.
   */
  constructor(owner: InboxOwner, cursor: Position, isTelling: boolean, io: InboxIo) {
    this.#io = io;
    ({ sid: this.sid, user: this.user, device: this.device } = owner);
    this.epoch = cursor.epoch;
    this.#sent = cursor.offset;
    this.#cursor = cursor.offset;
    this.#isTelling = isTelling;
  }

  get cursor(): Position {
    return { epoch: this.epoch, offset: this.#cursor };
  }

  /** Whether the device can know the position: it was sent, or processed before. */
  reaches({ epoch, offset }: Position): boolean {
    return epoch === this.epoch && offset <= this.#sent;
  }

  processed(offset: number): void {
    this.#isTelling = false;
    this.#cursor = Math.max(this.#cursor, offset);
  }

  /** Whether the device was told of all that it lost, and has acked nothing since. */
  get isTelling(): boolean {
    return this.#isTelling;
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
    const { entries, state } = await this.#io.log.after(inboxLog(this.user), this.#sent, limits);
    const [oldest] = entries;
    if (oldest !== undefined && oldest.offset > this.#sent + 1) {
      this.#isTelling = false;
      // Before the items are sent: the device may process them, and its acks may never come.
      await this.#io.lost();
    }
    for (const entry of entries) {
      if (!this.#isOpen) return;
      this.#sent = entry.offset;
      this.#io.give(itemOf(this.epoch, entry));
    }
    if (this.#sent < state.last && entries.length > 0) this.#isPoked = true;
  }
}
