import { expect } from "chai";
import type { Rooms, RoomsErrorLike, RoomsOptions } from "../../../clients/typescript/src/rooms/index.js";
import { apiError, type Authenticate, type Policy } from "../../../server/index.js";
import { until, within } from "../../support/deadline.js";
import { next } from "./support/record.js";
import { CLIENT_NAMES, MemoryStorage, Stage } from "./support/stage.js";

const MINUTE = 60_000;

/** Judges tokens of the form `<user> <milliseconds that it is good for, from the first time it is seen> ...`. */
function judge(): { authenticate: Authenticate; shown: string[] } {
  const shown: string[] = [];
  const ends = new Map<string, number>();
  const authenticate: Authenticate = ({ auth }) => {
    const token = String((auth as { token?: unknown }).token);
    shown.push(token);
    const [user = "", time = "0", word = ""] = token.split(" ");
    if (word === "refused") return { ok: false, error: apiError("unauthorized") };
    if (word === "failing" && shown.length === 1) return { ok: false, error: apiError("internal") };
    const expiresAt = ends.get(token) ?? Date.now() + Number(time);
    ends.set(token, expiresAt);
    if (expiresAt <= Date.now()) return { ok: false, error: apiError("token_expired") };
    return {
      ok: true,
      identity: { user, name: user, guest: false, claims: { word }, issuedAt: 1, expiresAt },
    };
  };
  return { authenticate, shown };
}

for (const client of CLIENT_NAMES) {
  describe(`rooms layer on ${client}: tokens`, () => {
    let stage: Stage;

    afterEach(() => stage.end());

    function enter(options: RoomsOptions): { rooms: Rooms; end: Promise<RoomsErrorLike> } {
      const rooms = stage.rooms(client, options);
      return { rooms, end: next<RoomsErrorLike>(rooms, "end") };
    }

    it("asks for one at every connect", async () => {
      const { authenticate, shown } = judge();
      stage = await Stage.start({ authenticate });
      let asked = 0;
      const { rooms } = enter({ token: () => Promise.resolve(`ada ${10 * MINUTE} ${++asked}`) });
      await rooms.ready();
      const again = next(rooms, "connect");
      stage.cut();
      await within(again, "the reconnect");
      expect(shown).to.deep.equal([`ada ${10 * MINUTE} 1`, `ada ${10 * MINUTE} 2`]);
    });

    it("shows a new one before the old one runs out, and stays connected", async () => {
      const { authenticate, shown } = judge();
      stage = await Stage.start({ authenticate });
      const tokens = [`ada ${MINUTE / 2}`, `ada ${20 * MINUTE}`];
      const { rooms } = enter({ token: () => tokens.shift() ?? "" });
      const { sid } = await rooms.ready();
      await until(() => (rooms.self?.expiresAt ?? 0) > Date.now() + 19 * MINUTE, "the token is a new one");
      expect([rooms.self?.sid, shown.length]).to.deep.equal([sid, 2]);
    });

    it("asks again for one where asking fails, to connect and to go on, and says so", async () => {
      const { authenticate, shown } = judge();
      stage = await Stage.start({ authenticate });
      const answers: (() => string)[] = [fails, () => `ada ${MINUTE / 2}`, fails, () => `ada ${20 * MINUTE}`];
      const { rooms } = enter({ token: async () => Promise.resolve((answers.shift() ?? fails)()) });
      const warnings: string[] = [];
      rooms.on("warning", ({ message }) => warnings.push(message));
      await rooms.ready();
      await until(() => shown.length === 2, "the second token is shown");
      expect(warnings).to.deep.equal(["sign-in is down", "sign-in is down"]);
    });

    it("comes back with a fresh one after a session that ran out", async () => {
      const { authenticate, shown } = judge();
      stage = await Stage.start({ authenticate });
      const tokens = ["ada 300", `ada ${10 * MINUTE}`];
      const { rooms } = enter({ token: () => (rooms.connected ? fails() : (tokens.shift() ?? fails())) });
      await rooms.room("lobby").join();
      const gone = next(rooms, "disconnect");
      const again = next(rooms.room("lobby"), "joined");
      await within(gone, "the end of the session");
      await within(again, "the join");
      expect(shown).to.deep.equal(["ada 300", `ada ${10 * MINUTE}`]);
    });

    it("ends after two fresh ones in a row have run out already", async () => {
      const { authenticate, shown } = judge();
      stage = await Stage.start({ authenticate });
      let asked = 0;
      const { rooms, end } = enter({ token: () => `ada 0 ${++asked}` });
      const ready = rooms.ready().catch((error: unknown) => error);
      expect(await within(end, "the end")).to.include({ code: "token_expired" });
      expect(await ready).to.include({ code: "token_expired" });
      expect(shown).to.deep.equal(["ada 0 1", "ada 0 2"]);
    });

    it("ends with a token that is always the same one, and has run out", async () => {
      const { authenticate } = judge();
      stage = await Stage.start({ authenticate });
      const { rooms, end } = enter({ token: "ada 300" });
      await rooms.ready();
      const pending = rooms
        .room("lobby")
        .messages()
        .next()
        .catch((error: unknown) => error);
      expect(await within(end, "the end")).to.include({ code: "token_expired" });
      expect(await pending).to.include({ code: "token_expired" });
    });

    it("ends if it is refused, and everything that waits is rejected with the reason", async () => {
      const { authenticate, shown } = judge();
      stage = await Stage.start({ authenticate });
      const { rooms, end } = enter({ token: () => "ada 0 refused" });
      const room = rooms.room("lobby");
      const waiting: Promise<unknown>[] = [
        rooms.ready(),
        room.join(),
        room.publish(1),
        rooms.send("bob", 1),
        room.history(),
      ];
      waiting.push(rooms.inbox.process(() => undefined));
      const codes = waiting.map((promise) => promise.then(() => "none", codeOf));
      expect(await within(end, "the end")).to.include({ code: "unauthorized", retryable: false });
      expect(await Promise.all(codes)).to.deep.equal(waiting.map(() => "unauthorized"));
      expect([await room.join().catch(codeOf), shown.length]).to.deep.equal(["unauthorized", 1]);
    });

    it("ends if it is revoked, and does not come back", async () => {
      const { authenticate, shown } = judge();
      stage = await Stage.start({ authenticate });
      const { rooms, end } = enter({ token: () => `ada ${10 * MINUTE}` });
      await rooms.ready();
      await stage.server.revoke({ type: "user", user: "ada", issuedBefore: Date.now() });
      expect(await within(end, "the end")).to.include({ code: "token_revoked" });
      expect([rooms.connected, shown.length]).to.deep.equal([false, 1]);
    });

    it("tries again where the server fails to judge it", async () => {
      const { authenticate, shown } = judge();
      stage = await Stage.start({ authenticate });
      const { rooms } = enter({ token: () => `ada ${10 * MINUTE} failing` });
      await within(rooms.ready(), "ready");
      expect(shown).to.have.length(2);
    });

    it("leaves the rooms that a new one does not open, and says so", async () => {
      const { authenticate } = judge();
      const rights = (join: boolean): ReturnType<Policy["rights"]> => ({
        join,
        publish: true,
        presence: true,
        history: true,
      });
      const policy: Policy = {
        rights: ({ claims }, room) => rights(room === "open" || claims["word"] === "member"),
        maySend: () => true,
      };
      stage = await Stage.start({ authenticate, policy });
      // The second one is asked for at once, as the first is good for less than a minute; it waits for both joins.
      let give: ((token: string) => void) | undefined;
      const later = new Promise<string>((resolve) => (give = resolve));
      const tokens = [`ada ${MINUTE / 2} member`, later];
      const { rooms } = enter({ token: () => Promise.resolve(tokens.shift() ?? "") });
      await Promise.all(["open", "closed"].map((name) => rooms.room(name).join()));
      const left = next<RoomsErrorLike>(rooms.room("closed"), "left");
      give?.(`ada ${10 * MINUTE} guest`);
      expect(await within(left, "the end of the stay")).to.include({ code: "forbidden" });
      expect(["open", "closed"].map((name) => rooms.room(name).joined)).to.deep.equal([true, false]);
    });

    it("stays the same guest over reconnects and reloads, without any", async () => {
      stage = await Stage.start();
      const storage = new MemoryStorage();
      const { rooms } = enter({ storage, name: "Ada" });
      const { user, device } = await rooms.ready();
      const again = next<{ user: string }>(rooms, "connect");
      stage.cut();
      expect((await within(again, "the reconnect")).user).to.equal(user);
      rooms.close();
      expect(await enter({ storage }).rooms.ready()).to.include({ user, device });
      expect((await enter({}).rooms.ready()).user).not.to.equal(user);
    });

    it("becomes a new guest where the server does not know the old one any more", async () => {
      stage = await Stage.start();
      const storage = new MemoryStorage();
      const { rooms } = enter({ storage });
      const { user } = await rooms.ready();
      const again = next<{ user: string }>(rooms, "connect");
      await stage.down();
      await stage.up();
      const { user: other } = await within(again, "the reconnect");
      expect(other).not.to.equal(user);
      rooms.close();
      expect((await enter({ storage }).rooms.ready()).user).to.equal(other);
    });
  });
}

function fails(): never {
  throw new Error("sign-in is down");
}

const codeOf = (error: unknown): string => (error as RoomsErrorLike).code;
