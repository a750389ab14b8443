import { expect } from "chai";
import type { Member } from "../../../clients/typescript/src/rooms/index.js";
import { Members } from "../../../clients/typescript/src/rooms/members.js";

const member = (user: string, ...ids: string[]): Member => ({
  user,
  name: user,
  devices: ids.map((id) => ({ id, sid: id, transport: "bridge" })),
});
const change = (type: "join" | "update" | "leave", who: Member) => ({ type, member: who });

describe("rooms layer: who is in a room", () => {
  let members: Members;
  const users = (): string[] => [...members.map.keys()];

  beforeEach(() => {
    members = new Members();
    members.told({ members: [member("ada", "phone"), member("bob", "laptop")], count: 2 });
  });

  it("is what the join says, then who comes and goes", () => {
    members.told({
      count: 2,
      changes: [change("join", member("cleo", "tablet")), change("leave", member("ada"))],
    });
    expect([users(), members.count, members.isCounted]).to.deep.equal([["bob", "cleo"], 2, false]);
  });

  it("has of an update what changed: devices that are new, are other ones now, or have gone, and the name", () => {
    const [watch] = member("ada", "watch").devices;
    const named = { ...member("ada", "watch"), name: "Countess" };
    members.told({ count: 2, changes: [change("update", named)] });
    expect(members.map.get("ada")).to.deep.equal({ ...member("ada", "phone", "watch"), name: "Countess" });
    const moved = { ...watch!, transport: "polling" as const };
    const update = { ...change("update", { ...member("ada"), devices: [moved] }), gone: ["phone"] };
    members.told({ count: 2, changes: [update] });
    expect([members.map.get("ada")?.devices, members.count]).to.deep.equal([[moved], 2]);
  });

  it("has all of a member's devices anew with a join", () => {
    members.told({ count: 2, changes: [change("join", member("ada", "watch"))] });
    expect(members.map.get("ada")).to.deep.equal(member("ada", "watch"));
  });

  it("changes nothing where it is told again of who is there", () => {
    members.told({ count: 2, changes: [change("join", member("ada", "phone"))] });
    expect([users(), members.count]).to.deep.equal([["ada", "bob"], 2]);
  });

  it("has whom an update is of that it did not know, and misses nobody who leaves unknown", () => {
    members.told({
      count: 3,
      changes: [change("update", member("cleo", "tv")), change("leave", member("dan"))],
    });
    expect(members.map.get("cleo")).to.deep.equal(member("cleo", "tv"));
    expect([users(), members.count]).to.deep.equal([["ada", "bob", "cleo"], 3]);
  });

  it("takes the changes of an event in their order, who goes and comes again being the last", () => {
    const changes = [change("leave", member("ada")), change("join", member("ada", "tv"))];
    members.told({ count: 2, changes });
    expect(users()).to.deep.equal(["bob", "ada"]);
  });

  it("has nobody, but their number, of a room that is counted, until it is named again", () => {
    members.told({ count: 201 });
    expect([users(), members.count, members.isCounted]).to.deep.equal([[], 201, true]);
    members.told({ count: 1, members: [member("cleo", "tablet")] });
    expect([users(), members.count, members.isCounted]).to.deep.equal([["cleo"], 1, false]);
  });

  it("leaves an earlier picture as it was", () => {
    const before = members.map;
    members.told({ count: 1, changes: [change("leave", member("ada"))] });
    expect([...before.keys()]).to.deep.equal(["ada", "bob"]);
  });
});
