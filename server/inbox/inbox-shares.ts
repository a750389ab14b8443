/** How much of each inbox is whose, so that nobody's messages, nor those of many strangers, take the room of all others. */
import type { Limits } from "../limits/limits.js";
import type { ReadQueue } from "../limits/read-queue.js";
import type { Log } from "../store/log.js";
import type { StoredItem } from "./open-inbox.js";
import { inboxLog } from "../rooms/log-names.js";

interface Sender {
  user: string;
  guest: boolean;
}

/** What is known of one inbox: who sent the items from `first` on. */
interface Held {
  epoch: string;
  first: number;
  /** In the order of the offsets; undefined for a receipt. */
  senders: (Sender | undefined)[];
  counts: Map<string, number>;
  guests: number;
}

/** Inboxes that are known; the one that was asked about longest ago is forgotten for another. */
const MAX_KNOWN = 100;

/** What is read at a time. */
const PAGE = { entries: 500, bytes: 1024 * 1024 };

export interface InboxSharesOptions {
  log: Log;
  limits: Limits;
  reads: Pick<ReadQueue, "turn">;
}

export class InboxShares {
  readonly #options: InboxSharesOptions;
  readonly #known = new Map<string, Held>();

  constructor(options: InboxSharesOptions) {
    this.#options = options;
  }

  /**
   * Whether an inbox takes one more of this sender's. What is still being written does not count yet, so that a sender may come to
   * have a few more than their share.
   */
  async allows(to: string, { user, guest }: Sender): Promise<boolean> {
    const { log, limits } = this.#options;
    const { inboxItemsOfSender: ofSender, inboxItemsOfGuests: ofGuests } = limits;
    const { epoch, first, last } = await log.state(inboxLog(to));
    // With so few items nobody can have more than a share; this is so nearly always.
    if (last - first + 1 < (guest ? Math.min(ofSender, ofGuests) : ofSender)) {
      this.#known.delete(to);
      return true;
    }
    const held = await this.#read(to, epoch, user);
    return (held.counts.get(user) ?? 0) < ofSender && (!guest || held.guests < ofGuests);
  }

  /** What the inbox has, which is read only where it has not been before. */
  async #read(to: string, epoch: string, sender: string): Promise<Held> {
    const { log, reads } = this.#options;
    const known = this.#known.get(to);
    const held =
      known?.epoch === epoch ? known : { epoch, first: 1, senders: [], counts: new Map(), guests: 0 };
    this.#known.delete(to);
    this.#known.set(to, held);
    for (const [oldest] of this.#known) {
      if (this.#known.size <= MAX_KNOWN) break;
      this.#known.delete(oldest);
    }
    for (;;) {
      const from = held.first + held.senders.length - 1;
      const { state, entries } = await log.after(inboxLog(to), from, PAGE);
      drop(held, state.first);
      for (const { offset, value } of entries) {
        // Another call may have read the same meanwhile.
        if (offset === held.first + held.senders.length) add(held, value as StoredItem);
      }
      if (entries.length === 0 || held.first + held.senders.length > state.last) return held;
      await reads.turn(sender);
    }
  }
}

function add(held: Held, item: StoredItem): void {
  const isMessage = item.type === "message";
  const sender = isMessage ? { user: item.from.user, guest: item.guest === true } : undefined;
  held.senders.push(sender);
  count(held, sender, 1);
}

/** Forgets what the inbox does not have any more. */
function drop(held: Held, first: number): void {
  if (first <= held.first) return;
  for (const sender of held.senders.splice(0, first - held.first)) count(held, sender, -1);
  held.first = first;
}

function count(held: Held, sender: Sender | undefined, one: 1 | -1): void {
  if (sender === undefined) return;
  const items = (held.counts.get(sender.user) ?? 0) + one;
  if (items > 0) held.counts.set(sender.user, items);
  else held.counts.delete(sender.user);
  if (sender.guest) held.guests += one;
}
