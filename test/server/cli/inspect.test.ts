import { expect } from "chai";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { storeOptions, type Store } from "../../../server/index.js";
import { openLmdbStore } from "../../../server/store/lmdb/lmdb-store.js";
import { Guest } from "./support/guest.js";
import { startCliServer, type CliServer } from "./support/server.js";
import { TestTerminal } from "./support/terminal.js";

interface Inspected {
  rooms: { room: string; position: { epoch: string; offset: number }; first: number; members?: number }[];
  inboxes: {
    user: string;
    position: { offset: number };
    devices: { device: string; cursor: { offset: number } }[];
  }[];
}

describe("crossroom inspect", () => {
  let folder: string;
  let store: Store;
  let server: CliServer;
  let guest: Guest;

  /** What the command prints, which must succeed. */
  const inspect = async (args: string[], env: Record<string, string> = {}): Promise<string> => {
    const terminal = new TestTerminal(["inspect", ...args], { env });
    expect(await terminal.exited(), terminal.problems.left.join("\n")).to.equal(0);
    return terminal.printed;
  };
  const operator = (): string => server.token("op", { crossroom_admin: true });
  /** Rows of a table as their cells. */
  const cells = (line: string): string[] => line.trim().split(/ {2,}/);

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "crossroom-inspect-"));
    const roomSettings = (): {
      history: { count: number; age: number };
      presence: boolean;
      maxMembers: number;
      maxNames: number;
    } => ({
      history: { count: 10, age: 3_600_000 },
      presence: true,
      maxMembers: 10,
      maxNames: 10,
    });
    store = await openLmdbStore(folder, storeOptions({ roomSettings }));
    server = await startCliServer({ store, roomSettings });
    guest = await Guest.connect(server.url, { token: server.token("ada"), device: "phone" });
    await guest.join("lobby");
    for (let i = 1; i <= 12; i++) await guest.publish("lobby", `text ${i}`);
    await guest.join("attic\u202e");
    await guest.publish("attic\u202e", { a: 1, raw: Buffer.from("hi") });
    await guest.openInbox();
    for (const text of ["one", "two", "three"]) await guest.send("ada", text);
    await guest.processed(await guest.items.next());
    await guest.send("ben", "Hello");
  });
  after(async () => {
    guest.close();
    await server.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });

  it("shows the rooms and the inboxes of a folder, while a server has it open", async () => {
    const [rooms = "", inboxes = ""] = (await inspect([folder])).split("\n\n");
    const [head = "", attic = "", lobby = ""] = rooms.split("\n");
    expect(cells(head)).to.deep.equal(["ROOM", "EPOCH", "OFFSET", "OLDEST", "KEPT", "MEMBERS"]);
    expect(cells(attic)).to.include("attic\\u{202e}").and.to.include.members(["1"]);
    const [name, , offset, oldest, kept] = cells(lobby);
    expect([name, offset]).to.deep.equal(["lobby", "12"]);
    expect(Number(kept))
      .to.equal(13 - Number(oldest))
      .and.to.be.at.least(10);
    const [inboxHead = "", adas = "", bens = ""] = inboxes.split("\n");
    expect(cells(inboxHead).slice(-3)).to.deep.equal(["DEVICE", "WAITING", "SEEN"]);
    expect(cells(adas)).to.include.members(["ada", "phone", "2"]);
    expect(cells(bens)).to.include.members(["ben", "-"]);
  });

  it("shows the same of a running server, with the members of each room", async () => {
    const token = operator();
    const ofServer = JSON.parse(await inspect([server.url, "--token", token, "--json"])) as Inspected;
    const ofFolder = JSON.parse(await inspect([folder, "--json"])) as Inspected;
    expect(ofServer.rooms).to.deep.equal(ofFolder.rooms.map((room) => ({ ...room, members: 1 })));
    expect(ofServer.inboxes).to.deep.equal(ofFolder.inboxes);
    expect(ofFolder.inboxes[0]?.devices[0]).to.deep.include({ device: "phone" });
    expect(ofFolder.inboxes[0]?.devices[0]?.cursor.offset).to.equal(1);
  });

  for (const where of ["folder", "server"] as const) {
    it(`shows with --room its last messages, of a ${where}`, async () => {
      const at = where === "folder" ? [folder] : ["--url", server.url, "--token", operator()];
      const [table = "", messages = ""] = (await inspect([...at, "--room", "lobby", "--last", "2"])).split(
        "\n\n",
      );
      expect(cells(table.split("\n")[1] ?? "")[0]).to.equal("lobby");
      const lines = messages.trimEnd().split("\n");
      expect(lines).to.have.length(2);
      expect(lines[1]).to.match(/^\S+:12 \d\d:\d\d:\d\d ADA \(websocket\) text 12$/);
    });

    it(`says so if there is nothing of a room, of a ${where}`, async () => {
      const at = where === "folder" ? [folder] : ["--url", server.url, "--token", operator()];
      const none = new TestTerminal(["inspect", ...at, "--room", "nowhere"]);
      expect(await none.exited()).to.equal(1);
      expect(await none.problems.next()).to.equal('error: there is nothing of a room "nowhere"');
    });
  }

  it("shows binary values of a folder as the bridge has them", async () => {
    const room = JSON.parse(await inspect([folder, "--room", "attic\u202e", "--json"])) as {
      messages: { data: unknown }[];
    };
    expect(room.messages[0]?.data).to.deep.equal({ a: 1, raw: { $binary: "aGk=" } });
  });

  it("shows all rooms where there are more than one page of them", async () => {
    const other = mkdtempSync(join(tmpdir(), "crossroom-inspect-"));
    const many = await openLmdbStore(other, storeOptions());
    const value = { id: "m", from: { user: "u", name: "U", sid: "s", transport: "bridge" }, data: 1 };
    await Promise.all(
      Array.from({ length: 1_005 }, (_, i) => many.log.append(`room:${i}`, { value, at: 1 })),
    );
    await many.close();
    const { rooms } = JSON.parse(await inspect(["--json"], { DATA: other })) as Inspected;
    expect(new Set(rooms.map(({ room }) => room)).size).to.equal(1_005);
    rmSync(other, { recursive: true });
  });

  it("says that there is nothing yet, in a folder that is new", async () => {
    const other = mkdtempSync(join(tmpdir(), "crossroom-inspect-"));
    await (await openLmdbStore(other, storeOptions())).close();
    expect(await inspect([other])).to.equal("There are no rooms.\n\nThere are no inboxes.\n");
    rmSync(other, { recursive: true });
  });

  it("ends with 1 for a token that is no operator's", async () => {
    const refused = new TestTerminal(["inspect", server.url, "--token", server.token("ada")]);
    expect(await refused.exited()).to.equal(1);
    expect(await refused.problems.next()).to.match(/^error: the server refused: .*crossroom_admin/);
  });

  it("ends with 1 if there is no answer", async () => {
    const alone = new TestTerminal(["inspect", "http://127.0.0.1:2", "--token", "t"]);
    expect(await alone.exited()).to.equal(1);
    expect(await alone.problems.next()).to.match(
      /^error: no answer from http:\/\/127\.0\.0\.1:2 \(.*ECONNREFUSED/,
    );
  });

  it("ends with 2 for a folder that is none, or of another program", async () => {
    const file = join(folder, "note.txt");
    writeFileSync(file, "not a folder");
    for (const where of [join(folder, "nothing"), file]) {
      const wrong = new TestTerminal(["inspect", where]);
      expect(await wrong.exited()).to.equal(2);
      expect(await wrong.problems.next())
        .to.match(/^error: /)
        .and.to.include(where);
    }
  });

  for (const [args, words] of [
    [["http://localhost:3000"], "there is no token"],
    [["folder", "--url", "http://localhost:3000"], "two places"],
    [["folder", "--room", ""], "--room must not be empty"],
    [["folder", "--last", "501"], '--last: "501" is no number'],
    [["http://localhost/?x", "-t", "t"], "is no server's address"],
  ] as const) {
    it(`ends with 2 for ${args.join(" ")}`, async () => {
      const terminal = new TestTerminal(["inspect", ...args]);
      expect(await terminal.exited()).to.equal(2);
      expect(await terminal.problems.next())
        .to.match(/^error: /)
        .and.to.include(words);
    });
  }
});
