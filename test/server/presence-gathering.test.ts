import { expect } from "chai";
import fc from "fast-check";
import type { Device, Member, PresenceChange } from "../../server/index.js";
import { merged, PresenceGathering } from "../../server/rooms/presence-gathering.js";

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
  room: "r",
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

  it("of a user who came and went are none", () => {
    expect(merged([change("join", [device("phone")]), change("leave", [])])).to.deep.equal([]);
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

  it("are told to the others once, and to each of two devices what the other did", () => {
    const gathering = new PresenceGathering();
    gathering.add(change("join", [device("phone")]), "phone-sid");
    gathering.add(change("update", [device("laptop")]), "laptop-sid");
    const both = change("join", [device("phone"), device("laptop")]);
    expect(gathering.take("r")).to.deep.equal([
      { type: "all", change: both, except: ["phone-sid", "laptop-sid"] },
      { type: "one", change: change("update", [device("laptop")]), sid: "phone-sid" },
      { type: "one", change: change("update", [device("phone")]), sid: "laptop-sid" },
    ]);
    expect(gathering.take("r")).to.deep.equal([]);
    expect(gathering.rooms()).to.deep.equal([]);
  });
});

/** How a store tells that one row of a user became another. */
function between(before: Member | undefined, after: Member | undefined): PresenceChange[] {
  if (after === undefined) return before === undefined ? [] : [change("leave", [])];
  if (before === undefined) return [change("join", after.devices)];
  const gone = before.devices.filter(({ id }) => !after.devices.some((one) => one.id === id));
  return [change("update", after.devices, gone.length > 0 ? { gone: gone.map(({ id }) => id) } : {})];
}
