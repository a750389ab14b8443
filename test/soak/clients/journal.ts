/** What a device did and saw: written down for the checker, and counted for the runner, who waits for all to arrive. */
import type { Content, Happening, Members, Position, Protocol, Recorder } from "../records.js";
import { contentOf, type Letter, signalId } from "./device.js";

/** A message as the room API delivers it, as far as the soak looks at it. */
export interface Message {
  room: string;
  id: string;
  position: Position;
  from: { user: string };
  data: unknown;
}

export interface InboxItem {
  type: "message" | "receipt";
  id: string;
  position: Position;
  from: { user: string };
}

/** A signal, likewise. */
export interface Signal {
  room: string;
  from: { user: string };
  data: unknown;
}

/** A member of a room, likewise. */
export interface Member {
  user: string;
  devices: readonly { id: string }[];
}

/** What is told of who is in a room, likewise: the soak's rooms are small enough to be named. */
export interface PresenceEvent {
  room: string;
  changes?: readonly PresenceChange[];
  members?: readonly Member[];
}

export interface PresenceChange {
  type: "join" | "update" | "leave";
  member: Member;
  gone?: readonly string[];
}

/** What all devices together have had acked. */
export class Ledger {
  /** The newest offset of each room that anybody knows of. */
  readonly ends = new Map<string, number>();
  /** Acked sends, by recipient. */
  readonly letters = new Map<string, Set<string>>();
  /** Acked sends that want a receipt, by sender. */
  readonly receipts = new Map<string, Set<string>>();
  /** Who is there to the end: devices, by user. */
  readonly present = new Map<string, Set<string>>();

  staying(user: string, device: string): void {
    addTo(this.present, user, device);
  }

  reached(room: string, { offset }: Position): void {
    this.ends.set(room, Math.max(this.ends.get(room) ?? 0, offset));
  }

  sent(sender: string, { to, id, receipt }: Letter): void {
    addTo(this.letters, to, id);
    if (receipt) addTo(this.receipts, sender, id);
  }
}

/** Publishes that can be made again on purpose: the latest ones. */
const REMEMBERED = 50;

export class Journal {
  readonly #recorder: Recorder;
  readonly #ledger: Ledger;
  /** What the device has processed, with all its connections. */
  readonly #processed: { message: Set<string>; receipt: Set<string> };
  isConnected = false;
  /** Acked publishes and sends, the newest last. */
  readonly published: { room: string; content: Content }[] = [];
  readonly sent: Letter[] = [];
  readonly #unanswered = new Set<string>();
  readonly #positions = new Map<string, Position>();
  readonly #letters = new Map<string, { letter: Letter; again: boolean }>();
  readonly #contents = new Map<string, Content>();
  readonly #members = new Map<string, Members>();

  constructor(
    recorder: Recorder,
    readonly user: string,
    ledger: Ledger,
    processed = { message: new Set<string>(), receipt: new Set<string>() },
  ) {
    this.#recorder = recorder;
    this.#ledger = ledger;
    this.#processed = processed;
  }

  /** Of another connection of the same device. */
  ofDouble(recorder: Recorder): Journal {
    return new Journal(recorder, this.user, this.#ledger, this.#processed);
  }

  get name(): string {
    return this.#recorder.name;
  }

  begin(device: string, protocol: Protocol): void {
    this.#recorder.write({ kind: "client", user: this.user, device, protocol });
    this.#ledger.staying(this.user, device);
  }

  /** As `begin`, of one that is there for a while. */
  beginCompany(device: string, doubles: string | undefined): void {
    const more = doubles === undefined ? {} : { doubles };
    this.#recorder.write({ kind: "client", user: this.user, device, protocol: "frames", ...more });
  }

  note(
    happening: Extract<
      Happening,
      { kind: "connected" | "disconnected" | "reloaded" | "closed" | "device" | "refused" | "warning" }
    >,
  ): void {
    this.#recorder.write(happening);
    if (happening.kind === "connected") this.isConnected = true;
    else if (happening.kind === "disconnected" || happening.kind === "reloaded") this.isConnected = false;
  }

  publish(room: string, content: Content): void {
    const again = this.#contents.has(content.id);
    this.#recorder.write({ kind: "publish", room, again, ...content });
    this.#unanswered.add(`publish ${content.id}`);
    if (!again) this.#contents.set(content.id, content);
  }

  publishAcked(room: string, id: string, position: Position, duplicate?: boolean): void {
    this.#recorder.write({
      kind: "published",
      room,
      id,
      position,
      ...(duplicate === undefined ? {} : { duplicate }),
    });
    this.#unanswered.delete(`publish ${id}`);
    this.#ledger.reached(room, position);
    const content = this.#contents.get(id);
    if (content !== undefined) remember(this.published, { room, content });
  }

  send(letter: Letter): void {
    const { to, id, n, receipt } = letter;
    const again = this.#letters.has(id);
    this.#recorder.write({ kind: "send", to, id, n, receipt, again });
    this.#unanswered.add(`send ${id}`);
    this.#letters.set(id, { letter, again });
  }

  sendAcked(to: string, id: string, duplicate?: boolean): void {
    this.#recorder.write({ kind: "sent", to, id, ...(duplicate === undefined ? {} : { duplicate }) });
    this.#unanswered.delete(`send ${id}`);
    const letter = this.#letters.get(id)?.letter;
    if (letter === undefined) return;
    this.#ledger.sent(this.user, letter);
    remember(this.sent, letter);
  }

  joined(
    room: string,
    position: Position,
    more: { recovered?: boolean; recovery?: { since: Position; messages: number } },
  ): void {
    this.#recorder.write({ kind: "joined", room, position, ...more });
    if (more.recovered === false || !this.#positions.has(room)) this.#positions.set(room, position);
  }

  delivered({ room, id, position, from, data }: Message): void {
    this.#recorder.write({ kind: "message", room, position, user: from.user, ...contentOf(id, data) });
    this.#positions.set(room, position);
    this.#ledger.reached(room, position);
  }

  signal(room: string, content: Content): void {
    this.#recorder.write({ kind: "signal", room, ...content });
  }

  signalled({ room, from, data }: Signal): void {
    const { by, n, ...content } = contentOf("", data);
    this.#recorder.write({
      kind: "signalled",
      room,
      user: from.user,
      ...content,
      by,
      n,
      id: signalId(by, n),
    });
  }

  /** Who is in a room, as the client has it. */
  present(room: string, members: readonly Member[]): void {
    const all = Object.fromEntries(members.map(({ user, devices }) => [user, devices.map(({ id }) => id)]));
    this.#recorder.write({ kind: "members", room, members: all });
    this.#members.set(room, all);
  }

  /** For a client that does not have who is there: what it is told of. */
  presence({ room, changes = [], members }: PresenceEvent): void {
    if (members !== undefined) this.present(room, members);
    for (const change of changes) this.#changed(room, change);
  }

  #changed(room: string, { type, member: { user, devices }, gone = [] }: PresenceChange): void {
    const ids = devices.map(({ id }) => id);
    this.#recorder.write({ kind: "presence", room, type, user, devices: ids, gone: [...gone] });
    const { [user]: before = [], ...others } = this.#members.get(room) ?? {};
    const kept = type === "update" ? before.filter((id) => !gone.includes(id) && !ids.includes(id)) : [];
    this.#members.set(room, type === "leave" ? others : { ...others, [user]: [...kept, ...ids] });
  }

  inboxOpened(cursor: Position, since?: Position | null): void {
    this.#recorder.write({ kind: "inbox_opened", cursor, ...(since === undefined ? {} : { since }) });
  }

  item({ type, id, position, from }: InboxItem, again: boolean): void {
    this.#recorder.write({ kind: "item", type, id, position, user: from.user, again });
    if (!again) this.#processed[type].add(id);
  }

  inboxAcked(position: Position): void {
    this.#recorder.write({ kind: "inbox_acked", position });
  }

  /** Of the last message that was delivered, or where the device joined. */
  position(room: string): Position | undefined {
    return this.#positions.get(room);
  }

  /** How much has happened. */
  get length(): number {
    return this.#recorder.length;
  }

  /** Publishes and sends under way. */
  get pending(): number {
    return this.#unanswered.size;
  }

  /** The rooms of which the client believes others to be there than are. */
  mistaken(rooms: readonly string[]): string[] {
    const present = canonical([...this.#ledger.present].map(([user, devices]) => [user, [...devices]]));
    return rooms.filter((room) => canonical(Object.entries(this.#members.get(room) ?? {})) !== present);
  }

  /** What has not come yet, in words; none if all has that anybody knows of. */
  missing(rooms: readonly string[]): string[] {
    const { name } = this.#recorder;
    const messages = countMissing(this.#ledger.letters.get(this.user), this.#processed.message);
    const receipts = countMissing(this.#ledger.receipts.get(this.user), this.#processed.receipt);
    return [
      ...(this.pending > 0 ? [`${name}: ${this.pending} acks`] : []),
      ...rooms.flatMap((room) => {
        const behind = (this.#ledger.ends.get(room) ?? 0) - (this.#positions.get(room)?.offset ?? 0);
        return behind > 0 ? [`${name}: ${behind} messages of ${room}`] : [];
      }),
      ...(messages > 0 ? [`${name}: ${messages} messages of its inbox`] : []),
      ...(receipts > 0 ? [`${name}: ${receipts} receipts`] : []),
      ...this.mistaken(rooms).map((room) => `${name}: who is in ${room}`),
    ];
  }
}

function canonical(members: [user: string, devices: string[]][]): string {
  return JSON.stringify(members.map(([user, devices]) => [user, devices.sort()]).sort());
}

function addTo(sets: Map<string, Set<string>>, key: string, value: string): void {
  sets.set(key, (sets.get(key) ?? new Set()).add(value));
}

function remember<T>(list: T[], value: T): void {
  list.push(value);
  if (list.length > REMEMBERED) list.shift();
}

function countMissing(wanted: ReadonlySet<string> = new Set(), found: ReadonlySet<string>): number {
  return [...wanted].filter((id) => !found.has(id)).length;
}
