import { expect } from "chai";
import fc from "fast-check";
import { Pattern } from "../../../server/rules/patterns.js";
import { createPolicy } from "../../../server/rules/create-policy.js";
import { createRoomSettings } from "../../../server/rules/create-room-settings.js";
import { ruleOverlaps } from "../../../server/rules/rule-overlaps.js";
import type { RoomRule, Who } from "../../../server/rules/rules.js";
import type { Identity } from "../../../server/rooms/identity.js";
import type { Rights } from "../../../server/rooms/policy.js";
import { guest, user } from "./support/tokens.js";

const ALL: Rights = { join: true, publish: true, presence: true, history: true };
const NONE: Rights = { join: false, publish: false, presence: false, history: false };

describe("a pattern of room names", () => {
  const matches = (pattern: string, name: string, who: Identity = user("ada", { team: "red" })) =>
    Pattern.parse(pattern).matches(name, who);

  const cases: [pattern: string, yes: string[], no: string[]][] = [
    ["lobby", ["lobby"], ["lobby2", "Lobby", "lobb", ""]],
    ["*", ["", "anything", "a\nb", "😀"], []],
    ["team-*", ["team-", "team-red", "team-red-2"], ["team", "a-team-red"]],
    ["*-public", ["-public", "a-public"], ["public", "a-public2"]],
    ["a*b*c", ["abc", "axbxc", "abbcc", "abcbc"], ["ab", "acb", "abcd"]],
    ["aba*aba", ["abaaba", "aba-aba"], ["aba", "ababa"]],
    ["*a*a*", ["aa", "xaya"], ["a", "xax"]],
    ["**", ["", "x"], []],
    ["dm-{user}", ["dm-ada"], ["dm-bob", "dm-", "dm-{user}"]],
    ["{user}-*", ["ada-1"], ["bob-1"]],
    ["{claim.team}/*", ["red/1", "red/"], ["blue/1", "red", "{claim.team}/1"]],
    ["\\*\\{user}\\\\", ["*{user}\\"], ["x{user}\\", "*ada\\"]],
  ];
  for (const [pattern, yes, no] of cases) {
    it(`${pattern} matches ${JSON.stringify(yes)} and not ${JSON.stringify(no)}`, () => {
      for (const name of yes) expect(matches(pattern, name), name).to.be.true;
      for (const name of no) expect(matches(pattern, name), name).to.be.false;
    });
  }

  it("with a claim that is missing, empty or no text matches nothing", () => {
    for (const claims of [{}, { team: "" }, { team: 7 }, { team: ["red"] }]) {
      for (const name of ["x-", "x-undefined", "x-7", "x-red"]) {
        expect(matches("x-{claim.team}", name, user("ada", claims))).to.be.false;
      }
    }
    expect(matches("{claim.constructor}/*", "anything")).to.be.false;
  });

  it("takes nothing in an id or a claim for a part of a pattern", () => {
    expect(matches("{user}", "anything", user("*"))).to.be.false;
    expect(matches("{user}", "*", user("*"))).to.be.true;
    expect(matches("{claim.team}", "ada", user("ada", { team: "{user}" }))).to.be.false;
  });

  it("takes an id or a claim for a whole segment, up to the character beside it", () => {
    const team = (name: string) => user("ada-b", { team: name });
    expect(matches("team-{claim.team}-*", "team-a-b-x", team("a-b"))).to.be.false;
    expect(matches("team-{claim.team}-*", "team-a-b-x", team("a"))).to.be.true;
    expect(matches("team/{claim.team}/*", "team/a-b/x", team("a-b"))).to.be.true;
    expect(matches("team/{claim.team}/*", "team/a-b/x", team("a"))).to.be.false;
    expect(matches("*-{claim.team}", "x-a-b", team("a-b"))).to.be.false;
    expect(matches("*-x-{claim.team}-y", "1-x-a-b-y", team("a-b"))).to.be.false;
    expect(matches("{claim.team}-{user}", "a-ada-b", team("a"))).to.be.false;
    expect(matches("dm-{user}", "dm-ada-b", team("a"))).to.be.true;
    expect(matches("{user}\\-*", "ada-b-x", team("a"))).to.be.false;
  });

  it("with a separator in front of what is variable matches a room for one value of a claim at most", () => {
    const piece = fc.constantFrom("a", "b", "-", "/");
    const text = fc.array(piece, { minLength: 1, maxLength: 4 }).map((list) => list.join(""));
    const end = fc.constantFrom("-", "/", "-/");
    fc.assert(
      fc.property(text, text, fc.array(piece, { maxLength: 4 }), end, (one, other, rest, separator) => {
        const pattern = `t${separator}{claim.team}${separator}*`;
        const room = `t${separator}${one}${separator}${rest.join("")}`;
        const may = (team: string) => matches(pattern, room, user("ada", { team }));
        expect(one !== other && may(one) && may(other)).to.be.false;
        expect(may(one)).to.equal(!one.includes(separator.charAt(0)));
      }),
    );
  });

  for (const [pattern, error] of [
    ["{claim.team}*", /\{claim.team\} needs a character between it and what is variable beside it/],
    ["a*{user}", /\{user\} needs a character/],
    ["{user}{claim.team}", /\{user\} needs a character/],
    ["", /must not be empty; \* matches every room/],
    ["{room}", /there is no \{room\} in patterns; write \{user\}, \{claim.NAME\}/],
    ["{claim.}", /there is no \{claim.\}/],
    ["a{", /there is no \{ in patterns/],
    ["a\\", /a backslash takes the next character/],
    ["x".repeat(257), /at most 256 characters/],
  ] as const) {
    it(`must not be ${pattern.slice(0, 10) || "empty"}, and the error says why`, () => {
      expect(() => Pattern.parse(pattern))
        .to.throw(error)
        .with.property("name", "PatternError");
    });
  }

  it("matches as the regular expression does that says the same", () => {
    const part = fc.constantFrom("a", "b", "ab", "*", "{user}", ".", "(");
    const name = fc
      .array(fc.constantFrom("a", "b", ".", "(", ":ba:"), { maxLength: 12 })
      .map((list) => list.join(""));
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 8 }), name, (parts, text) => {
        const source = parts.map((one) =>
          one === "*" ? "[^]*" : one === "{user}" ? ":ba:" : one.replace(/[.(]/, "\\$&"),
        );
        const expected = new RegExp(`^${source.join("")}$`).test(text);
        const pattern = parts.map((one) => (one === "{user}" ? ":{user}:" : one)).join("");
        expect(matches(pattern, text, user("ba"))).to.equal(expected);
      }),
    );
  });

  it("costs little, however it was chosen: what would keep a regular expression busy for years", () => {
    const pattern = Pattern.parse(`${"*a".repeat(127)}b`);
    const name = "a".repeat(128);
    const started = performance.now();
    for (let i = 0; i < 1_000; i++) expect(pattern.matches(name, user("ada"))).to.be.false;
    expect(performance.now() - started).to.be.below(2_000);
  });
});

describe("rules that can name one room", () => {
  const pairs = (...patterns: string[]) =>
    ruleOverlaps(patterns.map((pattern) => ({ pattern }))).map(
      (text) =>
        /^the rules of "(.*)" and "(.*)" can name one room: /.exec(text)?.slice(1).join(" & ") ?? text,
    );

  it("are told", () => {
    expect(pairs("team/{claim.team}/*", "team/red/*")).to.deep.equal(["team/{claim.team}/* & team/red/*"]);
    expect(pairs("*-public", "team-*", "x")).to.deep.equal(["*-public & team-*"]);
    expect(pairs("dm-{user}", "dm-{claim.other}")).to.deep.equal(["dm-{user} & dm-{claim.other}"]);
    expect(pairs("*", "lobby")).to.deep.equal(["* & lobby"]);
    expect(ruleOverlaps([{ pattern: "a-*" }, { pattern: "a-b" }])[0]).to.include("put the second before it");
    for (const pattern of ["lobby", "a-*", "dm-{user}"]) {
      expect(ruleOverlaps([{ pattern }, { pattern }])[0]).to.include("remove one of them");
    }
  });

  it("are not told where one is a later rule for what its exceptions leave, or no name is both's", () => {
    expect(pairs("dm-{user}", "dm-ada-*", "dm-*", "lobby", "*")).to.deep.equal(["dm-{user} & dm-ada-*"]);
    expect(pairs("a-*", "b-*", "*-c-", "ab", "a")).to.deep.equal(["a-* & *-c-", "b-* & *-c-"]);
  });

  it("are found as by trying all names", () => {
    const pattern = fc
      .array(fc.constantFrom("a", "b", "*"), { minLength: 1, maxLength: 5 })
      .map((list) => list.join(""));
    const names: string[] = [""];
    for (let at = 0; names.length < 2_000; at++) names.push(`${names[at] ?? ""}a`, `${names[at] ?? ""}b`);
    fc.assert(
      fc.property(pattern, pattern, (one, other) => {
        const [first, second] = [Pattern.parse(one), Pattern.parse(other)];
        const both = names.some((name) => first.matchesForAnyone(name) && second.matchesForAnyone(name));
        expect(first.meets(second)).to.equal(both);
      }),
      { numRuns: 200 },
    );
  });
});

describe("the rules of rooms", () => {
  const rights = (rooms: RoomRule[], who: Identity, room: string) =>
    createPolicy({ rooms, send: "everyone" }).rights(who, room);

  it("let everybody do everything where there are none", () => {
    expect(rights([], guest(), "lobby")).to.deep.equal(ALL);
  });

  it("leave other rooms open as long as none says whom it allows anything", () => {
    expect(rights([{ pattern: "log-*", history: { messages: 1 } }], guest(), "lobby")).to.deep.equal(ALL);
  });

  it("close other rooms once one says whom it allows anything", () => {
    const rules: RoomRule[] = [{ pattern: "lobby", allow: {} }];
    expect(rights(rules, guest(), "lobby")).to.deep.equal(ALL);
    expect(rights(rules, user("ada"), "loby")).to.deep.equal(NONE);
  });

  it("hold in their order: the first that matches, and no other", () => {
    const rules: RoomRule[] = [
      { pattern: "dm-{user}", allow: { join: "everyone" } },
      { pattern: "dm-*", allow: { join: "nobody" } },
      { pattern: "*" },
    ];
    expect(rights(rules, user("ada"), "dm-ada")).to.deep.equal(ALL);
    expect(rights(rules, user("ada"), "dm-bob")).to.deep.equal(NONE);
    expect(rights(rules, guest(), "lobby")).to.deep.equal(ALL);
  });

  it("allow what they do not name to whom join is allowed", () => {
    const rules: RoomRule[] = [
      { pattern: "*", allow: { join: "users", publish: { claim: "role", equals: "speaker" } } },
    ];
    expect(rights(rules, user("ada"), "hall")).to.deep.equal({ ...ALL, publish: false });
    expect(rights(rules, user("ada", { role: "speaker" }), "hall")).to.deep.equal(ALL);
    expect(rights(rules, guest(), "hall")).to.deep.equal(NONE);
  });

  const allowed: [who: Who, yes: Identity[], no: Identity[]][] = [
    ["everyone", [guest(), user("ada")], []],
    ["users", [user("ada")], [guest()]],
    ["nobody", [], [guest(), user("ada")]],
    [
      { claim: "role", equals: "admin" },
      [user("a", { role: "admin" })],
      [user("a"), user("a", { role: ["admin"] }), guest()],
    ],
    [
      { claim: "roles", includes: "admin" },
      [user("a", { roles: ["x", "admin"] })],
      [user("a", { roles: "admin" }), guest()],
    ],
    [{ claim: "level", equals: 3 }, [user("a", { level: 3 })], [user("a", { level: "3" })]],
    [{ claim: "constructor", equals: "x" }, [], [user("a")]],
  ];
  for (const [who, yes, no] of allowed) {
    it(`know whom ${JSON.stringify(who)} means, for rooms and for inboxes`, () => {
      const policy = createPolicy({ rooms: [{ pattern: "*", allow: { join: who } }], send: who });
      for (const [list, may] of [
        [yes, true],
        [no, false],
      ] as const) {
        for (const one of list) {
          expect(policy.rights(one, "x")).to.deep.equal(may ? ALL : NONE);
          expect(policy.maySend(one, "bob")).to.equal(may);
        }
      }
    });
  }

  it("are added to by a token's claim rooms, which takes nothing away", () => {
    const closed: RoomRule[] = [{ pattern: "*", allow: { join: "nobody" } }];
    const ada = user("ada", {
      rooms: { "team-*": ["join"], "team-red": ["publish"], "{user}": ["join", "history"] },
    });
    expect(rights(closed, ada, "team-red")).to.deep.equal({ ...NONE, join: true, publish: true });
    expect(rights(closed, ada, "team-blue")).to.deep.equal({ ...NONE, join: true });
    expect(rights(closed, ada, "ada")).to.deep.equal({ ...NONE, join: true, history: true });
    expect(rights(closed, ada, "lobby")).to.deep.equal(NONE);
    expect(rights([], ada, "team-red")).to.deep.equal(ALL);
  });

  it("are not added to by a claim rooms of another shape", () => {
    const closed: RoomRule[] = [{ pattern: "*", allow: { join: "nobody" } }];
    for (const rooms of [
      null,
      7,
      "lobby",
      ["lobby"],
      { lobby: "join" },
      { lobby: ["fly"] },
      { "{x}": ["join"] },
    ]) {
      expect(rights(closed, user("ada", { rooms }), "lobby")).to.deep.equal(NONE);
    }
  });
});

describe("the settings of rooms", () => {
  const defaults = { history: { count: 10, age: 1_000 }, presence: true, maxMembers: 5, maxNames: 4 };

  it("are those of the first rule that matches, completed from the defaults", () => {
    const settings = createRoomSettings({
      rooms: [
        { pattern: "log-*", history: { messages: 99 }, presence: false },
        { pattern: "log-big", maxMembers: 7, maxNames: 0 },
        { pattern: "big-*", maxMembers: 8, history: { age: 5 } },
      ],
      defaults,
    });
    expect(settings("log-big")).to.deep.equal({
      ...defaults,
      history: { count: 99, age: 1_000 },
      presence: false,
    });
    expect(settings("big-1")).to.deep.equal({ ...defaults, history: { count: 10, age: 5 }, maxMembers: 8 });
    expect(settings("lobby")).to.deep.equal(defaults);
    expect(settings("lobby")).to.equal(settings("lobby"));
  });

  it("are the same for all members, whoever a placeholder means", () => {
    const settings = createRoomSettings({ rooms: [{ pattern: "dm-{user}", presence: false }], defaults });
    expect(settings("dm-ada").presence).to.be.false;
    expect(settings("dm-bob").presence).to.be.false;
    expect(settings("dx").presence).to.be.true;
  });

  it("stay right for more rooms than are kept at hand", () => {
    const settings = createRoomSettings({ rooms: [{ pattern: "*7", maxMembers: 1 }], defaults });
    for (let i = 0; i < 25_000; i++) {
      if (settings(`room-${i}`).maxMembers !== (i % 10 === 7 ? 1 : 5)) throw new Error(`room-${i}`);
    }
  });
});
