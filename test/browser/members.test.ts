import { expect } from "chai";
import { afterChange, isArrival } from "../../clients/demo/members.js";
import type { Device, Member, PresenceChange } from "../../server/index.js";

const laptop: Device = { sid: "1", transport: "websocket" };
const phone: Device = { sid: "2", transport: "bridge" };
const change = (type: "join" | "leave", device: Device, name = "Ada"): PresenceChange => ({
  room: "r",
  type,
  user: "ada",
  name,
  device,
});

describe("the demo's list of members", () => {
  const ada: Member = { user: "ada", name: "Ada", devices: [laptop] };
  const ben: Member = { user: "ben", name: "Ben", devices: [{ sid: "3", transport: "bridge" }] };

  it("gains a user at the end", () => {
    expect(afterChange([ben], change("join", laptop))).to.deep.equal([ben, ada]);
  });

  it("gains a device of a user in their place, and takes up the latest name", () => {
    expect(afterChange([ada, ben], change("join", phone, "Ada L."))).to.deep.equal([
      { user: "ada", name: "Ada L.", devices: [laptop, phone] },
      ben,
    ]);
  });

  it("loses a user with the last device", () => {
    const both: Member = { ...ada, devices: [laptop, phone] };
    expect(afterChange([both, ben], change("leave", laptop))).to.deep.equal([
      { ...ada, devices: [phone] },
      ben,
    ]);
    expect(afterChange([ada, ben], change("leave", laptop))).to.deep.equal([ben]);
  });

  it("replaces a device that has got another transport, which is no arrival", () => {
    const upgraded = change("join", { sid: "1", transport: "webtransport" });
    expect(isArrival([ada], upgraded)).to.equal(false);
    expect(afterChange([ada], upgraded)).to.deep.equal([{ ...ada, devices: [upgraded.device] }]);
  });

  it("tells an arrival from a departure", () => {
    expect(isArrival([ada], change("join", phone))).to.equal(true);
    expect(isArrival([], change("leave", phone))).to.equal(false);
  });
});
