/**
 * The namespaces of one connection: which the client has asked for, which it is in, and what waits for the answer.
 * Pure: every method takes what happened and returns what follows (PROTOCOL.md, section 3).
 */

/** Frames that a client may send to a namespace before it is connected. */
const MAX_EARLY_FRAMES = 100;

/**
 * Characters of a name that is remembered when its namespace has ended. A name may be as long as a message: without
 * this bound, refused names alone would let a client fill the memory.
 */
const MAX_REMEMBERED_NAME = 1_000;

/** What to do with a frame of the client's. */
export type OfferOutcome = "pass" | "early" | "namespace_closed" | "not_connected" | "too_many_early_frames";

/** What waits while a namespace is being connected. */
interface Held<Early, Late> {
  /** From the client, until the namespace is connected. */
  early: Early[];
  earlyBytes: number;
  /** For the client, until its `connected` has gone out. */
  late: Late[];
  /** The session that the client asked to recover. */
  pid: string | undefined;
}

interface Entry<Early, Late> {
  readonly ns: string;
  /** A namespace that is being connected holds frames; the other states hold none, and cost no memory. */
  state: Held<Early, Late> | "connected" | "ended";
}

export class Namespaces<Early, Late> {
  readonly #max: number;
  readonly #maxEarlyBytes: number;
  /** A list, not a Map: most connections have one namespace, and a thousand idle Maps are a lot of memory. */
  #entries: readonly Entry<Early, Late>[] = [];
  #connecting = 0;
  /** Of all namespaces together. */
  #earlyBytes = 0;

  constructor(max: number, maxEarlyBytes: number) {
    this.#max = max;
    this.#maxEarlyBytes = maxEarlyBytes;
  }

  /** Whether no namespace waits for its answer: then nothing need be held for the client. */
  get settled(): boolean {
    return this.#connecting === 0;
  }

  /** Whether frames of the client's wait for a namespace. */
  get holdsEarly(): boolean {
    return this.#earlyBytes > 0;
  }

  /** Whether there were namespaces, and the server has ended them all. */
  get allEnded(): boolean {
    return this.#entries.length > 0 && this.#entries.every((entry) => entry.state === "ended");
  }

  /** The client asks for a namespace. */
  connect(ns: string, pid: string | undefined): "pass" | "already_connected" | "too_many_namespaces" {
    const former = this.#find(ns);
    if (former !== undefined && former.state !== "ended") return "already_connected";
    const state = { early: [], earlyBytes: 0, late: [], pid };
    if (former !== undefined) {
      former.state = state;
    } else {
      if (this.#entries.length >= this.#max && !this.#forgetEnded()) return "too_many_namespaces";
      // Not pushed: a list that grows makes room for sixteen more.
      this.#entries = [...this.#entries, { ns, state }];
    }
    this.#connecting++;
    return "pass";
  }

  /** The server accepts: gives what was held for each side, and the session that the client wished to recover. */
  accept(ns: string): { early: Early[]; late: Late[]; pid: string | undefined } {
    return this.#settle(ns, "connected") ?? { early: [], late: [], pid: undefined };
  }

  /** The server refuses or ends the namespace: gives what the client had sent to it early. */
  end(ns: string): Early[] {
    const held = this.#settle(ns, "ended");
    if (ns.length > MAX_REMEMBERED_NAME) this.leave(ns);
    return held?.early ?? [];
  }

  /** The client leaves. */
  leave(ns: string): void {
    this.#entries = this.#entries.filter((entry) => entry.ns !== ns);
  }

  /** What to do with a frame for `ns`; an early one is kept here. */
  offer(ns: string, frame: Early, bytes: number): OfferOutcome {
    const entry = this.#find(ns);
    if (entry === undefined) return "not_connected";
    const { state } = entry;
    if (state === "connected") return "pass";
    if (state === "ended") return "namespace_closed";
    if (state.early.length >= MAX_EARLY_FRAMES || this.#earlyBytes + bytes > this.#maxEarlyBytes) {
      return "too_many_early_frames";
    }
    state.early.push(frame);
    state.earlyBytes += bytes;
    this.#earlyBytes += bytes;
    return "early";
  }

  /** Keeps a frame for the client back if its namespace is being connected; false if it can go out. */
  holdBack(ns: string, frame: Late): boolean {
    const state = this.#find(ns)?.state;
    if (typeof state !== "object") return false;
    state.late.push(frame);
    return true;
  }

  #find(ns: string): Entry<Early, Late> | undefined {
    return this.#entries.find((entry) => entry.ns === ns);
  }

  #settle(ns: string, state: "connected" | "ended"): Held<Early, Late> | undefined {
    const entry = this.#find(ns);
    if (entry === undefined) return undefined;
    const former = entry.state;
    entry.state = state;
    if (typeof former !== "object") return undefined;
    this.#connecting--;
    this.#earlyBytes -= former.earlyBytes;
    return former;
  }

  #forgetEnded(): boolean {
    const ended = this.#entries.find((entry) => entry.state === "ended");
    if (ended !== undefined) this.leave(ended.ns);
    return ended !== undefined;
  }
}
