import { expect } from "chai";
import { Guest } from "./support/guest.js";
import { startCliServer, type CliServer } from "./support/server.js";
import { TestTerminal } from "./support/terminal.js";

describe("crossroom publish", () => {
  let server: CliServer;
  let ben: Guest;

  beforeEach(async () => {
    server = await startCliServer({
      policy: {
        rights: (_who, room) => ({ join: room !== "secret", publish: true, presence: true, history: true }),
        maySend: () => true,
      },
    });
    ben = await Guest.connect(server.url, { name: "Ben" });
    await ben.join("lobby");
  });
  afterEach(async () => {
    ben.close();
    await server.close();
  });

  const publish = (...args: string[]): TestTerminal =>
    new TestTerminal(["publish", ...args, "--url", server.url, "--token", server.token("ada")]);

  it("publishes to a room, says where the message is, and ends with 0", async () => {
    const done = publish("lobby", "Build 7 is out");
    expect(await done.line()).to.match(/^published to lobby at [^:]+:1$/);
    expect(await done.exited()).to.equal(0);
    expect(await ben.messages.next()).to.deep.include({ data: "Build 7 is out" });
  });

  it("reads one message from standard input, without the last line's end", async () => {
    const done = publish("lobby");
    done.input.end("two\nlines\n");
    expect(await done.exited()).to.equal(0);
    expect(await ben.messages.next()).to.include({ data: "two\nlines" });
  });

  it("takes and prints JSON", async () => {
    const done = publish("lobby", '{"build":7}', "--json");
    expect(await done.json())
      .to.include({ type: "published" })
      .and.to.have.nested.property("position.offset", 1);
    expect(await ben.messages.next()).to.deep.include({ data: { build: 7 } });
  });

  it("ends with 1 where it is refused, or nobody answers in time", async () => {
    const refused = publish("secret", "x");
    expect(await refused.exited()).to.equal(1);
    expect(await refused.problems.next()).to.match(/^error: /);
    const away = new TestTerminal([
      "publish",
      "lobby",
      "x",
      "--url",
      "http://127.0.0.1:9",
      "--timeout",
      "50ms",
    ]);
    expect(await away.exited()).to.equal(1);
    expect(away.problems.left.at(-1)).to.include("no answer within 0.05 s; nothing was published");
  });

  for (const [args, words] of [
    [["publish"], "missing required argument 'room'"],
    [["publish", "lobby", "{", "--json"], "it must be a JSON value"],
    [["publish", "lobby", ""], "there is nothing to send"],
    [["publish", "lobby", "x", "--timeout", "soon"], "--timeout"],
  ] as const) {
    it(`ends with 2 for ${args.join(" ")}`, async () => {
      const terminal = new TestTerminal(args);
      expect(await terminal.exited()).to.equal(2);
      expect(await terminal.problems.next()).to.include(words);
    });
  }
});
