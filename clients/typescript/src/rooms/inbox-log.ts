/**
 * How far this device has processed its inbox: one item at a time, in order, each once. A state machine with no I/O: methods
 * return what is to be done, in order. docs/rooms-api.md, 9, is its rule.
 *
 * An ack covers all before it. So nothing is taken into the queue that does not follow what was taken before: where items are missing,
 * only the server's cursor goes over them.
 */
import type { InboxItem, Position } from "./api.js";

export type InboxAction =
  | { readonly do: "process"; readonly item: InboxItem }
  /** Keep the position, so that it outlasts the program. */
  | { readonly do: "keep"; readonly position: Position }
  /** Tell the server; then call `acked` or `ackFailed`, unless the connection is lost before. */
  | { readonly do: "ack"; readonly position: Position }
  /** Open the inbox again: something is missing, and the server says with its cursor whether it was processed elsewhere. */
  | { readonly do: "open" }
  /** What is missing is not kept any more. */
  | { readonly do: "lost" };

export class InboxLog {
  #processed: Position | undefined;
  #queue: InboxItem[] = [];
  #current: InboxItem | undefined;
  /** Of the last item that was taken into the queue: what is not after it has come before. */
  #last: Position | undefined;
  #isOpen = false;
  #isAcking = false;
  /** Something is missing, and the server is being asked for it; what comes before it has answered comes again. */
  #isAsking = false;
  /** It was asked since the last item that was taken. */
  #hasAsked = false;
  #hasProcessor = false;
  /** What the server has not been told yet. */
  #due: Position | undefined;

  /** @param processed what was kept of an earlier run. */
  constructor(processed: Position | undefined) {
    this.#processed = processed;
    this.#last = processed;
  }

  get cursor(): Position | undefined {
    return this.#processed;
  }

  /** The inbox is open on this connection, from the server's cursor on. */
  opened(cursor: Position): InboxAction[] {
    this.#isOpen = true;
    this.#isAcking = false;
    this.#isAsking = false;
    // The server has what was processed, by `since`; and where this device knows nothing, it begins at the cursor.
    const isBehind = !isReached(cursor, this.#processed);
    if (isBehind) this.#processed = cursor;
    if (!isReached(cursor, this.#last)) this.#last = cursor;
    // Processed elsewhere, under this device's name; or told in the words of a log that is gone.
    this.#queue = this.#queue.filter(({ position }) => !isReached(position, cursor));
    if (this.#due?.epoch !== cursor.epoch) this.#due = undefined;
    return [...(isBehind ? [{ do: "keep", position: cursor } as const] : []), ...this.#ack()];
  }

  /** The connection is lost. What has come already is still processed. */
  away(): void {
    this.#isOpen = false;
    this.#isAsking = false;
  }

  /** Another connection of this device has the inbox, as the server has said: what was not begun here is its to process, or comes again. */
  taken(): void {
    this.#isOpen = false;
    this.#queue = [];
    this.#last = this.#current?.position ?? this.#processed;
  }

  /** It has gone: items come here again, from the server's cursor on. */
  returned(): InboxAction[] {
    this.#isOpen = true;
    this.#isAcking = false;
    return this.#ack();
  }

  received(item: InboxItem): InboxAction[] {
    const { position } = item;
    if (isReached(position, this.#last)) return [];
    const isMissing = !isNext(position, this.#last);
    if (isMissing && this.#isAsking) return [];
    if (isMissing && !this.#hasAsked) {
      this.#isAsking = true;
      this.#hasAsked = true;
      return [{ do: "open" }];
    }
    this.#hasAsked = false;
    this.#last = position;
    this.#queue.push(item);
    return [...(isMissing ? [{ do: "lost" } as const] : []), ...this.#process()];
  }

  /** There is somebody to process items, or nobody any more: then the item in hand comes again. */
  processing(isPossible: boolean): InboxAction[] {
    this.#hasProcessor = isPossible;
    if (!isPossible) this.#putBack();
    return this.#process();
  }

  /** The item in hand was processed. */
  done(): InboxAction[] {
    if (this.#current === undefined) return [];
    const { position } = this.#current;
    this.#current = undefined;
    this.#processed = position;
    this.#due = position;
    return [{ do: "keep", position }, ...this.#ack(), ...this.#process()];
  }

  /** The item in hand could not be processed; it comes again with `retry`. */
  failed(): void {
    this.#putBack();
    this.#hasProcessor = false;
  }

  /** The server knows; or it does not want to. */
  acked(): InboxAction[] {
    this.#isAcking = false;
    return this.#ack();
  }

  /** The position is still to be told: now, or with the next `opened`. */
  ackFailed(position: Position): InboxAction[] {
    this.#due ??= position;
    return this.acked();
  }

  #putBack(): void {
    if (this.#current !== undefined) this.#queue.unshift(this.#current);
    this.#current = undefined;
  }

  #process(): InboxAction[] {
    if (!this.#hasProcessor || this.#current !== undefined) return [];
    this.#current = this.#queue.shift();
    return this.#current === undefined ? [] : [{ do: "process", item: this.#current }];
  }

  /** One ack at a time: what is processed meanwhile goes into the next one, which covers all before it. */
  #ack(): InboxAction[] {
    const position = this.#due;
    if (position === undefined || !this.#isOpen || this.#isAcking) return [];
    this.#due = undefined;
    this.#isAcking = true;
    return [{ do: "ack", position }];
  }
}

/** Whether `position` is not after `known`. Positions of another epoch are always new. */
function isReached(position: Position, known: Position | undefined): boolean {
  return known !== undefined && position.epoch === known.epoch && position.offset <= known.offset;
}

function isNext(position: Position, known: Position | undefined): boolean {
  return known !== undefined && position.epoch === known.epoch && position.offset === known.offset + 1;
}
