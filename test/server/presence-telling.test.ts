import { expect } from "chai";
import fc from "fast-check";
import type { Device, Member, PresenceChange, PresenceEvent } from "../../server/index.js";
import { merged } from "../../server/rooms/merged-changes.js";
import { PresenceTelling } from "../../server/rooms/presence-telling.js";

const device = (id: string, transport: Device["transport"] = "bridge"): Device => ({
  id,
  sid: `${id}-sid`,
  transport,
});

const change = (
  type: PresenceChange["type"],
  devices: Device[],
  { name = "Ada", gone }: { name?: string; gone?: string[] } = {},
): PresenceChange => ({
  type,
  member: { user: "ada", name, devices },
  ...(gone === undefined ? {} : { gone }),
});

/** What a client makes of the changes that it is told (docs/rooms-api.md, 8.4). */
function told(before: Member | undefined, changes: readonly PresenceChange[]): Member | undefined {
  let row = before;
  for (const { type, member, gone = [] } of changes) {
    if (type === "leave") row = undefined;
    else if (type === "join") row = member;
    else {
      const devices = new Map((row?.devices ?? []).map((one) => [one.id, one]));
      for (const one of member.devices) devices.set(one.id, one);
      for (const id of gone) devices.delete(id);
      row = { ...member, devices: [...devices.values()] };
    }
  }
  return row && { ...row, devices: row.devices.toSorted((a, b) => (a.id < b.id ? -1 : 1)) };
}

describe("gathered changes of presence", () => {
  it("of a user who came with two devices are one join", () => {
    const changes = [change("join", [device("phone")]), change("update", [device("laptop")], { name: "A." })];
    expect(merged(changes)).to.deep.equal([
      change("join", [device("phone"), device("laptop")], { name: "A." }),
    ]);
  });

  it("of a user who came and went are both, for those who were answered in between", () => {
    const both = [change("join", [device("phone")]), change("leave", [])];
    expect(merged([...both, ...both])).to.deep.equal(both);
  });

  it("of a user who went and came are two, however often", () => {
    const round = [change("leave", []), change("join", [device("phone")])];
    expect(merged([...round, ...round, ...round])).to.deep.equal(round);
  });

  it("of devices that came and went are one update", () => {
    const changes = [
      change("update", [device("phone"), device("laptop")]),
      change("update", [], { gone: ["tv"] }),
      change("update", [device("phone", "polling")], { gone: ["laptop"] }),
      change("update", [device("tv")]),
    ];
    expect(merged(changes)).to.deep.equal([
      change("update", [device("phone", "polling"), device("tv")], { gone: ["laptop"] }),
    ]);
  });

  it("leave a client with what it would have made of each", () => {
    const devices = fc.uniqueArray(
      fc.record({
        id: fc.constantFrom("phone", "laptop", "tv"),
        sid: fc.constantFrom("s1", "s2"),
        transport: fc.constantFrom("bridge" as const, "polling" as const),
      }),
      { selector: ({ id }) => id, minLength: 1 },
    );
    const row = fc.option(
      devices.map((found): Member => ({ user: "ada", name: "Ada", devices: found })),
      { nil: undefined },
    );
    fc.assert(
      fc.property(row, fc.array(row, { maxLength: 8 }), (first, rows) => {
        let before = first;
        const changes = rows.flatMap((after): PresenceChange[] => {
          const found = between(before, after);
          before = after;
          return found;
        });
        const all = merged(changes);
        expect(told(first, all)).to.deep.equal(told(first, changes));
        expect(all.length).to.be.at.most(2);
      }),
    );
  });
});

/** How a store tells that one row of a user became another. */
function between(before: Member | undefined, after: Member | undefined): PresenceChange[] {
  if (after === undefined) return before === undefined ? [] : [change("leave", [])];
  if (before === undefined) return [change("join", after.devices)];
  const gone = before.devices.filter(({ id }) => !after.devices.some((one) => one.id === id));
  return [change("update", after.devices, gone.length > 0 ? { gone: gone.map(({ id }) => id) } : {})];
}

/** Who is in a room of at most four names, how they are told, and what they were told. */
class Crowd {
  now = 0;
  readonly events: PresenceEvent[] = [];
  readonly failures: string[] = [];
  /** Milliseconds that it takes to tell something. */
  cost = 0;
  /** The connection that alone hears, if only one does. */
  alone: string | undefined;
  readonly telling: PresenceTelling;
  readonly #users: string[] = [];
  /** Answers the reads of who is there; of the moment in which each was begun. */
  readonly #reads: { answer: () => void; fail: () => void }[] = [];

  constructor(maxNames = 4) {
    this.telling = new PresenceTelling({
      maxNames: () => maxNames,
      members: () => {
        const found = { members: this.members, count: this.#users.length };
        return new Promise((resolve, reject) =>
          this.#reads.push({
            answer: () => resolve(found),
            fail: () => reject(new Error("no store")),
          }),
        );
      },
      tell: (event) => {
        this.now += this.cost;
        this.events.push(event);
      },
      isAlone: (_room, sid) => this.alone === sid,
      uptime: () => this.now,
      failed: (_error, what) => this.failures.push(what),
    });
  }

  get members(): Member[] {
    return this.#users.map(memberOf);
  }

  come(...users: string[]): void {
    for (const user of users) {
      this.#users.push(user);
      this.#add({ type: "join", member: memberOf(user) });
    }
  }

  go(...users: string[]): void {
    for (const user of users) {
      this.#users.splice(this.#users.indexOf(user), 1);
      this.#add({ type: "leave", member: { ...memberOf(user), devices: [] } });
    }
  }

  change(user: string): void {
    this.#add({ type: "update", member: memberOf(user) });
  }

  /** What is told in a tick of so many milliseconds. */
  tick(milliseconds = 1): PresenceEvent[] {
    this.now += milliseconds;
    this.telling.recallCounts();
    while (this.telling.tellSome());
    return this.events.splice(0);
  }

  /** What is told when the names that are read have come. */
  async read(how: "answer" | "fail" = "answer"): Promise<PresenceEvent[]> {
    expect(this.#reads).to.have.length(1);
    this.#reads.shift()?.[how]();
    await new Promise((resolve) => setImmediate(resolve));
    return this.events.splice(0);
  }

  /** One of five, which is told that it is counted. */
  static counted(): Crowd {
    const crowd = new Crowd();
    crowd.come("a", "b", "c", "d", "e");
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 5 }]);
    return crowd;
  }

  #add(what: PresenceChange): void {
    this.telling.add({ room: "r", ...what, count: this.#users.length });
  }
}

function memberOf(user: string): Member {
  return { user, name: user, devices: [device(`${user}-phone`)] };
}

describe("the telling of who is in a room", () => {
  const joined = (user: string): PresenceChange => ({ type: "join", member: memberOf(user) });
  const left = (user: string): PresenceChange => ({
    type: "leave",
    member: { ...memberOf(user), devices: [] },
  });

  it("is one event for all that happened in a tick, with the count after it", () => {
    const crowd = new Crowd();
    crowd.come("a", "b");
    crowd.go("a");
    crowd.come("c");
    expect(crowd.tick()).to.deep.equal([
      { room: "r", count: 2, changes: [joined("a"), left("a"), joined("b"), joined("c")] },
    ]);
    expect(crowd.tick()).to.deep.equal([]);
  });

  it("has those who came in the order of the room, which who comes again is the last of", () => {
    const crowd = new Crowd();
    crowd.come("a", "b");
    crowd.tick();
    crowd.go("a");
    crowd.come("c", "a");
    expect(crowd.tick()).to.deep.equal([
      { room: "r", count: 3, changes: [joined("c"), left("a"), joined("a")] },
    ]);
  });

  it("comes before what else a room hears, and only where there is something", () => {
    const crowd = new Crowd();
    crowd.come("a");
    crowd.telling.tell("elsewhere");
    crowd.telling.tell("r");
    crowd.telling.tell("r");
    expect(crowd.events).to.deep.equal([{ room: "r", count: 1, changes: [joined("a")] }]);
  });

  it("is left out where somebody came who alone would hear of it, and for nobody else", () => {
    const crowd = new Crowd();
    crowd.alone = "a-phone-sid";
    crowd.come("a");
    expect(crowd.tick()).to.deep.equal([]);
    crowd.change("a");
    expect(crowd.tick()).to.have.length(1);
    crowd.go("a");
    crowd.come("a");
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 1, changes: [left("a"), joined("a")] }]);
    // A device more, of which the answer to the first one's join knew nothing.
    crowd.go("a");
    crowd.tick();
    crowd.come("a");
    crowd.change("a");
    expect(crowd.tick()).to.have.length(1);
    crowd.go("a");
    crowd.tick();
    crowd.alone = undefined;
    crowd.come("a");
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 1, changes: [joined("a")] }]);
  });

  it("of many rooms is spread over ticks, each room once, and those that hear of something else are told before it", () => {
    const crowd = new Crowd();
    crowd.cost = 3;
    const names = Array.from({ length: 10 }, (_, n) => `r${n}`);
    const events = () => crowd.events.splice(0).map(({ room }) => room);
    for (const room of names) crowd.telling.add({ room, ...joined("a"), count: 1 });
    expect(crowd.telling.tellSome()).to.equal(true);
    expect(events()).to.deep.equal(names.slice(0, 3));
    crowd.telling.tell("r9");
    crowd.telling.add({ room: "r0", ...joined("b"), count: 2 });
    expect(events()).to.deep.equal(["r9"]);
    expect(crowd.telling.tellSome()).to.equal(true);
    expect(crowd.telling.tellSome()).to.equal(true);
    expect(events()).to.deep.equal(names.slice(3, 9));
    expect(crowd.telling.tellSome()).to.equal(false);
    expect(events()).to.deep.equal(["r0"]);
  });

  it("is the count alone, and at once, where there are more than are named", () => {
    const crowd = new Crowd();
    crowd.come("a", "b", "c", "d");
    crowd.tick();
    expect(crowd.telling.isCounted("r")).to.equal(false);
    crowd.come("e");
    expect(crowd.telling.isCounted("r")).to.equal(true);
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 5 }]);
  });

  it("names nobody of a room that was counted for a moment within a tick", () => {
    const crowd = new Crowd();
    crowd.come("a", "b", "c", "d", "e");
    crowd.go("e");
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 4 }]);
  });

  it("is counted, where the store says so before anything has happened", () => {
    const crowd = new Crowd();
    crowd.telling.heard("r", 5);
    expect(crowd.telling.isCounted("r")).to.equal(true);
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 5 }]);
  });

  it("of a counted room comes once a second at most, the last count always", () => {
    const crowd = Crowd.counted();
    crowd.come("f");
    expect(crowd.tick()).to.deep.equal([]);
    crowd.come("g");
    expect(crowd.tick(998)).to.deep.equal([]);
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 7 }]);
    expect(crowd.tick(5_000)).to.deep.equal([]);
    crowd.go("g");
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 6 }]);
  });

  it("of a counted room does not come for a device, and comes though as many went as came", () => {
    const crowd = Crowd.counted();
    crowd.change("a");
    expect(crowd.tick(5_000)).to.deep.equal([]);
    crowd.come("f");
    crowd.go("f");
    expect(crowd.tick(5_000)).to.deep.equal([{ room: "r", count: 5 }]);
  });

  it("of a large room comes the more seldom the larger it is", () => {
    const crowd = new Crowd();
    const users = Array.from({ length: 10_000 }, (_, n) => `${n}`);
    crowd.come(...users);
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 10_000 }]);
    crowd.come("late");
    expect(crowd.tick(5_000)).to.deep.equal([]);
    expect(crowd.tick(1)).to.deep.equal([{ room: "r", count: 10_001 }]);
  });

  it("names all again when the room has shrunk to four fifths, and then what has happened meanwhile", async () => {
    const crowd = Crowd.counted();
    crowd.go("a");
    expect(crowd.tick()).to.deep.equal([]);
    crowd.go("b");
    expect(crowd.tick()).to.deep.equal([]); // the names are read
    crowd.go("c");
    crowd.come("f");
    expect(crowd.telling.isCounted("r")).to.equal(true);
    expect(crowd.tick()).to.deep.equal([]);
    crowd.telling.tell("r");
    const members = ["c", "d", "e"].map(memberOf);
    expect(await crowd.read()).to.deep.equal([
      { room: "r", count: 3, members },
      { room: "r", count: 3, changes: [left("c"), joined("f")] },
    ]);
    expect(crowd.telling.isCounted("r")).to.equal(false);
    crowd.go("f");
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 2, changes: [left("f")] }]);
  });

  it("goes on with counts where the room has grown again while the names were read", async () => {
    const crowd = Crowd.counted();
    crowd.go("a", "b");
    crowd.tick();
    crowd.come("f", "g", "h");
    expect(await crowd.read()).to.deep.equal([]);
    expect(crowd.telling.isCounted("r")).to.equal(true);
    expect(crowd.tick(1_000)).to.deep.equal([{ room: "r", count: 6 }]);
  });

  it("tries again to name all where the names could not be read", async () => {
    const crowd = Crowd.counted();
    crowd.go("a", "b");
    crowd.tick();
    expect(await crowd.read("fail")).to.deep.equal([]);
    expect(crowd.failures).to.deep.equal(["presence: reading who is in a room failed"]);
    crowd.tick();
    expect(await crowd.read()).to.deep.equal([{ room: "r", count: 3, members: crowd.members }]);
  });

  it("of a room that is never named goes on until nobody is there", async () => {
    const crowd = new Crowd(0);
    crowd.come("a");
    expect(crowd.tick()).to.deep.equal([{ room: "r", count: 1 }]);
    crowd.go("a");
    crowd.tick();
    expect(await crowd.read()).to.deep.equal([{ room: "r", count: 0, members: [] }]);
  });

  it("costs no more of each of 2,000 who come at once than of each of 200", () => {
    /** Bytes that all are sent who came in a burst, with what their joins are answered. */
    const bytesOf = (count: number): number => {
      const crowd = new Crowd(200);
      let bytes = 0;
      for (let there = 0; there < count; there += 5) {
        for (let n = there; n < there + 5; n++) {
          crowd.come(`user ${n}`);
          const names = crowd.telling.isCounted("r") ? [] : crowd.members;
          bytes += JSON.stringify(names).length;
        }
        for (const event of crowd.tick(5)) bytes += (there + 5) * JSON.stringify(event).length;
      }
      return bytes;
    };
    expect(bytesOf(2_000) / 2_000).to.be.at.most(bytesOf(200) / 200);
  });
});
