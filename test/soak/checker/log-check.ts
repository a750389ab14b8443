/** What stands at each place of each room's log, by all who have seen it: subscribers, publishers, readers of the end. */
import type { Content, Of, Position } from "../records.js";
import type { Check, Findings, Witness } from "./findings.js";

interface Place {
  room: string;
  position: Position;
  id: string;
  witness: Witness;
  /** The first record that has the message itself, not only its id. */
  seen?: Witness & { entry: Of<"message"> | Of<"kept"> };
}

export class LogCheck implements Check {
  readonly #findings: Findings;
  readonly #places = new Map<string, Place>();
  readonly #placeOfId = new Map<string, Place>();
  readonly #published = new Map<string, Witness & { entry: Of<"publish"> }>();
  readonly #users = new Map<string, string>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry } = witness;
    switch (entry.kind) {
      case "client":
        this.#users.set(witness.source, entry.user);
        break;
      case "publish":
        if (!entry.again) this.#published.set(key(entry.room, entry.id), { ...witness, entry });
        break;
      case "published":
        this.#place(entry.room, entry.position, entry.id, witness);
        break;
      case "message":
      case "kept":
        this.#content({ ...witness, entry });
        break;
    }
  }

  finish(): void {
    for (const { seen } of this.#places.values()) if (seen !== undefined) this.#source(seen);
    this.#publisherOrder();
    this.#findings.count("places of logs that all agree on", this.#places.size);
  }

  #place(room: string, position: Position, id: string, witness: Witness): Place {
    const at = placeKey(room, position);
    const known = this.#places.get(at);
    if (known !== undefined && known.id !== id) {
      const where = `${room} ${position.epoch}/${position.offset}`;
      this.#findings.breach("one_place", `${where} is both ${known.id} and ${id}`, known.witness, witness);
    }
    const place = known ?? { room, position, id, witness };
    this.#places.set(at, place);
    const first = this.#placeOfId.get(key(room, id));
    if (first !== undefined && !same(first.position, position)) {
      const offsets = `${first.position.offset} and ${position.offset}`;
      this.#findings.breach("one_place", `${id} is in ${room} at ${offsets}`, first.witness, witness);
    }
    if (first === undefined) this.#placeOfId.set(key(room, id), place);
    return place;
  }

  #content(witness: Witness & { entry: Of<"message"> | Of<"kept"> }): void {
    const { entry } = witness;
    const place = this.#place(entry.room, entry.position, entry.id, witness);
    if (place.id !== entry.id) return; // said above
    place.seen ??= witness;
    const first = place.seen.entry;
    if (!sameContent(first, entry) || first.user !== entry.user) {
      this.#findings.breach("content", `${entry.id} arrived in two forms`, place.seen, witness);
    }
  }

  /** The message is one that somebody published, as they did. */
  #source(seen: Witness & { entry: Of<"message"> | Of<"kept"> }): void {
    const { entry } = seen;
    const origin = this.#published.get(key(entry.room, entry.id));
    if (origin === undefined) {
      this.#findings.breach("content", `${entry.id} in ${entry.room} was published by nobody`, seen);
    } else if (!sameContent(origin.entry, entry)) {
      this.#findings.breach("content", `${entry.id} did not arrive as it was published`, origin, seen);
    } else if (this.#users.get(origin.source) !== entry.user) {
      this.#findings.breach("content", `${entry.id} is said to be from ${entry.user}`, origin, seen);
    }
  }

  #publisherOrder(): void {
    const newest = new Map<string, Witness & { entry: Of<"message"> | Of<"kept"> }>();
    const inOrder = [...this.#places.values()].sort((a, b) => a.position.offset - b.position.offset);
    for (const { room, position, seen } of inOrder) {
      if (seen === undefined) continue;
      const publisher = JSON.stringify([room, position.epoch, seen.entry.by]);
      const before = newest.get(publisher);
      if (before !== undefined && before.entry.n >= seen.entry.n) {
        const numbers = `${seen.entry.n} after ${before.entry.n}`;
        const message = `${room} has number ${numbers} of ${seen.entry.by}`;
        this.#findings.breach("publisher_order", message, before, seen);
      }
      newest.set(publisher, seen);
    }
  }
}

function same(a: Position, b: Position): boolean {
  return a.epoch === b.epoch && a.offset === b.offset;
}

function sameContent(a: Content, b: Content): boolean {
  return a.by === b.by && a.n === b.n && a.size === b.size && a.binaries === b.binaries;
}

function key(room: string, id: string): string {
  return JSON.stringify([room, id]);
}

function placeKey(room: string, { epoch, offset }: Position): string {
  return JSON.stringify([room, epoch, offset]);
}
