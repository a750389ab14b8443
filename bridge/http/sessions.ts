/**
 * The sessions of a bridge by their ids. One that was closed is known for a while, so that its client, who may have been away, learns why.
 */
import { randomBytes } from "node:crypto";

/** Bytes of an id that nobody can guess. */
const ID_BYTES = 18;

export interface Closable {
  readonly sessionId: string;
  /** It is known no more. */
  onForgotten(): void;
}

/** What a node may be called: what stands before the dot of its sessions' ids. */
export const NODE_NAME = /^[\w-]{1,64}$/;

export class Sessions<Session extends Closable> {
  readonly #node: string;
  readonly #keepClosed: number;
  readonly #byId = new Map<string, Session>();
  /** Those that were closed, the first first; all are kept for the same time. */
  readonly #closed = new Map<Session, number>();
  readonly #now: () => number;
  /** Set while there are closed ones. */
  #timer: NodeJS.Timeout | undefined;

  /** @param keepClosed Milliseconds for which one is known that was closed. */
  constructor(node: string, keepClosed: number, now: () => number) {
    this.#node = node;
    this.#keepClosed = keepClosed;
    this.#now = now;
  }

  newId(): string {
    return `${this.#node}.${randomBytes(ID_BYTES).toString("base64url")}`;
  }

  /** How many are known. */
  get size(): number {
    return this.#byId.size;
  }

  add(session: Session): void {
    this.#byId.set(session.sessionId, session);
  }

  get(id: string): Session | undefined {
    return this.#byId.get(id);
  }

  /** The node that made the id, if it is another one. */
  otherNode(id: string): string | undefined {
    const node = id.slice(0, Math.max(0, id.indexOf(".")));
    return NODE_NAME.test(node) && node !== this.#node ? node : undefined;
  }

  remove(session: Session): void {
    this.#byId.delete(session.sessionId);
    this.#closed.delete(session);
  }

  /** Has a session that was closed be forgotten after a while. */
  closed(session: Session): void {
    if (this.#closed.has(session) || !this.#byId.has(session.sessionId)) return;
    this.#closed.set(session, this.#now() + this.#keepClosed);
    this.#timer ??= setInterval(() => this.#forget(), Math.max(10, Math.min(1_000, this.#keepClosed / 4)));
    // It waits for nothing that a process should go on for.
    this.#timer.unref();
  }

  /** Forgets all that were closed. */
  forgetClosed(): void {
    this.#forget(Infinity);
  }

  #forget(now = this.#now()): void {
    for (const [session, until] of this.#closed) {
      if (until > now) return;
      this.remove(session);
      session.onForgotten();
    }
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
