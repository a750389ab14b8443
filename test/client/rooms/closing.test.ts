import { expect } from "chai";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Room, RoomsErrorLike } from "../../../clients/typescript/src/rooms/index.js";
import { until, within } from "../../support/deadline.js";
import { CLIENT_NAMES, Stage } from "./support/stage.js";

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => (error as RoomsErrorLike).code,
  );

/** A program that does a bit of everything, closes the layer, and has nothing else to do. */
const PROGRAM = `
  const [layer, stage, client, url] = process.argv.slice(1);
  const { createRooms } = await import(layer);
  const { CLIENTS } = await import(stage);
  const rooms = createRooms(CLIENTS[client](url), { token: () => "x" });
  const room = rooms.room("lobby");
  await room.join();
  await room.publish(1);
  await rooms.inbox.process(() => undefined);
  room.messages().next();
  rooms.send("nobody", 1).catch(() => undefined);
  rooms.close();
  console.log("closed");
`;

for (const client of CLIENT_NAMES) {
  describe(`rooms layer on ${client}: the end`, () => {
    let stage: Stage;

    afterEach(() => stage.end());

    it("rejects what waits, ends iterators, and takes nothing new, once it is closed", async () => {
      stage = await Stage.start();
      const rooms = stage.rooms(client);
      const room = rooms.room("lobby");
      await room.join();
      const iterators = [room.messages(), rooms.inbox.items()].map((iterator) => iterator.next());
      stage.stall();
      const waiting = [
        room.publish(1),
        room.publish(2),
        rooms.send("bob", 1),
        room.history(),
        rooms.room("x").join(),
      ];
      const codes = waiting.map(codeOf);
      rooms.close();
      rooms.close();
      expect(await Promise.all(codes)).to.deep.equal(waiting.map(() => "closed"));
      expect(await Promise.all(iterators)).to.deep.equal(
        iterators.map(() => ({ done: true, value: undefined })),
      );
      const late: Promise<unknown>[] = [
        rooms.ready(),
        room.join(),
        room.publish(1),
        rooms.send("bob", 1),
        room.history(),
      ];
      late.push(
        rooms.inbox.process(() => undefined),
        rooms.inbox.items().next(),
      );
      expect(await Promise.all(late.map(codeOf))).to.deep.equal([
        ...late.slice(1).map(() => "closed"),
        "none",
      ]);
      expect(await room.messages().next()).to.deep.include({ done: true });
      expect([rooms.connected, room.joined, await codeOf(room.leave())]).to.deep.equal([
        false,
        false,
        "none",
      ]);
    });

    it("leaves the socket as it was, but disconnected", async () => {
      stage = await Stage.start();
      const auth = { theme: "dark" };
      const socket = stage.socket(client, { auth });
      const listeners = (): number =>
        ["connect", "disconnect", "connect_error", "welcome", "message", "inbox"].reduce(
          (sum, event) =>
            sum + (socket as unknown as { listeners(event: string): unknown[] }).listeners(event).length,
          0,
        );
      const rooms = stage.on(socket);
      await rooms.ready();
      rooms.close();
      expect([socket.auth, socket.connected, socket.active, listeners()]).to.deep.equal([
        auth,
        false,
        false,
        0,
      ]);
    });

    it("may be closed in any listener", async () => {
      stage = await Stage.start();
      for (const event of ["connect", "disconnect", "warning"] as const) {
        const rooms = stage.rooms(client, event === "warning" ? { token: fails } : {});
        const heard = new Promise<void>((resolve) => {
          rooms.on(event, () => {
            rooms.close();
            resolve();
          });
        });
        if (event === "disconnect") await rooms.ready().then(() => stage.cut());
        await within(heard, event);
        expect([rooms.connected, await codeOf(rooms.ready())]).to.deep.equal([false, "closed"]);
      }
      const rooms = stage.rooms(client);
      const room: Room = rooms.room("lobby");
      const seen: unknown[] = [];
      room.on("message", ({ data }) => {
        seen.push(data);
        rooms.close();
      });
      await room.join();
      await Promise.all([1, 2].map((n) => codeOf(room.publish(n))));
      expect(seen).to.deep.equal([1]);
    });

    it("ends a program that has nothing else to do", async () => {
      stage = await Stage.start({
        authenticate: () => ({ ok: true, identity: { user: "ada", name: "Ada", guest: false, claims: {} } }),
      });
      const layer = new URL("../../../clients/typescript/src/rooms/index.js", import.meta.url).href;
      const support = new URL("./support/stage.js", import.meta.url).href;
      const args = ["--input-type=module", "--eval", PROGRAM, layer, support, client, stage.url];
      const { stdout } = await within(
        promisify(execFile)(process.execPath, args, { timeout: 15_000 }),
        "the program's end",
        15_000,
      );
      expect(stdout).to.equal("closed\n");
    });

    it("is not upset by listeners that throw: what they throw is an uncaught exception", async () => {
      stage = await Stage.start();
      const room = stage.rooms(client).room("lobby");
      const seen: unknown[] = [];
      room.on("message", ({ data }) => {
        throw new Error(`listener of ${String(data)}`);
      });
      room.on("message", ({ data }) => seen.push(data));
      const thrown: string[] = [];
      const others = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.on("uncaughtException", ({ message }) => thrown.push(message));
      try {
        await room.join();
        await Promise.all([1, 2].map((n) => room.publish(n)));
        await until(() => thrown.length === 2, "both exceptions");
      } finally {
        process.removeAllListeners("uncaughtException");
        for (const listener of others) process.on("uncaughtException", listener);
      }
      expect([seen, thrown]).to.deep.equal([
        [1, 2],
        ["listener of 1", "listener of 2"],
      ]);
    });
  });
}

function fails(): never {
  throw new Error("sign-in is down");
}
