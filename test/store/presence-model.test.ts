import { expect } from "chai";
import fc from "fast-check";
import type { Device, Member } from "../../server/api/types.js";
import type { Change, Presence, RoomChange, Seat } from "../../server/store/presence.js";
import { SEED } from "../support/random.js";
import { TestOptions } from "./support/options.js";
import { type Kind, LMDB, MEMORY } from "./support/stores.js";

interface ModelSeat extends Seat {
  awayUntil: number;
}

interface ModelRow {
  room: string;
  user: string;
  name: string;
  seats: ModelSeat[];
}

/** When devices of a restart are over, before `restore` says: not at any time of these steps. */
const NOT_RESTORED = 1_000;

/** Devices that a user of the model may be in a room with. */
const LIMIT = 2;

/**
 * A list of seats, one for each connection, in the order in which they came; a user's row is where the first of their seats was
 * taken. A device is where its first seat is, and shown as its last one says.
 */
class PresenceModel {
  #rows: ModelRow[] = [];

  enter(seat: Seat): Change | "full" {
    const { room, user, name, device } = seat;
    const before = this.#member(room, user);
    const seats = this.#row(room, user)?.seats ?? [];
    const isThere = seats.some((other) => other.device.id === device.id);
    if (!isThere && devicesOf(seats).length >= LIMIT) {
      const [first] = seats.filter(isAway).toSorted((a, b) => a.awayUntil - b.awayUntil);
      if (first === undefined) return "full";
      seats.splice(seats.indexOf(first), 1);
    }
    let row = this.#row(room, user);
    if (row === undefined) this.#rows.push((row = { room, user, name, seats: [] }));
    const taken = { ...seat, awayUntil: Infinity };
    const index = row.seats.findIndex(
      (other) => other.device.id === device.id && (isAway(other) || other.device.sid === device.sid),
    );
    if (index === -1) row.seats.push(taken);
    else row.seats[index] = taken;
    row.name = name;
    return this.#change(room, user, before);
  }

  exit(room: string, user: string, sid: string): Change {
    return this.#remove(room, user, (seat) => seat.device.sid === sid);
  }

  away(room: string, user: string, sid: string, until: number): Change {
    const seats = this.#row(room, user)?.seats ?? [];
    const seat = seats.find(({ device }) => device.sid === sid);
    if (seat === undefined) return undefined;
    if (seats.some((other) => other !== seat && other.device.id === seat.device.id)) {
      return this.exit(room, user, sid);
    }
    seat.awayUntil = until;
    return undefined;
  }

  expire(now: number): Change[] {
    return [...this.#rows]
      .map(({ room, user }) => this.#remove(room, user, (seat) => seat.awayUntil <= now))
      .filter((change) => change !== undefined);
  }

  /** All are away: a device that had several connections, with the last of them. */
  restore(until: number): void {
    for (const row of this.#rows) {
      const shown = devicesOf(row.seats);
      row.seats = shown.map((device) => ({
        ...row.seats.find((seat) => seat.device === device)!,
        awayUntil: until,
      }));
    }
  }

  members(room: string): Member[] {
    return this.#rows.filter((row) => row.room === room).map(memberOf);
  }

  #remove(room: string, user: string, matches: (seat: ModelSeat) => boolean): Change {
    const before = this.#member(room, user);
    const row = this.#row(room, user);
    if (row === undefined) return undefined;
    const order = devicesOf(row.seats).map(({ id }) => id);
    row.seats = row.seats.filter((seat) => !matches(seat));
    row.seats.sort((a, b) => order.indexOf(a.device.id) - order.indexOf(b.device.id));
    if (row.seats.length === 0) this.#rows = this.#rows.filter((other) => other !== row);
    return this.#change(room, user, before);
  }

  #change(room: string, user: string, before: Member | undefined): Change {
    const after = this.#member(room, user);
    const count = this.members(room).length;
    if (before === undefined) return after && { room, type: "join", member: after, count };
    if (after === undefined) return { room, type: "leave", member: { ...before, devices: [] }, count };
    const transports = new Map(before.devices.map(({ id, transport }) => [id, transport]));
    const devices = after.devices.filter(({ id, transport }) => transports.get(id) !== transport);
    const gone = before.devices
      .map(({ id }) => id)
      .filter((id) => !after.devices.some((one) => one.id === id));
    if (devices.length + gone.length === 0 && before.name === after.name) return undefined;
    const member = { ...after, devices };
    return { room, type: "update", member, ...(gone.length > 0 ? { gone } : {}), count };
  }

  #member(room: string, user: string): Member | undefined {
    const row = this.#row(room, user);
    return row && memberOf(row);
  }

  #row(room: string, user: string) {
    return this.#rows.find((row) => row.room === room && row.user === user);
  }
}

function isAway({ awayUntil }: ModelSeat): boolean {
  return awayUntil !== Infinity;
}

function devicesOf(seats: readonly ModelSeat[]): Device[] {
  return [...new Map(seats.map(({ device }) => [device.id, device])).values()];
}

function memberOf({ user, name, seats }: ModelRow): Member {
  return { user, name, devices: devicesOf(seats) };
}

type Step =
  | { type: "enter"; seat: Seat }
  | { type: "exit" | "away"; room: string; user: string; sid: string; until: number }
  | { type: "expire"; now: number; limit: number }
  | { type: "restore"; until: number }
  | { type: "restart" };

const room = fc.constantFrom("r1", "r2");
const user = fc.constantFrom("ada", "bob", "cid");
const sid = fc.constantFrom("s1", "s2", "s3", "s4");
const time = fc.integer({ min: 0, max: 20 });

const device: fc.Arbitrary<Device> = fc.record({
  id: fc.constantFrom("phone", "laptop", "tablet"),
  sid,
  transport: fc.constantFrom("websocket", "bridge"),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({ room, user, name: fc.constantFrom("N1", "N2"), device })
      .map((seat): Step => ({ type: "enter", seat })),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constantFrom("exit" as const, "away" as const),
      room,
      user,
      sid,
      until: time,
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant("expire" as const),
      now: time,
      limit: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: time.map((until): Step => ({ type: "restore", until })) },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "restart" }) },
);

/** A sid is of one socket, and a socket is of one device: what a sid was taken for first is what it is. */
function withSoundSids(steps: Step[]): Step[] {
  const owners = new Map<string, string>();
  return steps.filter((taken) => {
    if (taken.type !== "enter") return true;
    const { seat } = taken;
    const owner = `${seat.user} ${seat.device.id}`;
    if (!owners.has(seat.device.sid)) owners.set(seat.device.sid, owner);
    return owners.get(seat.device.sid) === owner;
  });
}

function uncounted(change: Change): object {
  return { ...change, count: undefined };
}

async function take(taken: Step, presence: Presence, model: PresenceModel): Promise<void> {
  switch (taken.type) {
    case "enter":
      expect(await presence.enter(taken.seat, LIMIT)).to.deep.equal(model.enter(taken.seat));
      return;
    case "exit":
      expect(await presence.exit(taken.room, taken.user, taken.sid)).to.deep.equal(
        model.exit(taken.room, taken.user, taken.sid),
      );
      return;
    case "away":
      expect(await presence.away(taken.room, taken.user, taken.sid, taken.until)).to.deep.equal(
        model.away(taken.room, taken.user, taken.sid, taken.until),
      );
      return;
    case "expire": {
      const counts = new Map(["r1", "r2"].map((of) => [of, model.members(of).length]));
      const changes: RoomChange[] = [];
      for (let more = true; more;) {
        const some = await presence.expire(taken.now, taken.limit);
        more = some.length === taken.limit;
        changes.push(...some);
      }
      expect(changes.map(uncounted)).to.have.deep.members(model.expire(taken.now).map(uncounted));
      // In which order the changes are is the store's choice; the counts follow it.
      for (const { room: of, type, count } of changes) {
        counts.set(of, counts.get(of)! - (type === "leave" ? 1 : 0));
        expect(count).to.equal(counts.get(of));
      }
      return;
    }
    case "restore":
      await presence.restore(taken.until);
      model.restore(taken.until);
      return;
    case "restart":
      // Everybody is away then, until what `restore` is told at the latest.
      model.restore(NOT_RESTORED);
  }
}

describe("presence, whatever is done with it,", () => {
  const check = (kind: Kind, numRuns: number) =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60, size: "max" }), async (steps) => {
        const subject = await kind.open(new TestOptions());
        const model = new PresenceModel();
        try {
          for (const taken of withSoundSids(steps)) {
            if (taken.type === "restart" && subject.reopen === undefined) continue;
            if (taken.type === "restart") await subject.reopen?.();
            const { presence } = subject.store;
            await take(taken, presence, model);
            for (const of of ["r1", "r2"]) {
              const members = model.members(of);
              const page = { members, count: members.length, more: false };
              expect(await presence.members(of, Infinity)).to.deep.equal(page);
              const [first, ...others] = members;
              if (first === undefined) continue;
              const rest = { members: others, count: members.length, more: false };
              expect(await presence.members(of, Infinity, first.user)).to.deep.equal(rest);
            }
          }
        } finally {
          await subject.dispose();
        }
      }),
      { numRuns, seed: SEED },
    );

  it("is as its model in memory", () => check(MEMORY, 500)).timeout(60_000);

  it("is as its model in LMDB", () => check(LMDB, 25)).timeout(60_000);
});
