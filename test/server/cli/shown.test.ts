import { expect } from "chai";
import fc from "fast-check";
import { memberChanges } from "../../../server/cli/member-changes.js";
import {
  parsePosition,
  shownData,
  shownPosition,
  shownTable,
  shownText,
  shownTime,
  toJson,
} from "../../../server/cli/shown.js";

describe("what a terminal shows", () => {
  it("has no character of a text's that the terminal would obey, and loses nothing else", () => {
    const codeUnit = fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit));
    const unsafe = /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u;
    fc.assert(
      fc.property(fc.string({ unit: codeUnit }), (text) => {
        const shown = shownText(text);
        expect(unsafe.test(shown)).to.be.false;
        if (!shown.includes("\\u{")) expect(shown).to.equal(text);
      }),
    );
    expect(shownText("Zoë 👩‍🚀 日本")).to.equal("Zoë 👩‍🚀 日本");
  });

  it("has binary values as the bridge writes them, wherever they are", () => {
    const bytes = new Uint8Array([104, 105]);
    expect(toJson([Buffer.from("hi"), { b: bytes }, bytes.buffer])).to.equal(
      '[{"$binary":"aGk="},{"b":{"$binary":"aGk="}},{"$binary":"aGk="}]',
    );
    expect(shownData(bytes, "")).to.equal('{"$binary":"aGk="}');
  });

  it("has the day where it is not today's", () => {
    const noon = new Date(2026, 0, 2, 12, 3, 4).getTime();
    expect(shownTime(noon, noon + 1_000)).to.equal("12:03:04");
    expect(shownTime(noon, noon + 24 * 3_600_000)).to.equal("2026-01-02 12:03:04");
  });

  it("has positions that can be given back, whatever the epoch", () => {
    const epoch = fc.stringMatching(/^[\x20-\x7e]{1,64}$/);
    fc.assert(
      fc.property(epoch, fc.nat(), (epoch, offset) => {
        expect(parsePosition(shownPosition({ epoch, offset }))).to.deep.equal({ epoch, offset });
      }),
    );
    for (const wrong of ["", "7", ":7", "e:", "e:-1", "e:1.5", `e:${"9".repeat(16)}`, "e:1 "]) {
      expect(parsePosition(wrong), wrong).to.be.undefined;
    }
  });

  it("has columns as wide as what is in them, and numbers to the right", () => {
    const table = shownTable(
      ["NAME", "N"],
      [
        ["a", "100"],
        ["longer", "5"],
      ],
      ["N"],
    );
    expect(table).to.equal("NAME      N\na       100\nlonger    5\n");
  });
});

describe("changes among members", () => {
  const member = (user: string, ...transports: ("bridge" | "websocket" | "polling")[]) => ({
    user,
    name: user.toUpperCase(),
    devices: transports.map((transport, i) => ({
      id: `${user}${i}`,
      sid: Math.random().toString(),
      transport,
    })),
  });
  const map = (...members: ReturnType<typeof member>[]) => new Map(members.map((one) => [one.user, one]));
  const seen = (...args: Parameters<typeof memberChanges>) =>
    memberChanges(...args).map(({ type, member: { user } }) => `${type} ${user}`);

  it("are who came, who went, and who is there in another way", () => {
    const before = map(member("ada", "bridge"), member("ben", "polling"));
    const after = map(member("ben", "websocket"), member("eve", "bridge"));
    expect(seen(before, after)).to.deep.equal(["leave ada", "update ben", "join eve"]);
  });

  it("are none where a device has only reconnected", () => {
    expect(seen(map(member("ada", "bridge")), map(member("ada", "bridge")))).to.deep.equal([]);
  });
});
