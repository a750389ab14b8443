/**
 * The rooms service: join, leave, publish, who is there. Knows no socket: each call takes the device that makes it and
 * returns an Outcome for the shell to carry out. The clock and the source of ids are passed in.
 */
import type { Member, PresenceChange } from "../events.js";
import type { Effect, Outcome } from "./outcome.js";
import { Presence, type Attendee } from "./presence.js";

export interface RoomsOptions {
  /** Milliseconds since the epoch. */
  now: () => number;
  /** A new message id, never the same twice. */
  newId: () => string;
  /** How many rooms one device may be in at a time. */
  maxRoomsPerDevice: number;
}

export class Rooms {
  readonly #options: RoomsOptions;
  readonly #presence = new Presence();

  constructor(options: RoomsOptions) {
    this.#options = options;
  }

  /** Joining a room that the device is in changes nothing, and answers as the first time. */
  join(who: Attendee, room: string): Outcome<{ room: string; members: Member[] }> {
    const { sid } = who.device;
    const effects: Effect[] = [];
    if (!this.#presence.has(room, sid)) {
      if (this.#presence.countOf(sid) >= this.#options.maxRoomsPerDevice) {
        return { ok: false, error: "too_many_rooms" };
      }
      this.#presence.add(room, who);
      effects.push({ type: "enter", room }, { type: "presence", change: change("join", who, room) });
    }
    return { ok: true, result: { room, members: this.#presence.members(room) }, effects };
  }

  leave(who: Attendee, room: string): Outcome {
    if (!this.#presence.has(room, who.device.sid)) return { ok: false, error: "not_joined" };
    this.#presence.remove(room, who);
    return {
      ok: true,
      result: {},
      effects: [
        { type: "exit", room },
        { type: "presence", change: change("leave", who, room) },
      ],
    };
  }

  publish(who: Attendee, room: string, data: unknown): Outcome<{ id: string; at: number }> {
    const { user, name, device } = who;
    if (!this.#presence.has(room, device.sid)) return { ok: false, error: "not_joined" };
    const id = this.#options.newId();
    const at = this.#options.now();
    const message = {
      room,
      id,
      from: { user, name, sid: device.sid, transport: device.transport },
      data,
      at,
    };
    return { ok: true, result: { id, at }, effects: [{ type: "message", message }] };
  }

  presence(who: Attendee, room: string): Outcome<{ room: string; members: Member[] }> {
    if (!this.#presence.has(room, who.device.sid)) return { ok: false, error: "not_joined" };
    return { ok: true, result: { room, members: this.#presence.members(room) }, effects: [] };
  }

  /** The device goes on under the same id, but over another transport: Socket.IO's upgrade. Returns what to tell. */
  moved(who: Attendee): Effect[] {
    return this.#presence.roomsOf(who.device.sid).map((room) => {
      this.#presence.add(room, who);
      return { type: "presence", change: change("join", who, room) };
    });
  }

  /** The device is gone, from every room. Returns what to tell those who stay. */
  gone(who: Attendee): Effect[] {
    return this.#presence.roomsOf(who.device.sid).map((room) => {
      this.#presence.remove(room, who);
      return { type: "presence", change: change("leave", who, room) };
    });
  }
}

function change(type: "join" | "leave", { user, name, device }: Attendee, room: string): PresenceChange {
  return { room, type, user, name, device };
}
