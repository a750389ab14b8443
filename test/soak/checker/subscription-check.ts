/** What each subscriber of a room got: all of it, in order, each message once, or a loss that was declared and had a cause. */
import type { Of, Position } from "../records.js";
import type { Check, Findings, Witness } from "./findings.js";

/** What a client has of a room; all before `last` was delivered to it, or declared lost. */
interface Subscription {
  client: string;
  room: string;
  last: Position;
  /** The record that `last` is from. */
  witness: Witness;
  /** Offsets that were skipped, and no loss declared. */
  holes: Set<number>;
  /** Where it was when its connection was lost, until it has joined again. */
  cutAt: number | undefined;
}

/** A loss that a client was told of, judged when it is known where the log was then. */
interface Loss {
  mine: Pick<Subscription, "client" | "room" | "last" | "witness">;
  witness: Witness & { entry: Of<"joined"> };
}

/** A place of a log that somebody knew of. */
interface Sighting {
  t: number;
  position: Position;
}

/** Milliseconds in which, of all clients, at least one hears of a message that is in the log. */
const HEARSAY = 500;

export class SubscriptionCheck implements Check {
  readonly #findings: Findings;
  readonly #subscriptions = new Map<string, Subscription>();
  /** By client, so that a lost connection is told to all its rooms. */
  readonly #ofClient = new Map<string, Subscription[]>();
  readonly #logs = new Map<string, Witness & { entry: Of<"log"> }>();
  readonly #keeps = new Map<string, number>();
  /** Clients that have gone for good: they get no more. */
  readonly #closed = new Set<string>();
  readonly #losses: Loss[] = [];
  readonly #sightings = new Map<string, Sighting[]>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry } = witness;
    switch (entry.kind) {
      case "run":
        for (const { room, keeps } of entry.rooms) this.#keeps.set(room, keeps);
        break;
      case "log":
        this.#logs.set(entry.room, { ...witness, entry });
        break;
      case "disconnected":
      case "reloaded":
        for (const mine of this.#ofClient.get(witness.source) ?? []) mine.cutAt ??= mine.last.offset;
        break;
      case "closed":
        this.#closed.add(witness.source);
        break;
      case "joined":
        this.#joined({ ...witness, entry });
        break;
      case "published":
        this.#sighted(entry);
        break;
      case "message":
        this.#sighted(entry);
        this.#message({ ...witness, entry });
        break;
    }
  }

  finish(): void {
    for (const loss of this.#losses) this.#checkLoss(loss);
    for (const { client, room, last, witness } of this.#subscriptions.values()) {
      if (this.#closed.has(client)) continue;
      const log = this.#logs.get(room);
      if (log === undefined || log.entry.epoch !== last.epoch || log.entry.last !== last.offset) {
        const end = log === undefined ? "unknown" : `${log.entry.epoch}/${log.entry.last}`;
        const message = `${client} has ${room} up to ${last.epoch}/${last.offset}; its end is ${end}`;
        this.#findings.breach("gap", message, witness, log);
      }
    }
  }

  #joined(witness: Witness & { entry: Of<"joined"> }): void {
    const { room, position, recovered, recovery } = witness.entry;
    if (recovered === true && recovery !== undefined) this.#checkRecovery(witness);
    const mine = this.#find(witness.source, room);
    if (mine === undefined) {
      this.#subscribe(witness, room, position);
      return;
    }
    const { last, cutAt = last.offset } = mine;
    mine.cutAt = undefined;
    if (position.epoch === last.epoch && position.offset < cutAt) {
      const message = `${room} ends at ${position.offset}, and ${witness.source} has had ${last.offset}`;
      this.#findings.breach("recovery", message, mine.witness, witness);
    }
    if (recovered === false) {
      this.#declaredLoss(mine, witness);
    } else if (position.epoch !== last.epoch) {
      const message = `${witness.source} went on in ${room} from ${last.epoch} to ${position.epoch}`;
      this.#findings.breach("recovery", message, mine.witness, witness);
    } else {
      this.#findings.count("recoveries");
      if (position.offset > cutAt) this.#findings.count("recoveries with messages");
    }
  }

  /** As many messages as there are between the two positions. */
  #checkRecovery(witness: Witness & { entry: Of<"joined"> }): void {
    const { room, position, recovery } = witness.entry;
    if (recovery === undefined) return;
    const { since, messages } = recovery;
    if (since.epoch !== position.epoch || since.offset + messages !== position.offset) {
      const span = `${since.epoch}/${since.offset} to ${position.epoch}/${position.offset}`;
      const message = `${room}: ${messages} messages were recovered for ${span}`;
      this.#findings.breach("recovery", message, witness);
    }
  }

  #declaredLoss(mine: Subscription, witness: Witness & { entry: Of<"joined"> }): void {
    this.#findings.count("losses declared");
    const { client, room, last } = mine;
    this.#losses.push({ mine: { client, room, last, witness: mine.witness }, witness });
    mine.last = witness.entry.position;
    mine.witness = witness;
  }

  /**
   * The log may have gone on behind the join: who has to read what is missed page by page loses what is dropped meanwhile.
   */
  #checkLoss({ mine, witness }: Loss): void {
    const { t, position } = witness.entry;
    const keeps = this.#keeps.get(mine.room) ?? Infinity;
    const ends = (this.#sightings.get(mine.room) ?? [])
      .filter((seen) => seen.t <= t + HEARSAY && seen.position.epoch === position.epoch)
      .map((seen) => seen.position.offset);
    const end = ends.reduce((most, offset) => Math.max(most, offset), position.offset);
    if (position.epoch === mine.last.epoch && end - mine.last.offset <= keeps) {
      const missed = position.offset - mine.last.offset;
      const message = `${mine.room} keeps ${keeps} messages, and ${mine.client} was refused the last ${missed}`;
      this.#findings.breach("recovery", message, mine.witness, witness);
    }
  }

  #sighted({ room, t, position }: Of<"published"> | Of<"message">): void {
    const seen = this.#sightings.get(room) ?? [];
    seen.push({ t, position });
    this.#sightings.set(room, seen);
  }

  #message(witness: Witness & { entry: Of<"message"> }): void {
    const { room, id, position } = witness.entry;
    const mine = this.#find(witness.source, room);
    this.#findings.count("messages delivered");
    if (witness.entry.binaries > 0) this.#findings.count("messages with binary values delivered");
    if (mine === undefined) {
      this.#findings.breach("gap", `${witness.source} got ${id} before it had joined ${room}`, witness);
      this.#subscribe(witness, room, position);
      return;
    }
    const { last } = mine;
    const places = `${position.epoch}/${position.offset} after ${last.epoch}/${last.offset}`;
    const message = `${witness.source} got ${room} ${places}`;
    if (position.epoch !== last.epoch) {
      this.#findings.breach("gap", message, mine.witness, witness);
    } else if (position.offset <= last.offset) {
      // All up to `last` was delivered, but for holes: what fills one is late, anything else is there again.
      const rule = mine.holes.delete(position.offset) ? "order" : "twice";
      this.#findings.breach(rule, message, mine.witness, witness);
      return;
    } else if (position.offset > last.offset + 1) {
      this.#findings.breach("gap", message, mine.witness, witness);
      for (let hole = last.offset + 1; hole < position.offset; hole++) mine.holes.add(hole);
    }
    mine.last = position;
    mine.witness = witness;
  }

  #find(client: string, room: string): Subscription | undefined {
    return this.#subscriptions.get(JSON.stringify([client, room]));
  }

  #subscribe(witness: Witness, room: string, last: Position): void {
    const mine = { client: witness.source, room, last, witness, holes: new Set<number>(), cutAt: undefined };
    this.#subscriptions.set(JSON.stringify([witness.source, room]), mine);
    this.#ofClient.set(witness.source, [...(this.#ofClient.get(witness.source) ?? []), mine]);
    this.#findings.count("subscriptions");
  }
}
