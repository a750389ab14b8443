/** What was written in a room and is not seen there yet. Kept over a reload, and sent again under the same ids. */
import { dataOf, isPicture, type Content } from "./content.js";
import { isClosed, mayRepeat, UNCONFIRMED } from "./repeats.js";
import { randomId } from "./random-id.js";
import type { PaneStorage } from "./storage.js";
import { isRecord, wordsOf } from "./values.js";

export interface Waiting extends Content {
  readonly id: string;
  /** Milliseconds since the epoch, by this device's clock. */
  readonly at: number;
  /** Why it was refused. */
  refusal?: string;
}

export interface OutboxOptions {
  storage: PaneStorage;
  key: string;
  /** Resolves when the message is published; rejects if it will not be. */
  publish: (data: unknown, id: string) => Promise<unknown>;
  onChange: () => void;
}

export class Outbox {
  readonly #options: OutboxOptions;
  #items: Waiting[];

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#items = options.storage.read(options.key, isWaitingList) ?? [];
    for (const item of this.#items) {
      if (mayRepeat(item.at)) this.#publish(item);
      else item.refusal = UNCONFIRMED;
    }
  }

  get items(): readonly Waiting[] {
    return this.#items;
  }

  add(content: Content): void {
    const item = { ...content, id: randomId(), at: Date.now() };
    this.#items.push(item);
    this.#keep();
    this.#publish(item);
  }

  /** A message of one's own is in the room. */
  seen(id: string): void {
    if (!this.#items.some((item) => item.id === id)) return;
    this.#items = this.#items.filter((item) => item.id !== id);
    this.#keep();
  }

  #publish(item: Waiting): void {
    this.#options.publish(dataOf(item), item.id).catch((error: unknown) => {
      if (isClosed(error)) return;
      item.refusal = wordsOf(error);
      this.#keep();
      this.#options.onChange();
    });
  }

  /** What was refused is shown, but not tried again. */
  #keep(): void {
    const { storage, key } = this.#options;
    const kept = this.#items.filter(({ refusal }) => refusal === undefined);
    if (kept.length === 0) storage.removeItem(key);
    else storage.write(key, kept);
  }
}

function isWaitingList(value: unknown): value is Waiting[] {
  return Array.isArray(value) && value.every(isWaiting);
}

function isWaiting(value: unknown): value is Waiting {
  if (!isRecord(value)) return false;
  if (value["picture"] !== undefined && !isPicture(value["picture"])) return false;
  return (
    typeof value["id"] === "string" && typeof value["text"] === "string" && typeof value["at"] === "number"
  );
}
