/** Which way to the server a connection attempt begins with, and what is remembered of them (PROTOCOL.md, 12.15 to 12.17). Pure. */

import type { TransportName } from "./transport.js";

const NAMES: readonly TransportName[] = ["websocket", "sse", "polling"];

/** Milliseconds for which a way that worked is tried first. */
const REMEMBERED = 600_000;

/** Milliseconds for which HTTP is not tried again at an address that has no bridge over HTTP. */
const ABSENT = 300_000;

/** Milliseconds that a WebSocket without a frame must have been open, for a close frame to say nothing. */
const LONG = 10_000;

/**
 * The ways of a list that there are, in their order.
 * @throws TypeError where there is none.
 */
export function waysOf(names: readonly string[], hasFetch: boolean): TransportName[] {
  const known = NAMES.filter((name) => names.includes(name));
  if (known.length === 0) {
    throw new TypeError(`transports has none of ${NAMES.join(", ")}: ${names.join(", ")}`);
  }
  const ways = known.filter((name) => name === "websocket" || hasFetch);
  if (ways.length === 0)
    throw new TypeError("there is no fetch: pass one as option fetch, or allow websocket");
  return ways;
}

interface Memory {
  readonly way: "sse" | "polling" | undefined;
  readonly until: number;
}

/** What is known of addresses, for all connections to them. */
export class WayMemory {
  readonly #known = new Map<string, Memory>();

  remember(address: string, way: "sse" | "polling", now: number): void {
    const known = this.#get(address, now);
    // Its use does not make it last longer: the WebSocket is to be tried again.
    if (known?.way === way) return;
    this.#known.set(address, { way, until: now + REMEMBERED });
  }

  /** There is no bridge over HTTP at this address. */
  isAbsent(address: string, now: number): boolean {
    const known = this.#get(address, now);
    return known !== undefined && known.way === undefined;
  }

  setAbsent(address: string, now: number): void {
    this.#known.set(address, { way: undefined, until: now + ABSENT });
  }

  recall(address: string, now: number): "sse" | "polling" | undefined {
    return this.#get(address, now)?.way;
  }

  forget(address: string): void {
    this.#known.delete(address);
  }

  #get(address: string, now: number): Memory | undefined {
    const known = this.#known.get(address);
    if (known === undefined || now < known.until) return known;
    this.#known.delete(address);
    return undefined;
  }
}

/** What one connection has found out for its own next attempts. */
export class Ways {
  readonly #memory: WayMemory;
  /** Whether something on the way seems to strip the header of the subprotocol (1.7). */
  isStripped = false;
  /** Whether the last WebSocket was open, and nothing came through it. */
  #wasMute = false;

  constructor(memory: WayMemory) {
    this.#memory = memory;
  }

  /** How an attempt begins. */
  first(ways: readonly TransportName[], address: string, now: number): TransportName {
    const wasMute = this.#wasMute;
    this.#wasMute = false;
    const http = this.http(ways, address, now);
    // Without the WebSocket there is nothing else to try.
    if (!ways.includes("websocket")) return http ?? ways[0] ?? "sse";
    const isFirst = wasMute || this.#memory.recall(address, now) !== undefined;
    return isFirst && http !== undefined ? http : "websocket";
  }

  /** The way over HTTP that is taken where the WebSocket is refused; undefined for none. */
  http(ways: readonly TransportName[], address: string, now: number): "sse" | "polling" | undefined {
    if (this.#memory.isAbsent(address, now)) return undefined;
    const http = ways.filter((name) => name !== "websocket");
    const recalled = this.#memory.recall(address, now);
    return http.find((name) => name === recalled) ?? http[0];
  }

  /** A WebSocket ended through which no frame had come; it had been open for so many milliseconds, and ended with this code. */
  wasMute(lasted: number, code: number): void {
    this.#wasMute = code === 1006 || lasted >= LONG;
  }

  /** A session reads in this way. */
  worked(way: "sse" | "polling", address: string, now: number): void {
    this.#memory.remember(address, way, now);
  }

  /** A session could not be opened. `isAbsent`: as there is no bridge over HTTP. */
  failed(address: string, isAbsent: boolean, now: number): void {
    if (isAbsent) this.#memory.setAbsent(address, now);
    else this.#memory.forget(address);
  }
}
