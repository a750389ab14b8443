import { expect } from "chai";
import { setImmediate as nextTurn } from "node:timers/promises";
import { createMemoryStore, storeOptions, type Store } from "../../../server/index.js";
import { within } from "../../support/deadline.js";
import { startCliServer, type CliServer } from "./support/server.js";
import { Guest } from "./support/guest.js";
import { TestTerminal } from "./support/terminal.js";

describe("crossroom send", () => {
  let server: CliServer;
  let store: Store;
  let adasToken: string;
  let terminals: TestTerminal[];

  const send = (...args: string[]): TestTerminal => {
    const terminal = new TestTerminal(["send", "--url", server.url, "--token", adasToken, ...args]);
    terminals.push(terminal);
    return terminal;
  };
  const connect = async (user: string): Promise<Guest> =>
    Guest.connect(server.url, { token: server.token(user), device: `${user}'s phone` });

  /** Resolves once the only device of Ada's has processed her inbox up to an offset. */
  const cursorOfAda = async (offset: number): Promise<void> => {
    for (;;) {
      const devices = await store.devices.of("ada");
      expect(devices).to.have.length(1);
      if (devices[0]?.cursor.offset === offset) return;
      await nextTurn();
    }
  };

  beforeEach(async () => {
    terminals = [];
    store = createMemoryStore(storeOptions());
    server = await startCliServer({
      store,
      limits: { inboxItems: 3 },
      policy: {
        rights: () => ({ join: true, publish: true, presence: true, history: true }),
        maySend: (_who, to) => to !== "eve",
      },
    });
    adasToken = server.token("ada");
  });
  afterEach(async () => {
    for (const { lines, problems } of terminals) expect([...lines.left, ...problems.left]).to.deep.equal([]);
    await server.close();
  });

  it("puts a message into the inbox of a user who is away, and ends with 0", async () => {
    const sent = send("ben", "Call me");
    expect(await sent.line()).to.match(/^sent to ben \(.+\)$/);
    expect(await sent.exited()).to.equal(0);
    const ben = await connect("ben");
    await ben.openInbox();
    const item = await ben.items.next();
    expect(item).to.deep.include({ type: "message", data: "Call me" });
    expect(item.from).to.include({ user: "ada", transport: "bridge" });
    ben.close();
  });

  it("reads the message from standard input if there is none, without the last line's end", async () => {
    const sent = send("ben");
    sent.input.end("two\nlines\n");
    await sent.line();
    expect(await sent.exited()).to.equal(0);
    const ben = await connect("ben");
    await ben.openInbox();
    expect(await ben.items.next()).to.include({ data: "two\nlines" });
    ben.close();
  });

  it("sends a JSON value with --json, and prints the result as one", async () => {
    const sent = send("ben", '{"a":[1]}', "--json");
    const result = await sent.json();
    expect(result).to.include({ type: "sent", to: "ben" });
    await sent.exited();
    const ben = await connect("ben");
    await ben.openInbox();
    expect(await ben.items.next()).to.deep.include({ data: { a: [1] }, id: result["id"], at: result["at"] });
    ben.close();
  });

  it("waits with --receipt until the message was processed, and shows what is in one's own inbox meanwhile", async () => {
    const sent = send("ben", "Call me", "--receipt");
    await sent.line();
    const ben = await connect("ben");
    await ben.openInbox();
    const item = await ben.items.next();
    const back = new TestTerminal([
      "send",
      "--url",
      server.url,
      "--token",
      server.token("ben"),
      "ada",
      "Soon",
    ]);
    expect(await back.exited()).to.equal(0);
    expect(await sent.problems.next()).to.match(/ BEN \(bridge\) Soon$/);
    await ben.processed(item);
    expect(await sent.line()).to.equal("ben has processed it");
    expect(await sent.exited()).to.equal(0);
    ben.close();
  });

  it("has acked the receipt when it ends, as the same device each time", async () => {
    const ben = await connect("ben");
    await ben.openInbox();
    for (const offset of [1, 2]) {
      const sent = send("ben", `${offset}`, "--receipt", "--json");
      const { id } = await sent.json();
      await ben.processed(await ben.items.next());
      expect(await sent.json()).to.include({ type: "receipt", id });
      expect(await sent.exited()).to.equal(0);
      await within(cursorOfAda(offset), `the cursor to be at ${offset}`);
    }
    ben.close();
  });

  it("ends with 1 and the server's reason if it is refused", async () => {
    const refused = send("eve", "Hello");
    expect(await refused.exited()).to.equal(1);
    expect(await refused.problems.next()).to.match(/^error: .*may not/);
  });

  it("ends with 1 for a token that is not good", async () => {
    const refused = send("ben", "Hello", "--token", "bad");
    expect(await refused.exited()).to.equal(1);
    expect(await refused.problems.next()).to.match(/^error: .*token/i);
  });

  it("says that a message is kept where nobody has processed it in time", async () => {
    const sent = send("ben", "Call me", "--receipt", "--timeout", "500ms");
    await sent.line();
    expect(await sent.exited()).to.equal(1);
    expect(await sent.problems.next()).to.equal(
      "error: no answer within 0.5 s; it is kept in the inbox of ben, and no device has processed it yet",
    );
  });

  it("ends with 1 if the token is revoked while it waits for the receipt", async () => {
    const sent = send("ben", "Hello", "--receipt");
    await sent.line();
    await server.revoke({ type: "user", user: "ada", issuedBefore: Date.now() + 1_000 });
    expect(await sent.exited()).to.equal(1);
    expect(await sent.problems.next()).to.match(/^error: .*revoked/);
  });

  it("ends with 1 if the inbox is full", async () => {
    for (let i = 0; i < 3; i++) {
      const sent = send("ben", "Hello");
      await sent.line();
      await sent.exited();
    }
    const refused = send("ben", "Hello", "--timeout", "5s");
    expect(await refused.exited()).to.equal(1);
    expect(await refused.problems.next()).to.match(/^error: .*inbox is full/);
  });

  it("says what is wrong while there is no connection, and ends with 1 after --timeout", async () => {
    const late = send("ben", "Hello", "--url", "http://127.0.0.1:9", "--timeout", "100ms");
    expect(await late.exited()).to.equal(1);
    expect(await late.problems.next()).to.match(/^warning: .*ECONNREFUSED/);
    expect(await late.problems.next()).to.match(/^error: no answer within 0.1 s/);
  });

  for (const [args, words] of [
    [["send"], "missing required argument 'user'"],
    [["send", "ben", "Hello", "there"], "too many arguments"],
    [["send", "", "Hello"], "USER must not be empty"],
    [["send", "ben", ""], "there is nothing to send"],
    [["send", "ben", "Hello", "--json"], "TEXT: with --json"],
    [["send", "ben", "Hello", "--timeout", "soon"], '--timeout: "soon" is no duration'],
    [["send", "ben", "Hello", "--timeout", "60d"], '--timeout: "60d" is no duration'],
  ] as const) {
    it(`ends with 2 for ${args.join(" ")}`, async () => {
      const terminal = new TestTerminal(args);
      expect(await terminal.exited()).to.equal(2);
      expect(await terminal.problems.next())
        .to.match(/^error: /)
        .and.to.include(words);
    });
  }
});
