/** Whatever a server sends, the rooms layer warns, and goes on: on a socket whose other side is the test, and on real ones. */
import { expect } from "chai";
import * as fc from "fast-check";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Server } from "socket.io";
import type { RoomsErrorLike } from "../../../clients/typescript/src/rooms/index.js";
import { decodeFrame } from "../../../clients/typescript/src/frames.js";
import { HOSTILE, messagesOf, type HostileVector } from "../../support/hostile-vectors.js";
import { within } from "../../support/deadline.js";
import { attachBridge } from "../../../bridge/index.js";
import { CLIENT_NAMES, Stage } from "./support/stage.js";
import { fakeRig, type FakeSocket, type MadeCall } from "./support/fake-socket.js";

const { answers, then, welcome } = HOSTILE;
const VECTORS = HOSTILE.vectors.filter(({ layer }) => layer === "rooms");

/** Right in all that the layer reads, or of a room that it is not in: of these it says nothing. */
const HARMLESS = /nobody is in|__proto__|device_returned of wrong|"expiresAt":-1|5,000 deep/;

/** Answers the calls that the layer has made, as the script says; those of this name with what the vector says. */
function answerAll(socket: FakeSocket, name?: string, args: unknown[] = []): void {
  for (let call = socket.calls.shift(); call !== undefined; call = socket.calls.shift()) {
    if (call.name === name) call.answerWith(...args);
    else call.answer(answers[call.name] ?? {});
  }
}

/** The arguments of what a vector sends. */
function argsOf(vector: HostileVector): unknown[] {
  const frame = decodeFrame(messagesOf(vector)[0] as string);
  if (frame.type !== "event" && frame.type !== "ack") throw new Error(frame.type);
  return frame.args;
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: unknown) => (error as RoomsErrorLike).code,
  );

/** A layer in the room `r` with its inbox open, and what it has told. */
function enter() {
  const rig = fakeRig({ device: "d" });
  const { socket, rooms } = rig;
  const warnings: Error[] = [];
  const got: string[] = [];
  rooms.on("warning", (warning) => warnings.push(warning));
  const room = rooms.room("r");
  room.on("message", ({ id }) => got.push(id));
  void room.join();
  void rooms.inbox.process(({ id }) => void got.push(id));
  socket.welcome({ device: "d" });
  answerAll(socket);
  const call = (name: string): Promise<unknown> => {
    if (name === "publish") return room.publish(1);
    if (name === "send") return rooms.send("ben", 1);
    if (name === "history") return room.history();
    if (name === "inbox") return rooms.inbox.process(() => undefined);
    return room.join();
  };
  return { ...rig, room, warnings, got, call };
}

describe("rooms layer: a hostile server", () => {
  for (const vector of VECTORS.filter(({ then: outcome }) => outcome === "message" || outcome === "item")) {
    it(`while joined: ${vector.name}`, async () => {
      const { socket, got, warnings } = enter();
      const frame = decodeFrame(messagesOf(vector)[0] as string);
      if (frame.type !== "event") throw new Error(frame.type);
      socket.fire(frame.event, ...frame.args);
      answerAll(socket);
      const good = vector.then === "item" ? then.item : then.message;
      socket.fire(good.event, ...good.args);
      await Promise.resolve();
      expect(got).to.deep.equal(["good"]);
      expect(warnings.length > 0).to.equal(!HARMLESS.test(vector.name));
    });
  }

  for (const vector of VECTORS.filter(({ then: outcome }) => outcome === "ready")) {
    it(`at the welcome: ${vector.name}`, async () => {
      const { socket, rooms } = fakeRig({ device: "d" });
      const ready = rooms.ready();
      socket.connected = true;
      socket.active = true;
      socket.fire("connect");
      socket.fire("welcome", ...argsOf(vector));
      socket.fire("welcome", ...welcome.args);
      expect(await ready).to.include({ user: "ada" });
    });
  }

  for (const vector of VECTORS.filter(({ then: outcome }) => outcome === "bad_answer")) {
    it(`to ${vector.at}: ${vector.name}`, async () => {
      const { socket, rooms, room, call } = enter();
      if (vector.at === "inbox") rooms.inbox.items();
      if (vector.at === "join") {
        void room.leave();
        answerAll(socket);
      }
      if (vector.at === "inbox")
        return expect(await refusedInbox(vector)).to.deep.equal(["bad_answer", "none"]);
      const bad = codeOf(call(vector.at));
      answerAll(socket, vector.at, argsOf(vector));
      await Promise.resolve();
      answerAll(socket, vector.at, argsOf(vector));
      expect(await bad).to.equal("bad_answer");
      const good = codeOf(call(vector.at));
      await Promise.resolve();
      answerAll(socket);
      expect(await good).to.equal("none");
    });
  }

  async function refusedInbox(vector: HostileVector): Promise<string[]> {
    const { socket, rooms } = fakeRig({ device: "d" });
    socket.welcome({ device: "d" });
    const bad = codeOf(rooms.inbox.process(() => undefined));
    answerAll(socket, "inbox", argsOf(vector));
    const code = await bad;
    const good = codeOf(rooms.inbox.process(() => undefined));
    answerAll(socket);
    return [code, await good];
  }

  for (const vector of VECTORS.filter(({ then: outcome }) => outcome === "nothing" || outcome === "end")) {
    it(`at "${vector.at}": ${vector.name}`, async () => {
      const { socket, rooms, room } = enter();
      if (vector.at === "connect") {
        const frame = decodeFrame(messagesOf(vector)[0] as string);
        if (frame.type !== "connect_error") throw new Error(frame.type);
        socket.lose();
        socket.active = false;
        const ended = new Promise((resolve) => rooms.on("end", resolve));
        socket.fire("connect_error", Object.assign(new Error(frame.message), { data: frame.data }));
        expect(await ended).to.be.instanceOf(Error);
      } else {
        if (vector.at === "leave") void room.leave();
        else socket.fire(then.item.event, ...then.item.args);
        await Promise.resolve();
        await Promise.resolve();
        answerAll(socket, vector.at, argsOf(vector));
      }
      rooms.close();
    });
  }

  it("may send any JSON in place of every event and answer, at any time, and take the layer nowhere", () => {
    const name = fc.constantFrom(
      ...["welcome", "message", "signal", "presence", "inbox", "token_expiring", "token_renewed"],
      ...["session_end", "device_taken", "device_returned", "connect_error", "answer"],
    );
    const near = fc.constantFrom(
      ...Object.values(answers),
      ...welcome.args,
      ...then.message.args,
      ...then.item.args,
    );
    /** What is right but for one field. */
    const almost = fc.tuple(near, fc.string(), fc.jsonValue(), fc.nat()).map(([whole, odd, value, pick]) => {
      const keys = [...Object.keys(whole as object), odd];
      return { ...(whole as object), [keys[pick % keys.length] ?? odd]: value };
    });
    const steps = fc.array(fc.tuple(name, fc.oneof(fc.jsonValue(), almost)), { maxLength: 12 });
    fc.assert(
      fc.property(steps, (all) => {
        const { socket, rooms, room, clock } = enter();
        for (const [event, value] of all) {
          const settled = [room.publish(1), room.join({ history: 2 }), rooms.send("x", 1), room.history()];
          for (const promise of settled) promise.catch(() => undefined);
          if (event === "answer") socket.calls.shift()?.answerWith(value);
          else if (event === "connect_error")
            socket.fire(event, Object.assign(new Error(""), { data: value }));
          else socket.fire(event, value);
          clock.advance(1_000);
          room.members.get("x");
        }
        rooms.close();
      }),
      { numRuns: 300 },
    );
  });
});

describe("rooms layer: a hostile server, on real sockets", () => {
  for (const client of CLIENT_NAMES) {
    it(`goes on over ${client}, whatever comes`, async () => {
      const http = createServer();
      const io = new Server(http);
      attachBridge(io, http);
      await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
      const { port } = http.address() as AddressInfo;
      io.on("connection", (socket) => {
        for (const name of Object.keys(answers)) {
          socket.on(name, (_argument: unknown, ack?: (answer: unknown) => void) => ack?.(answers[name]));
        }
        socket.emit(welcome.event, ...welcome.args);
      });
      const stage = await Stage.start();
      const rooms = stage.on(stage.socketTo(client, `http://127.0.0.1:${port}`), { device: "d" });
      try {
        const room = rooms.room("r");
        const came = new Promise<string>((resolve) => room.on("message", ({ id }) => resolve(id)));
        await within(room.join(), "the join");
        for (const vector of VECTORS.filter(({ then: outcome }) => outcome === "message")) {
          // Socket.IO's own server could not send it.
          if (vector.name.includes("5,000 deep")) continue;
          const frame = decodeFrame(messagesOf(vector)[0] as string);
          if (frame.type === "event") io.emit(frame.event, ...frame.args);
        }
        io.emit(then.message.event, ...then.message.args);
        expect(await within(came, "the good message")).to.equal("good");
      } finally {
        rooms.close();
        await stage.end();
        await io.close();
      }
    });
  }
});

describe("rooms layer: a server that gives, and takes back at once", () => {
  const from = { user: "q", name: "q", sid: "s", transport: "bridge" };
  const at = (offset: number, epoch = "e"): object => ({ epoch, offset });
  const foreign = { room: "r", id: "m", position: at(1, "other"), from, data: 1, at: 1 };
  const member = { user: "ada", name: "Ada", devices: [] };
  const leave = { room: "r", count: 0, changes: [{ type: "leave", member }] };

  const KINDS: [what: string, answer: (socket: FakeSocket, call: MadeCall) => void][] = [
    [
      "history is not_joined",
      (_, call) => {
        if (call.name === "history") call.refuse("not_joined", false);
        else call.answer({ position: at(9), members: [], count: 0, recovered: false, messages: [] });
      },
    ],
    [
      "messages of another log",
      (socket, call) => {
        call.answer({ position: at(1), members: [], count: 0, recovered: true, messages: [] });
        socket.fire("message", foreign);
      },
    ],
    [
      "one's own leave",
      (socket, call) => {
        call.answer({ position: at(1), members: [], count: 0, recovered: true, messages: [] });
        socket.fire("presence", leave);
      },
    ],
  ];
  for (const [what, answer] of KINDS) {
    it(`is asked again after pauses that grow: ${what}`, () => {
      const { socket, rooms, clock } = fakeRig();
      let joins = 0;
      const serve = (): void => {
        for (let call = socket.calls.shift(); call !== undefined; call = socket.calls.shift()) {
          if (call.name === "join") joins++;
          answer(socket, call);
        }
      };
      void rooms.room("r").join({ since: { epoch: "e", offset: 1 } });
      socket.welcome();
      for (let i = 0; i < 600; i++) {
        serve();
        clock.advance(100);
      }
      expect(joins).to.be.within(5, 20); // in a minute
    });
  }
});
