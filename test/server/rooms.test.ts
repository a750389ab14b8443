import { expect } from "chai";
import type { Attendee } from "../../server/rooms/presence.js";
import { Rooms } from "../../server/rooms/rooms.js";

const device = (user: string, sid: string, name = user): Attendee => ({
  user,
  name,
  device: { sid, transport: "websocket" },
});

describe("rooms", () => {
  const ada = device("ada", "a1", "Ada");
  const adaToo = device("ada", "a2", "Ada");
  const ben = device("ben", "b1", "Ben");
  let rooms: Rooms;
  let ids: number;
  beforeEach(() => {
    ids = 0;
    rooms = new Rooms({ now: () => 1_000, newId: () => `m${++ids}`, maxRoomsPerDevice: 2 });
  });

  const membersOf = (who: Attendee, room: string): unknown => {
    const outcome = rooms.presence(who, room);
    return outcome.ok ? outcome.result.members : outcome.error;
  };

  it("lets a device in, answers with the members, and tells the others", () => {
    expect(rooms.join(ada, "r")).to.deep.equal({
      ok: true,
      result: { room: "r", members: [{ user: "ada", name: "Ada", devices: [ada.device] }] },
      effects: [
        { type: "enter", room: "r" },
        {
          type: "presence",
          change: { room: "r", type: "join", user: "ada", name: "Ada", device: ada.device },
        },
      ],
    });
  });

  it("answers a second join as the first, and tells nobody", () => {
    const first = rooms.join(ada, "r");
    const second = rooms.join(ada, "r");
    expect(second).to.deep.equal({ ...first, effects: [] });
  });

  it("lists a user with several devices once", () => {
    rooms.join(ada, "r");
    rooms.join(ben, "r");
    rooms.join(adaToo, "r");
    expect(membersOf(ben, "r")).to.deep.equal([
      { user: "ada", name: "Ada", devices: [ada.device, adaToo.device] },
      { user: "ben", name: "Ben", devices: [ben.device] },
    ]);
  });

  it("keeps a user until the last device is gone", () => {
    for (const who of [ada, adaToo, ben]) rooms.join(who, "r");
    rooms.leave(ada, "r");
    expect(membersOf(ben, "r")).to.deep.equal([
      { user: "ada", name: "Ada", devices: [adaToo.device] },
      { user: "ben", name: "Ben", devices: [ben.device] },
    ]);
    rooms.leave(adaToo, "r");
    expect(membersOf(ben, "r")).to.deep.equal([{ user: "ben", name: "Ben", devices: [ben.device] }]);
  });

  it("gives a user the name of the latest device", () => {
    rooms.join(ada, "r");
    rooms.join(device("ada", "a3", "Ada L."), "r");
    expect(membersOf(ada, "r")).to.have.nested.property("[0].name", "Ada L.");
  });

  it("publishes with an id and the time, to the whole room", () => {
    rooms.join(ada, "r");
    expect(rooms.publish(ada, "r", { text: "hi" })).to.deep.equal({
      ok: true,
      result: { id: "m1", at: 1_000 },
      effects: [
        {
          type: "message",
          message: {
            room: "r",
            id: "m1",
            from: { user: "ada", name: "Ada", sid: "a1", transport: "websocket" },
            data: { text: "hi" },
            at: 1_000,
          },
        },
      ],
    });
  });

  it("refuses leave, publish and presence to a device that has not joined, whatever the user's others have", () => {
    rooms.join(ada, "r");
    for (const outcome of [
      rooms.leave(adaToo, "r"),
      rooms.publish(adaToo, "r", 1),
      rooms.presence(adaToo, "r"),
    ]) {
      expect(outcome).to.deep.equal({ ok: false, error: "not_joined" });
    }
  });

  it("refuses a room too many, but not one that the device is in", () => {
    rooms.join(ada, "1");
    rooms.join(ada, "2");
    expect(rooms.join(ada, "3")).to.deep.equal({ ok: false, error: "too_many_rooms" });
    expect(rooms.join(ada, "2").ok).to.equal(true);
    rooms.leave(ada, "1");
    expect(rooms.join(ada, "3").ok).to.equal(true);
  });

  it("takes a device that is gone out of all its rooms", () => {
    rooms.join(ada, "1");
    rooms.join(ada, "2");
    rooms.join(ben, "1");
    const change = { type: "leave", user: "ada", name: "Ada", device: ada.device };
    expect(rooms.gone(ada)).to.deep.equal([
      { type: "presence", change: { room: "1", ...change } },
      { type: "presence", change: { room: "2", ...change } },
    ]);
    expect(membersOf(ben, "1")).to.deep.equal([{ user: "ben", name: "Ben", devices: [ben.device] }]);
    expect(rooms.gone(ada)).to.deep.equal([]);
  });

  it("replaces a device that has got another transport, and says so as a join", () => {
    rooms.join(ada, "r");
    const upgraded: Attendee = { ...ada, device: { sid: "a1", transport: "webtransport" } };
    expect(rooms.moved(upgraded)).to.deep.equal([
      {
        type: "presence",
        change: { room: "r", type: "join", user: "ada", name: "Ada", device: upgraded.device },
      },
    ]);
    expect(membersOf(ada, "r")).to.deep.equal([{ user: "ada", name: "Ada", devices: [upgraded.device] }]);
  });

  it("takes names of JavaScript's own for names like any other", () => {
    for (const name of ["__proto__", "constructor", "toString"]) {
      const who = device(name, name);
      expect(rooms.presence(who, name)).to.deep.equal({ ok: false, error: "not_joined" });
      expect(rooms.join(who, name).ok).to.equal(true);
      expect(membersOf(who, name)).to.deep.equal([{ user: name, name, devices: [who.device] }]);
    }
  });
});
