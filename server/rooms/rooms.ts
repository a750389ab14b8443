/**
 * The rooms service: join, leave, publish, signal, history, who is there. Knows no socket: each call takes the connection
 * that makes it and gives an outcome for the shell to carry out. Stores, clock and ids are passed in.
 */
import { setImmediate as nextTick } from "node:timers/promises";
import { CALLS, type CheckedCall } from "../api/calls.js";
import type { Member } from "../api/types.js";
import type { Limits } from "../limits/limits.js";
import type { Policy, Rights } from "./policy.js";
import type { RoomSettings } from "./room-settings.js";
import type { Log } from "../store/log.js";
import type { Change, Presence, Seat } from "../store/presence.js";
import type { Limiter } from "../limits/limiter.js";
import type { ReadQueue } from "../limits/read-queue.js";
import { askingClient, refusalOf, rewritten, type Before } from "./before.js";
import { CatchUp } from "./catch-up.js";
import { fitting } from "./fitting.js";
import { LiveRooms, positionOf, type LiveRoom } from "./live-rooms.js";
import { keyOf, reserveFor, senderOf } from "./messages.js";
import { refused, type Refused } from "../api/refused.js";
import { presenceEffects, type Caller, type Done, type Effect, type Perform } from "./outcome.js";
import type { PresenceTelling } from "./presence-telling.js";
import { Publishing } from "./publishing.js";
import { readHistory } from "./read-history.js";
import { KeyedQueue } from "./keyed-queue.js";

export interface RoomsOptions {
  log: Log;
  presence: Presence;
  telling: Pick<PresenceTelling, "heard" | "isCounted">;
  policy: Policy;
  /** Asked after the policy. */
  before?: Before | undefined;
  settings: (room: string) => RoomSettings;
  limits: Limits;
  limiter: Limiter;
  reads: Pick<ReadQueue, "turn">;
  /** Milliseconds that a device whose connection is lost counts as there. */
  presenceGrace: number;
  /** Milliseconds since the Unix epoch. */
  now: () => number;
  /** Milliseconds of a clock that nobody sets. */
  uptime: () => number;
  /** A new message id, never the same twice. */
  newId: () => string;
  perform: Perform;
}

/** Members in a page, where the caller names no limit. */
const PAGE = 100;

/** Members that are found gone in one tick: a few milliseconds of work. */
const EXPIRE_AT_ONCE = 250;

/** Who is in a room: of a counted room only how many. */
interface Present {
  members?: Member[];
  count: number;
}

/** What is told to who may not see who is there. */
const UNSEEN = { members: [], count: 0, maxNames: 0 };

/** What is told to who has not the right. */
const FORBIDDEN: Record<keyof Rights, string> = {
  join: "this user may not join this room",
  publish: "this user may not publish to this room",
  presence: "who is in this room is not told",
  history: "this user may not read this room's history",
};

export class Rooms {
  readonly #options: RoomsOptions;
  readonly #live: LiveRooms;
  readonly #queues = new KeyedQueue();
  /** For those too who publish without a place in the room. */
  readonly publishing: Publishing;

  constructor(options: RoomsOptions) {
    this.#options = options;
    this.#live = new LiveRooms(options.log);
    this.publishing = new Publishing({ ...options, live: this.#live });
  }

  /** Joining a room that one is in changes nothing, and answers as the first time. */
  async join(who: Caller, call: CheckedCall<"join">, done: Done<"join">): Promise<void> {
    const { policy, before, limits, limiter, reads, settings } = this.#options;
    const refusal = limiter.join(who);
    if (refusal !== undefined) return done(refusal);
    const rights = await policy.rights(who.identity, call.room);
    if (!rights[CALLS.join.right]) return done(refused("forbidden", FORBIDDEN.join));
    const isVisitor = this.#live.visited(call.room, who.sid) !== undefined;
    if (!isVisitor && this.#live.countOf(who.sid) >= limits.roomsPerDevice)
      return done(refused("too_many_rooms"));
    if (!isVisitor && before?.join !== undefined) {
      const refusal = await refusalOf(() => before.join?.(askingClient(who), { room: call.room }));
      if (refusal !== undefined) return done(refusal);
    }
    if (call.since !== undefined || call.history !== undefined) await reads.turn(who.identity.user);
    const room = await this.#live.hold(call.room);
    let isEntered = false;
    try {
      const seat = await this.#admit(room, who, isVisitor);
      if (typeof seat === "string") return done(refused(seat));
      const { presence, maxNames } = settings(call.room);
      const seesPresence = rights.presence && presence;
      const catchUp = new CatchUp(this.#options.log, room, who, call, rights.history);
      try {
        let present: Present | undefined;
        do {
          if (!catchUp.isRead) await catchUp.read();
          // The last that waits: of who comes or goes after this the room is told when this one is in it.
          if (presence) present = await this.#whoIsThere(room.name);
        } while (!catchUp.isRead || this.#isOutdated(room.name, present));
        // From here to the answer nothing waits, so that nothing can be announced.
        if (!isVisitor && isOverrun(room, settings(call.room))) return done(refused("room_full"));
        isEntered = !isVisitor;
        if (isVisitor) room.visitors.set(who.sid, rights);
        else this.#live.enter(room, who.sid, rights);
        const missed = catchUp.answer();
        const seen = seesPresence && present ? { ...present, maxNames } : UNSEEN;
        limiter.wasRead(who, missed.bytes + bytesOf(seen.members ?? []));
        const position = positionOf(room);
        const result = { room: room.name, position, ...missed.part, ...seen };
        const enter: Effect = { type: "enter", sid: who.sid, room: room.name, seesPresence };
        // Others have come and gone since this one took its seat.
        done({ ok: true, result, effects: [enter, ...presenceEffects(seat.change, present)] });
      } catch (error) {
        // Others may have seen the member already: gone after the grace, as if the connection was lost.
        if (!isEntered && !isVisitor) await this.#leaveSeat(room.name, who);
        throw error;
      } finally {
        catchUp.close();
      }
    } finally {
      if (!isEntered) this.#live.release(room.name);
    }
  }

  async leave(who: Caller, call: CheckedCall<"leave">, done: Done<"leave">): Promise<void> {
    const room = this.#live.visited(call.room, who.sid);
    if (room === undefined) return done(refused("not_joined"));
    const change = await this.#unseat(room.name, who);
    this.#live.exit(room, who.sid);
    const exit: Effect = { type: "exit", sid: who.sid, room: room.name };
    done({ ok: true, result: {}, effects: [exit, ...presenceEffects(change)] });
  }

  /** @param placed Called once the message has its place in the log's order: the next call need not wait longer. */
  async publish(
    who: Caller,
    call: CheckedCall<"publish">,
    done: Done<"publish">,
    placed: () => void,
  ): Promise<void> {
    const { limiter, limits, before } = this.#options;
    const room = this.#roomFor("publish", who, call.room);
    if ("error" in room) return done(room);
    const refusal = limiter.message(who, call.data.size, room.name);
    if (refusal !== undefined) return done(refusal);
    const hooked =
      before?.publish === undefined
        ? call.data
        : await rewritten(call, limiter, (asked) => before.publish?.(askingClient(who), asked));
    if ("error" in hooked) return done(hooked);
    const { id } = call;
    const key = id === undefined ? {} : { key: keyOf(who.identity.user, id) };
    const reserve = reserveFor(who, limits);
    await this.publishing.publish(
      { room: room.name, from: senderOf(who), data: hooked, id, reserve, ...key },
      done,
      placed,
    );
  }

  signal(who: Caller, call: CheckedCall<"signal">, done: Done<"signal">): void {
    const room = this.#roomFor("signal", who, call.room);
    if ("error" in room) return done(room);
    const refusal = this.#options.limiter.message(who, call.data.size, room.name);
    if (refusal !== undefined) return done(refusal);
    const signal = { room: room.name, from: senderOf(who), data: call.data.value, at: this.#options.now() };
    done({ ok: true, result: {}, effects: [{ type: "signal", signal, except: who.sid }] });
  }

  async history(who: Caller, call: CheckedCall<"history">, done: Done<"history">): Promise<void> {
    const room = this.#roomFor("history", who, call.room);
    if ("error" in room) return done(room);
    const { limiter, reads } = this.#options;
    const refusal = limiter.read(who);
    if (refusal !== undefined) return done(refusal);
    await reads.turn(who.identity.user);
    const read = await readHistory(this.#options.log, room.name, call, (messages) =>
      fitting(messages, who, call.after === undefined),
    );
    if (!read.ok) return done(read);
    limiter.wasRead(who, read.bytes);
    done({ ok: true, result: read.result, effects: [] });
  }

  async presence(who: Caller, call: CheckedCall<"presence">, done: Done<"presence">): Promise<void> {
    const room = this.#roomFor("presence", who, call.room);
    if ("error" in room) return done(room);
    if (!this.#options.settings(room.name).presence) return done(refused("forbidden", FORBIDDEN.presence));
    const { limiter, reads } = this.#options;
    const refusal = limiter.read(who);
    if (refusal !== undefined) return done(refusal);
    await reads.turn(who.identity.user);
    const page = await this.#options.presence.members(room.name, call.limit ?? PAGE, call.after);
    limiter.wasRead(who, bytesOf(page.members));
    done({ ok: true, result: { room: room.name, ...page }, effects: [] });
  }

  /** The connection goes on under the same id, but over another transport: Socket.IO's upgrade. */
  async moved(who: Caller): Promise<void> {
    for (const { name } of this.#live.of(who.sid)) {
      const change = await this.#seat(name, who);
      if (change !== "full") this.#options.perform(presenceEffects(change));
    }
  }

  /** The connection is gone, on purpose or not, from every room. */
  async gone(who: Caller, onPurpose: boolean): Promise<void> {
    const { perform } = this.#options;
    for (const room of this.#live.of(who.sid)) {
      this.#live.exit(room, who.sid);
      perform([{ type: "exit", sid: who.sid, room: room.name }]);
      if (onPurpose) perform(presenceEffects(await this.#unseat(room.name, who)));
      else await this.#leaveSeat(room.name, who);
    }
  }

  /** The user has other rights than before: leaves what they do not open any more. */
  async reconsider(who: Caller): Promise<void> {
    const { policy, settings, perform } = this.#options;
    for (const room of this.#live.of(who.sid)) {
      const rights = await policy.rights(who.identity, room.name);
      if (rights.join) {
        room.visitors.set(who.sid, rights);
        const seesPresence = rights.presence && settings(room.name).presence;
        perform([{ type: "enter", sid: who.sid, room: room.name, seesPresence }]);
        continue;
      }
      await this.#expel(room, who);
    }
  }

  /** Has a connection leave a room, and tells it so. Returns whether it was there. */
  async expel(who: Caller, name: string): Promise<boolean> {
    const room = this.#live.visited(name, who.sid);
    if (room !== undefined) await this.#expel(room, who);
    return room !== undefined;
  }

  /** The names of the rooms that a connection is in. */
  roomsOf(sid: string): string[] {
    return this.#live.of(sid).map(({ name }) => name);
  }

  /** The connections that are in a room. */
  visitorsOf(room: string): string[] {
    return this.#live.visitorsOf(room);
  }

  /** The names of the rooms that somebody is in at the moment. */
  live(): string[] {
    return this.#live.names();
  }

  get liveCount(): number {
    return this.#live.size;
  }

  /**
   * Tells of those who were away for too long, some in a tick: thousands may have gone at the same moment. To be called every second
   * or so.
   */
  async expire(): Promise<void> {
    const { presence, uptime, perform } = this.#options;
    const now = uptime();
    for (;;) {
      const changes = await presence.expire(now, EXPIRE_AT_ONCE);
      perform(changes.flatMap((change) => presenceEffects(change)));
      if (changes.length < EXPIRE_AT_ONCE) return;
      await nextTick();
    }
  }

  /** The room that a call is about, for who has joined it and has the right that the call needs. */
  #roomFor(
    call: "publish" | "signal" | "history" | "presence",
    who: Caller,
    name: string,
  ): LiveRoom | Refused<"not_joined" | "forbidden"> {
    const room = this.#live.visited(name, who.sid);
    if (room === undefined) return refused("not_joined");
    const { right } = CALLS[call];
    return room.visitors.get(who.sid)?.[right] === true ? room : refused("forbidden", FORBIDDEN[right]);
  }

  /** Takes a seat in the room, if there is one left. In turn, as two must not take the last one. */
  async #admit(
    room: LiveRoom,
    who: Caller,
    isVisitor: boolean,
  ): Promise<{ change: Change } | "room_full" | "too_many_devices"> {
    let seat: { change: Change } | "room_full" | "too_many_devices" = "room_full";
    await this.#queues.run(room.name, async () => {
      if (!isVisitor && (await this.#isFull(room, who.identity.user))) return;
      // A visitor too: the row may have gone, with another connection of the same device.
      const change = await this.#seat(room.name, who);
      seat = change === "full" ? "too_many_devices" : { change };
    });
    return seat;
  }

  /** As those in the room are told it. */
  async #whoIsThere(room: string): Promise<Present> {
    const { presence, telling, settings } = this.#options;
    const { members, count } = telling.isCounted(room)
      ? { members: undefined, count: await presence.count(room) }
      : await presence.members(room, settings(room).maxNames);
    telling.heard(room, count);
    return members === undefined || telling.isCounted(room) ? { count } : { members, count };
  }

  /** Whether the room has become named or counted since. */
  #isOutdated(room: string, present: Present | undefined): boolean {
    return present !== undefined && this.#options.telling.isCounted(room) === (present.members !== undefined);
  }

  async #expel(room: LiveRoom, who: Caller): Promise<void> {
    const { settings, presence, perform } = this.#options;
    const change = await this.#unseat(room.name, who);
    const sawPresence = room.visitors.get(who.sid)?.presence === true && settings(room.name).presence;
    const count = sawPresence ? (change?.count ?? (await presence.count(room.name))) : 0;
    this.#live.exit(room, who.sid);
    const member: Member = { user: who.identity.user, name: who.identity.name, devices: [] };
    const event = { room: room.name, count, changes: [{ type: "leave" as const, member }] };
    perform([
      { type: "exit", sid: who.sid, room: room.name },
      { type: "expelled", sid: who.sid, event },
      ...presenceEffects(change),
    ]);
  }

  async #leaveSeat(room: string, { identity: { user }, sid }: Caller): Promise<void> {
    const { presence, settings, presenceGrace, uptime, perform } = this.#options;
    if (!settings(room).presence) return;
    perform(presenceEffects(await presence.away(room, user, sid, uptime() + presenceGrace)));
  }

  async #isFull(room: LiveRoom, user: string): Promise<boolean> {
    const { presence, settings } = this.#options;
    const { maxMembers, presence: isKept } = settings(room.name);
    if (!isKept) return room.visitors.size >= maxMembers;
    return (await presence.count(room.name)) >= maxMembers && !(await presence.has(room.name, user));
  }

  async #seat(
    room: string,
    { identity: { user, name }, sid, transport, device = sid }: Caller,
  ): Promise<Change | "full"> {
    const { settings, presence, limits } = this.#options;
    if (!settings(room).presence) return undefined;
    const seat: Seat = { room, user, name, device: { id: device, sid, transport } };
    return presence.enter(seat, limits.devicesPerRoom);
  }

  async #unseat(room: string, { identity: { user }, sid }: Caller): Promise<Change> {
    if (!this.#options.settings(room).presence) return undefined;
    return this.#options.presence.exit(room, user, sid);
  }
}

/** Where nobody has a seat, connections are what is counted, and others may have entered while this one waited. */
function isOverrun({ visitors }: LiveRoom, { presence, maxMembers }: RoomSettings): boolean {
  return !presence && visitors.size >= maxMembers;
}

/** About how many bytes they have in an answer. */
function bytesOf(members: readonly Member[]): number {
  return members.reduce((sum, { devices }) => sum + 100 + 100 * devices.length, 0);
}
