/**
 * The inbox service: what is sent to a user waits in the user's log until each of their devices has processed it. Knows no
 * socket, as the rooms service.
 */
import type { CheckedCall } from "../api/calls.js";
import type { InboxItem, Position } from "../api/types.js";
import { RECEIPTED, type DeviceCursor } from "../store/devices.js";
import type { Draft } from "../store/log.js";
import type { Clock } from "../store/store-clock.js";
import { StoreError } from "../store/store.js";
import { isAfter, whatIsLeft } from "./device-cursors.js";
import type { DeviceConnections } from "./device-connections.js";
import { OpenInbox, type InboxOwner, type StoredItem } from "./open-inbox.js";
import { InboxSending, type InboxSendingOptions } from "./inbox-sending.js";
import { WaitingAcks, type WaitingAck } from "./waiting-acks.js";
import { inboxLog } from "../rooms/log-names.js";
import { refused } from "../api/refused.js";
import type { Caller, Done, Perform } from "../rooms/outcome.js";
import { KeyedQueue } from "../rooms/keyed-queue.js";

export interface InboxesOptions extends Omit<InboxSendingOptions, "queues" | "poke"> {
  connections: Pick<DeviceConnections, "isNewer">;
  /** Milliseconds after which an item, or a device that does not come, is forgotten. */
  inboxAge: number;
  /** By which devices that do not come are forgotten. */
  clock: Clock;
  perform: Perform;
  /** Something went wrong that is no answer to a call. */
  failed: (error: unknown, what: string) => void;
}

/** Items that are read at a time, in search of those that want a receipt. */
const PAGE = { entries: 100, bytes: 1024 * 1024 };

/** Milliseconds after which it is written down that a device which stays connected is still there. */
const SEEN_EVERY = 24 * 60 * 60 * 1_000;

export class Inboxes {
  readonly #options: InboxesOptions;
  readonly sending: InboxSending;
  /** What changes a user's cursors is done in turn. */
  readonly #queues = new KeyedQueue();
  /** Open inboxes, by user. No user is kept without one. */
  readonly #open = new Map<string, Set<OpenInbox>>();
  readonly #bySid = new Map<string, OpenInbox>();
  readonly #acks = new WaitingAcks();
  /** By user: connections that have opened the inbox, but a newer one of their device has it now; and their devices. */
  readonly #waiting = new Map<string, Map<string, string>>();

  constructor(options: InboxesOptions) {
    this.#options = options;
    const poke = (user: string): void => this.#poke(user);
    this.sending = new InboxSending({ ...options, queues: this.#queues, poke });
  }

  /** Connections that have an inbox open. */
  get openCount(): number {
    return this.#bySid.size;
  }

  open(who: Caller, call: CheckedCall<"inbox">, done: Done<"inbox">): Promise<void> {
    return this.#queues.run(who.identity.user, () => this.#openNow(who, call.since, done));
  }

  /**
   * Acks that come while the cursor is being moved wait for that, and move it all together.
   * @param placed As of `Rooms.publish`.
   */
  ack(
    who: Caller,
    { position }: CheckedCall<"inbox_ack">,
    done: Done<"inbox_ack">,
    placed: () => void,
  ): Promise<void> {
    const { sid, identity } = who;
    const answer = (): Promise<void> =>
      this.#acks.answer(sid, (acks) => this.#ackTogether(this.#bySid.get(sid), acks));
    const answered = this.#acks.add(sid, { position, done }, () => {
      void this.#queues.run(identity.user, answer);
    });
    placed();
    return answered;
  }

  /** Forgets devices that have not come for too long. To be called now and then. */
  async sweep(): Promise<void> {
    const { devices, clock, inboxAge } = this.#options;
    const cutoff = clock.cutoff(Math.min(SEEN_EVERY, inboxAge / 2));
    for (const inbox of [...this.#bySid.values()]) await this.#touch(inbox, cutoff);
    await devices.sweep(clock.cutoff(inboxAge));
  }

  /** The connection is gone. */
  async gone(who: Caller): Promise<void> {
    const { user } = who.identity;
    this.#stopWaiting(user, who.sid);
    const inbox = this.#bySid.get(who.sid);
    if (inbox === undefined) return;
    this.#close(inbox);
    const stored = await this.#touch(inbox, Infinity);
    if (stored !== undefined) await this.#queues.run(user, () => this.#giveBack(user, stored));
  }

  /** The device is there. Its row, where it was last seen at `cutoff` or before. */
  async #touch({ user, device }: OpenInbox, cutoff: number): Promise<DeviceCursor | undefined> {
    const { devices, clock } = this.#options;
    let touched: DeviceCursor | undefined;
    await this.#queues.run(user, async () => {
      const stored = (await devices.of(user)).find((one) => one.device === device);
      if (stored === undefined || stored.seen > cutoff) return;
      touched = { ...stored, seen: clock.now() };
      await devices.put(user, touched);
    });
    return touched;
  }

  async #openNow(who: Caller, since: Position | undefined, done: Done<"inbox">): Promise<void> {
    const { log, devices, clock } = this.#options;
    const { device, sid, identity } = who;
    if (device === undefined) {
      return done(
        refused("invalid_argument", "inbox needs a device: connect with an id of its own as auth.device"),
      );
    }
    const refusal = this.#options.limiter.read(who);
    if (refusal !== undefined) return done(refusal);
    const { user } = identity;
    const { epoch, first, last } = await log.state(inboxLog(user));
    const all = await devices.of(user);
    const before = all.find((one) => one.device === device);
    const { known, processed, recovered } = whatIsLeft(before, since, { epoch, first, last });
    const cursor = { epoch, offset: Math.max(processed.epoch === epoch ? processed.offset : 0, first - 1) };
    await this.#receipts(user, all, cursor);
    // With a loss, the row stays at what was processed: this answer may be lost too, and then it is told again.
    const row: DeviceCursor = recovered
      ? { device, cursor, seen: clock.now() }
      : { device, cursor: processed, seen: clock.now(), lost: "told" };
    await devices.put(user, row);
    const kept = await this.#forget(user, [...all.filter((one) => one.device !== device), row]);
    await this.#trim(user, kept, epoch, first);
    const inbox = this.#begin({ sid, user, device }, cursor, !recovered);
    const result = { cursor, waiting: last - cursor.offset, known, recovered };
    done({ ok: true, result, effects: [] });
    if (inbox !== undefined) this.#pump(inbox);
  }

  async #ackTogether(inbox: OpenInbox | undefined, acks: readonly WaitingAck[]): Promise<void> {
    if (inbox === undefined) {
      for (const { done } of acks) done(refused("inbox_not_open"));
      return;
    }
    const known = acks.filter(({ position }) => inbox.reaches(position));
    const { epoch, offset } = inbox.cursor;
    const furthest = Math.max(offset, ...known.map(({ position }) => position.offset));
    // An ack of the cursor itself says that the device has heard of what was lost before it.
    const hasHeard = inbox.isTelling && known.some(({ position }) => position.offset === offset);
    if (furthest > offset || hasHeard) await this.#move(inbox, { epoch, offset: furthest });
    let reached = offset;
    for (const { position, done } of acks) {
      if (inbox.reaches(position)) {
        // As if each had been alone.
        reached = Math.min(Math.max(reached, position.offset), inbox.cursor.offset);
        done({ ok: true, result: { cursor: { epoch, offset: reached } }, effects: [] });
      } else done(refused("unknown_position", "this position was not delivered to this device"));
    }
    this.#pump(inbox);
  }

  async #move(inbox: OpenInbox, position: Position): Promise<void> {
    const { devices, log, clock } = this.#options;
    const { user, device, isTelling } = inbox;
    const all = await devices.of(user);
    const before = all.find((one) => one.device === device);
    if (!isAfter(position, before?.cursor)) return;
    await this.#receipts(user, all, position);
    const lost = isTelling ? undefined : before?.lost;
    const row: DeviceCursor = {
      ...{ device, cursor: position, seen: clock.now() },
      ...(lost === undefined ? {} : { lost }),
    };
    const { epoch, first } = await log.state(inboxLog(user));
    const rows = [...all.filter((one) => one.device !== device), row];
    // One after the other, in one commit: the store writes in the order of the calls.
    await Promise.all([devices.put(user, row), this.#trim(user, rows, epoch, first)]);
    inbox.processed(position.offset);
  }

  /** Something was dropped while the device had the inbox open: an answer is to tell it so. */
  #lost({ user, device }: InboxOwner): Promise<void> {
    const { devices } = this.#options;
    return this.#queues.run(user, async () => {
      const row = (await devices.of(user)).find((one) => one.device === device);
      if (row !== undefined && row.lost !== "untold") await devices.put(user, { ...row, lost: "untold" });
    });
  }

  /**
   * Sends the receipts of items that no device had processed before. Before the cursor is moved: if the server fails in
   * between, the ack comes again, and the keys keep the receipts from doubling.
   */
  async #receipts(user: string, all: readonly DeviceCursor[], position: Position): Promise<void> {
    const { log, devices, now, clock } = this.#options;
    const { epoch } = position;
    const cursors = all.filter((one) => one.cursor.epoch === epoch).map((one) => one.cursor.offset);
    let offset = Math.max(0, ...cursors);
    let hasSent = false;
    while (offset < position.offset) {
      const { entries } = await log.after(inboxLog(user), offset, PAGE);
      if (entries.length === 0) return;
      for (const entry of entries.filter((one) => one.offset <= position.offset)) {
        const item = entry.value as StoredItem;
        if (item.type !== "message" || item.receipt !== true) continue;
        const value: StoredItem = { type: "receipt", id: item.id, from: { user } };
        const key = JSON.stringify(["receipt", user, epoch, entry.offset]);
        const to = item.from.user;
        if (await this.#sendReceipt(to, { value, at: now(), key })) hasSent = true;
      }
      offset = entries.at(-1)?.offset ?? position.offset;
    }
    if (hasSent) await devices.put(user, { device: RECEIPTED, cursor: position, seen: clock.now() });
  }

  /** Where there is no room for it, a receipt is dropped: what it is about has been processed, and must not come again. */
  async #sendReceipt(to: string, draft: Draft): Promise<boolean> {
    const { log, limits, failed } = this.#options;
    try {
      // There are no more of them than of the sender's own messages: twice the limit is for who never reads any.
      const appended = await log.append(inboxLog(to), { ...draft, limit: 2 * limits.inboxItems });
      if (appended === "full") throw new StoreError("full", `the inbox of ${to} is full`);
      this.#poke(to);
      return true;
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== "full") throw error;
      failed(error, "a receipt was dropped");
      return false;
    }
  }

  /** Forgets devices that have not come for too long, and the one that has not for longest where there are too many. */
  async #forget(user: string, all: DeviceCursor[]): Promise<DeviceCursor[]> {
    const { devices, limits, inboxAge, clock } = this.#options;
    const open = new Set([...(this.#open.get(user) ?? [])].map(({ device }) => device));
    const cutoff = clock.cutoff(inboxAge);
    const recent = all.toSorted((a, b) => b.seen - a.seen);
    const kept = recent.filter(
      ({ device, seen }, i) =>
        device === RECEIPTED || open.has(device) || (i < limits.devicesPerUser && seen > cutoff),
    );
    for (const { device } of recent.filter((one) => !kept.includes(one))) await devices.remove(user, device);
    return kept;
  }

  /** Drops what all devices have processed. */
  async #trim(user: string, all: readonly DeviceCursor[], epoch: string, first: number): Promise<void> {
    const real = all.filter(({ device }) => device !== RECEIPTED);
    const through = Math.min(...real.map(({ cursor }) => (cursor.epoch === epoch ? cursor.offset : 0)));
    if (through >= first) await this.#options.log.trim(inboxLog(user), through);
  }

  /**
   * The connection has the device's inbox from now on, and an older one of the same device waits until it has gone. Undefined where a
   * newer one has it.
   */
  #begin(owner: InboxOwner, cursor: Position, isTelling: boolean): OpenInbox | undefined {
    const { sid, user, device } = owner;
    const { connections, log, perform } = this.#options;
    this.#stopWaiting(user, sid);
    const wait = (one: string): void => {
      this.#waiting.set(user, (this.#waiting.get(user) ?? new Map<string, string>()).set(one, device));
    };
    for (const other of this.#openedBy(user, device)) {
      if (connections.isNewer(other.sid, sid)) {
        wait(sid);
        return undefined;
      }
      this.#close(other);
      if (other.sid !== sid) wait(other.sid);
    }
    const give = (item: InboxItem): void => perform([{ type: "inbox", sid, item }]);
    const lost = (): Promise<void> => this.#lost(owner);
    const inbox = new OpenInbox(owner, cursor, isTelling, { log, give, lost });
    this.#open.set(user, (this.#open.get(user) ?? new Set()).add(inbox));
    this.#bySid.set(sid, inbox);
    return inbox;
  }

  /** The newest of the connections that waited for the device's inbox has it again, unless another has opened it meanwhile. */
  async #giveBack(user: string, stored: DeviceCursor): Promise<void> {
    const { connections, devices, log } = this.#options;
    const { device, cursor } = stored;
    const { epoch, first } = await log.state(inboxLog(user));
    if (this.#openedBy(user, device).length > 0) return;
    const waiting = [...(this.#waiting.get(user) ?? [])].filter(([, one]) => one === device);
    const [sid] = waiting.map(([one]) => one).toSorted((a, b) => (connections.isNewer(a, b) ? -1 : 1));
    if (sid === undefined) return;
    const processed = cursor.epoch === epoch ? cursor.offset : 0;
    if (processed < first - 1 || stored.lost !== undefined) {
      await devices.put(user, { ...stored, lost: "untold" });
    }
    const from = { epoch, offset: Math.max(processed, first - 1) };
    const inbox = this.#begin({ sid, user, device }, from, false);
    if (inbox !== undefined) this.#pump(inbox);
  }

  #openedBy(user: string, device: string): OpenInbox[] {
    return [...(this.#open.get(user) ?? [])].filter((inbox) => inbox.device === device);
  }

  #stopWaiting(user: string, sid: string): void {
    const waiting = this.#waiting.get(user);
    waiting?.delete(sid);
    if (waiting?.size === 0) this.#waiting.delete(user);
  }

  #close(inbox: OpenInbox): void {
    inbox.close();
    const opened = this.#open.get(inbox.user);
    opened?.delete(inbox);
    if (opened?.size === 0) this.#open.delete(inbox.user);
    if (this.#bySid.get(inbox.sid) === inbox) this.#bySid.delete(inbox.sid);
  }

  #poke(user: string): void {
    for (const inbox of this.#open.get(user) ?? []) this.#pump(inbox);
  }

  #pump(inbox: OpenInbox): void {
    inbox.pump().catch((error: unknown) => this.#options.failed(error, "an inbox could not be read"));
  }
}
