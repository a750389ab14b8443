import { expect } from "chai";
import type { Member } from "../../../clients/typescript/src/rooms/index.js";
import { Members } from "../../../clients/typescript/src/rooms/members.js";

const member = (user: string, ...ids: string[]): Member => ({
  user,
  name: user,
  devices: ids.map((id) => ({ id, sid: id, transport: "bridge" })),
});
const change = (type: "join" | "update" | "leave", who: Member) => ({ room: "r", type, member: who });

describe("rooms layer: who is in a room", () => {
  let members: Members;
  const users = (): string[] => [...members.map.keys()];

  beforeEach(() => {
    members = new Members();
    members.reset({ members: [member("ada", "phone"), member("bob", "laptop")], count: 2 });
  });

  it("is what the join says, then who comes and goes", () => {
    members.change(change("join", member("cleo", "tablet")));
    members.change(change("leave", member("ada")));
    expect([users(), members.count]).to.deep.equal([["bob", "cleo"], 2]);
  });

  it("has of an update what changed: devices that are new, are other ones now, or have gone, and the name", () => {
    const [watch] = member("ada", "watch").devices;
    members.change(change("update", { ...member("ada", "watch"), name: "Countess" }));
    expect(members.map.get("ada")).to.deep.equal({ ...member("ada", "phone", "watch"), name: "Countess" });
    const moved = { ...watch!, transport: "polling" as const };
    members.change({ ...change("update", { ...member("ada"), devices: [moved] }), gone: ["phone"] });
    expect([members.map.get("ada")?.devices, members.count]).to.deep.equal([[moved], 2]);
  });

  it("has all of a member's devices anew with a join", () => {
    members.change(change("join", member("ada", "watch")));
    expect(members.map.get("ada")).to.deep.equal(member("ada", "watch"));
  });

  it("counts nobody twice of whom it is told twice", () => {
    members.change(change("join", member("ada", "phone")));
    expect([users(), members.count]).to.deep.equal([["ada", "bob"], 2]);
  });

  it("counts those too of whom the join does not tell, as they are too many", () => {
    members.reset({ members: [member("ada", "phone")], count: 200 });
    members.change(change("leave", member("stranger")));
    members.change(change("join", member("cleo", "tablet")));
    members.change(change("join", member("dora", "tablet")));
    expect([users(), members.count]).to.deep.equal([["ada", "cleo", "dora"], 201]);
  });

  it("leaves an earlier picture as it was", () => {
    const before = members.map;
    members.change(change("leave", member("ada")));
    expect([...before.keys()]).to.deep.equal(["ada", "bob"]);
  });
});
