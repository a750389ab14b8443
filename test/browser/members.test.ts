import { expect } from "chai";
import { comings, transportsOf } from "../../clients/demo/members.js";
import type { Device, Member } from "../../clients/typescript/src/rooms/index.js";

const laptop: Device = { id: "laptop", sid: "1", transport: "websocket" };
const phone: Device = { id: "phone", sid: "2", transport: "bridge" };
const tablet: Device = { id: "tablet", sid: "3", transport: "bridge" };
const member = (user: string, ...devices: Device[]): Member => ({ user, name: user, devices });
const room = (...members: Member[]): ReadonlyMap<string, Member> =>
  new Map(members.map((one) => [one.user, one]));

describe("the demo's list of members", () => {
  it("has each transport of a person once, with the number of devices on it", () => {
    expect(transportsOf(member("ada", laptop, phone, tablet))).to.deep.equal([
      { transport: "websocket", count: 1 },
      { transport: "bridge", count: 2 },
    ]);
    expect(transportsOf(member("ada"))).to.deep.equal([]);
  });

  it("tells who came and who went", () => {
    const { came, went } = comings(
      room(member("ada"), member("ben")),
      room(member("ben"), member("cleo")),
      undefined,
    );
    expect(came.map(({ user }) => user)).to.deep.equal(["cleo"]);
    expect(went.map(({ user }) => user)).to.deep.equal(["ada"]);
  });

  it("tells nothing of another device of who is there, nor of oneself", () => {
    const before = room(member("ada", laptop));
    const after = room(member("ada", laptop, phone), member("me", tablet));
    expect(comings(before, after, "me")).to.deep.equal({ came: [], went: [] });
  });
});
