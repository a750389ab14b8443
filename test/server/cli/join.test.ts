import { expect } from "chai";
import { DEFAULT_ROOM } from "../../../server/rooms/room-settings.js";
import { Guest } from "./support/guest.js";
import { startCliServer, type CliServer } from "./support/server.js";
import { TestTerminal } from "./support/terminal.js";

const TIME = /^\d\d:\d\d:\d\d /;

describe("crossroom join", () => {
  let server: CliServer;
  let ben: Guest;

  const enter = async (name: string): Promise<Guest> => {
    const guest = await Guest.connect(server.url, { name });
    await guest.join("lobby");
    return guest;
  };
  const join = (...args: string[]): TestTerminal =>
    new TestTerminal(["join", "lobby", "--url", server.url, "--token", server.token("ada"), ...args]);
  /** The next line, without the time of day. */
  const untimed = async (terminal: TestTerminal): Promise<string> => {
    const line = await terminal.line();
    expect(line).to.match(TIME);
    return line.replace(TIME, "");
  };

  beforeEach(async () => {
    server = await startCliServer({ limits: { messagesPerSecond: 10_000 } });
    ben = await enter("Ben");
  });
  afterEach(async () => {
    ben.close();
    await server.close();
  });

  it("shows who is there, and each message with its sender and transport", async () => {
    const ada = join();
    expect(await ada.line()).to.equal("-- lobby: Ben (websocket), ADA (bridge)");
    await ben.publish("lobby", "Hello");
    expect(await untimed(ada)).to.equal("Ben (websocket) Hello");
    await ben.publish("lobby", { text: [1, null] });
    expect(await untimed(ada)).to.equal('Ben (websocket) {"text":[1,null]}');
    expect(await ada.end()).to.equal(0);
  });

  for (const way of ["sse", "polling"]) {
    it(`goes over HTTP with --transport ${way}`, async () => {
      const ada = join("--transport", way);
      expect(await ada.line()).to.equal("-- lobby: Ben (websocket), ADA (bridge-http)");
      await ben.publish("lobby", "Hello");
      expect(await untimed(ada)).to.equal("Ben (websocket) Hello");
      ada.type("Hi");
      expect(await untimed(ada)).to.equal("ADA (bridge-http) Hi");
      expect(await ada.end()).to.equal(0);
    });
  }

  it("publishes each line, and shows it when it is in the room", async () => {
    const ada = join();
    await ada.line();
    ada.type("first");
    ada.type("  ");
    ada.type("second ");
    expect(await untimed(ada)).to.equal("ADA (bridge) first");
    expect(await untimed(ada)).to.equal("ADA (bridge) second ");
    expect(await ben.messages.next()).to.deep.include({ data: "first" });
    expect(await ben.messages.next()).to.deep.include({ data: "second " });
    expect(await ada.end()).to.equal(0);
  });

  it("publishes all that is piped in, in order, then leaves and ends with 0", async () => {
    const ada = join();
    const texts = Array.from({ length: 300 }, (_, i) => `line ${i}`);
    ada.input.end(texts.join("\n"));
    expect(await ada.exited()).to.equal(0);
    expect((await ada.line()).startsWith("-- lobby")).to.be.true;
    for (const text of texts) expect(await untimed(ada)).to.equal(`ADA (bridge) ${text}`);
    expect(await ada.line()).to.match(/^-- left lobby at .+:300$/);
    expect(ada.problems.left).to.deep.equal([]);
  });

  it("shows who comes and who goes", async () => {
    const ada = join();
    await ada.line();
    const eve = await enter("Eve");
    expect(await untimed(ada)).to.equal("Eve came (websocket)");
    await eve.leave("lobby");
    expect(await untimed(ada)).to.equal("Eve left");
    eve.close();
    await ada.end();
  });

  it("shows how many are there where they are too many to be named, and who is when they are not", async () => {
    await server.close();
    ben.close();
    server = await startCliServer({ roomSettings: () => ({ ...DEFAULT_ROOM, maxNames: 3 }) });
    ben = await enter("Ben");
    const [ada, program] = [join(), join("--json")];
    await ada.line();
    expect(await program.json()).to.deep.include({ type: "joined", count: 2 });
    const others = [await enter("Eve"), await enter("Cleo")];
    expect(await untimed(ada)).to.equal("ADA is there now as: bridge, bridge");
    expect(await untimed(ada)).to.equal("Eve came (websocket)");
    expect(await ada.line()).to.equal("-- lobby: 4 are there, too many to show who comes and goes");
    for (const other of others) await other.leave("lobby");
    expect(await ada.line()).to.equal("-- lobby: Ben (websocket), ADA (bridge, bridge)");
    const seen: Record<string, unknown>[] = [];
    while (!("members" in (seen.at(-1) ?? {}))) seen.push(await program.json());
    expect(seen).to.deep.include({ type: "presence", room: "lobby", count: 4 });
    expect(seen.at(-1)).to.include({ type: "presence", count: 2 });
    for (const other of others) other.close();
    for (const terminal of [ada, program]) await terminal.end();
  });

  it("shows the last messages before the join with --history, each once, and more than one page of them", async () => {
    const count = 505;
    await Promise.all(Array.from({ length: count + 1 }, (_, i) => ben.publish("lobby", i)));
    const ada = join("--history", String(count));
    await ada.line();
    ada.type("now");
    for (let i = 1; i <= count; i++) expect(await untimed(ada)).to.equal(`Ben (websocket) ${i}`);
    expect(await untimed(ada)).to.equal("ADA (bridge) now");
    await ada.end();
  });

  it("shows with --since what was published after the position at which one left", async () => {
    const first = join();
    await first.line();
    first.type("before");
    await first.line();
    await first.end();
    const [, position = ""] = /^-- left lobby at (.+)$/.exec(await first.line()) ?? [];
    await ben.publish("lobby", "meanwhile");
    const second = join("--since", position);
    expect((await second.line()).startsWith("-- lobby")).to.be.true;
    expect(await untimed(second)).to.equal("Ben (websocket) meanwhile");
    await second.end();
  });

  it("says so if what was published since is not kept", async () => {
    const ada = join("--since", "another:7");
    expect(await ada.line()).to.equal("-- what was published since is not kept any more");
    await ada.end();
  });

  it("says that the connection is lost, comes back, and shows what was missed", async () => {
    const ada = join("--json");
    await ada.json();
    server.cut();
    expect(await ada.json()).to.include({ type: "disconnected" });
    // While Ada waits to connect again, Eve is quicker.
    const eve = await enter("Eve");
    for (const data of [1, 2]) await eve.publish("lobby", data);
    const seen: Record<string, unknown>[] = [];
    while (seen.at(-1)?.["type"] !== "rejoined") seen.push(await ada.json());
    const messages = seen.filter(({ type }) => type === "message");
    expect(messages.map(({ data }) => data)).to.deep.equal([1, 2]);
    expect(seen.at(-1)).to.include({ recovered: true, missed: 2 });
    eve.close();
    expect(await ada.end()).to.equal(0);
  });

  it("prints with --json an object in each line, and reads a value in each", async () => {
    // Named: a way that an earlier command took from here would be remembered.
    const ada = join("--json", "--transport", "websocket");
    const joined = await ada.json();
    expect(joined).to.include({ type: "joined", room: "lobby" });
    expect(joined["members"]).to.have.nested.property("[1].devices[0].transport", "bridge");
    ada.type('{"text":"Hello"}');
    const answers = [await ada.json(), await ada.json()];
    const message = answers.find(({ type }) => type === "message");
    expect(message).to.deep.include({ room: "lobby", data: { text: "Hello" } });
    const { id, position } = message ?? {};
    expect(answers.find(({ type }) => type === "published")).to.deep.include({ id, position });
    ada.type("Hello");
    expect(await ada.problems.next()).to.match(/^warning: not published: .*JSON/);
    expect(await ada.end()).to.equal(1);
    expect(await ada.json()).to.deep.include({ type: "left", position });
  });

  it("does not let a message command the terminal", async () => {
    const ada = join();
    await ada.line();
    await ben.publish("lobby", "\u001b[2Jgone\u202e\u009b1m\nnext");
    expect(await untimed(ada)).to.equal("Ben (websocket) \\u{1b}[2Jgone\\u{202e}\\u{9b}1m");
    expect(await ada.line()).to.equal(`${" ".repeat(9)}next`);
    await ben.publish("lobby", { "\u009b2J": "\u001b[2J" });
    expect(await untimed(ada)).to.equal('Ben (websocket) {"\\u{9b}2J":"\\u001b[2J"}');
    await ada.end();
  });

  it("keeps what is being typed below what is printed, on a terminal", async () => {
    const argv = ["join", "lobby", "--url", server.url, "--token", server.token("ada")];
    const ada = new TestTerminal(argv, { isTyped: true, env: { NO_COLOR: "1" } });
    await ada.line();
    ada.input.write("half a li");
    await ben.publish("lobby", "Hello");
    await ada.lines.next();
    expect(ada.printed).to.match(/Hello\n[^\n]*> half a li[^\n]*$/);
    ada.input.write("ne\n");
    while (!(await ada.line()).endsWith("ADA (bridge) half a line"));
    ada.input.write("\u0004");
    expect(await ada.exited()).to.equal(0);
  });

  it("takes the typed line away on a terminal that does not know its size", async () => {
    const argv = ["join", "lobby", "--url", server.url, "--token", server.token("ada")];
    const ada = new TestTerminal(argv, { isTyped: true });
    Object.assign(ada.output, { columns: 0 });
    await ada.line();
    ada.input.write("Hello\n");
    while (!(await ada.line()).endsWith("(bridge) Hello"));
    expect(ada.printed).to.include("\u001b[1A\u001b[0J");
    await ada.end();
  });

  it("has bold names and dim notices on a terminal that may have colours, and none elsewhere", async () => {
    const argv = ["join", "lobby", "--url", server.url, "--token", server.token("ada")];
    const ada = new TestTerminal(argv, { isTyped: true });
    expect(await ada.line()).to.equal("\u001b[2m-- lobby: Ben (websocket), ADA (bridge)\u001b[0m");
    await ben.publish("lobby", "Hello");
    expect(await ada.line()).to.include("\u001b[1mBen\u001b[0m (websocket) Hello");
    await ada.end();
  });

  it("takes its settings from the environment too", async () => {
    const env = { CROSSROOM_URL: server.url, CROSSROOM_TOKEN: server.token("eve") };
    const eve = new TestTerminal(["join", "lobby"], { env });
    expect(await eve.line()).to.include("EVE (bridge)");
    await eve.end();
  });

  it("is a guest of the given name without a token", async () => {
    const guest = new TestTerminal(["join", "lobby", "--url", server.url, "--name", "Gus"]);
    expect(await guest.line()).to.include("Gus (bridge)");
    await guest.end();
  });

  it("ends with 1 and says why, if the server refuses", async () => {
    const bad = new TestTerminal(["join", "lobby", "--url", server.url, "--token", "bad"]);
    expect(await bad.exited()).to.equal(1);
    expect(bad.problems.left).to.have.length(1);
    expect(bad.problems.left[0]).to.match(/^error: .*token/i);
  });

  it("ends with 1 when the session is ended by the server", async () => {
    const ada = join();
    await ada.line();
    await server.revoke({ type: "user", user: "ada", issuedBefore: Date.now() + 1_000 });
    expect(await ada.exited()).to.equal(1);
    expect(ada.problems.left.at(-1)).to.match(/^error: .*revoked/);
  });

  it("says once that there is no connection, and goes on trying", async () => {
    const away = new TestTerminal(["join", "lobby", "--url", "http://127.0.0.1:9"]);
    expect(await away.problems.next()).to.match(/^warning: .*ECONNREFUSED.*; trying again$/);
    away.output.destroy(new Error("EPIPE"));
    await away.exited();
  });

  it("ends with 1 where lines are piped in and nobody answers in time", async () => {
    const away = new TestTerminal(["join", "lobby", "--url", "http://127.0.0.1:9", "--timeout", "50ms"]);
    away.type("Hello");
    expect(await away.exited()).to.equal(1);
    expect(away.problems.left.at(-1)).to.equal("error: no answer within 0.05 s; nothing was published");
  });

  it("ends with 1 where the server goes while lines are piped in, and does not wait for each of them", async () => {
    const ada = join("--timeout", "300ms");
    await ada.line();
    await server.close();
    for (const line of ["one", "two", "three"]) ada.type(line);
    expect(await ada.exited()).to.equal(1);
    expect(ada.problems.left.join("\n")).to.include("whether the line was published is not known");
  });

  it("waits for ever in a terminal, but for a --timeout", async () => {
    const argv = ["join", "lobby", "--url", "http://127.0.0.1:9", "--timeout", "50ms"];
    const ada = new TestTerminal(argv, { isTyped: true });
    expect(await ada.exited()).to.equal(1);
  });

  it("ends when nobody reads its output any more, whether it is in the room or not", async () => {
    const ada = join();
    await ada.line();
    ada.output.destroy(new Error("EPIPE"));
    expect(await ada.exited()).to.equal(0);
    const away = new TestTerminal(["join", "lobby", "--url", "http://127.0.0.1:9"]);
    await away.problems.next();
    away.output.destroy(new Error("EPIPE"));
    expect(await away.exited()).to.equal(0);
    expect(away.problems.left).to.deep.equal([]);
  });

  for (const [args, words] of [
    [["join"], "missing required argument 'room'"],
    [["join", " "], "ROOM must not be empty"],
    [["join", "r", "--url", "localhost:3000"], '--url: "localhost:3000" is no server\'s address'],
    [["join", "r", "--url", "http://localhost/path?query"], "--url"],
    [["join", "r", "--since", "7"], '--since: "7" is no position'],
    [["join", "r", "--history", "all"], '--history: "all" is no number'],
    [["join", "r", "--history", "1", "--since", "e:1"], "cannot be used with"],
    [["join", "r", "--device", "x".repeat(65)], "--device must have at most 64 characters"],
    [["join", "r", "--name", " "], "--name must not be empty"],
  ] as const) {
    it(`ends with 2 for ${args.join(" ").slice(0, 60)}`, async () => {
      const terminal = new TestTerminal(args);
      expect(await terminal.exited()).to.equal(2);
      expect(await terminal.problems.next())
        .to.match(/^error: /)
        .and.to.include(words);
    });
  }
});
