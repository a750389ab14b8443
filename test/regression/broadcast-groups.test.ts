import { expect } from "chai";
import type { Socket } from "socket.io";
import { RoomAdapter } from "../../bridge/index.js";
import { Random, SEED } from "../support/random.js";
import type { RawWebSocket } from "../support/raw-websocket.js";
import { BridgeServer, stopServers } from "../safety/support/bridge-server.js";

const ROOMS = ["a", "b", "all"];
const CLIENTS = 5;
const TURNS = 60;

interface Member {
  ws: RawWebSocket;
  socket: Socket;
  /** What was sent to it. */
  due: number[];
}

describe("regression: in a room where one socket goes its own way, others lost a message and got the next twice", () => {
  let server: BridgeServer;
  beforeEach(async () => (server = await BridgeServer.start({}, { adapter: RoomAdapter })));
  afterEach(stopServers);

  async function member(): Promise<Member> {
    return { ...(await server.connect()), due: [] };
  }

  it("two broadcasts in a turn reach everybody once and in order, though one socket's writes are watched", async () => {
    const members = [await member(), await member(), await member()];
    members[0]?.socket.conn.on("drain", () => undefined);
    for (const { socket } of members) void socket.join("all");
    server.io.to("all").emit("n", 1);
    server.io.to("all").emit("n", 2);
    for (const { ws } of members) {
      expect((await ws.json()).args).to.deep.equal([1]);
      expect((await ws.json()).args).to.deep.equal([2]);
    }
  });

  it(`whatever is sent within one turn, to rooms and to single sockets, arrives once and in order (FUZZ_SEED=${SEED})`, async () => {
    const random = new Random(SEED);
    const members: Member[] = [];
    for (let count = 0; count < CLIENTS; count++) members.push(await member());
    // From within the flush of the turn before, too.
    let onDrain: (() => void) | undefined;
    members[2]?.socket.conn.on("drain", () => {
      const act = onDrain;
      onDrain = undefined;
      act?.();
    });
    for (const [index, { socket }] of members.entries()) {
      void socket.join(["all", index % 2 === 0 ? "a" : "b"]);
    }
    let number = 0;
    const send = (): void => {
      const n = ++number;
      if (random.oneIn(3)) {
        const { socket, due } = random.pick(members);
        socket.emit("n", n);
        due.push(n);
        return;
      }
      const room = random.pick(ROOMS);
      server.io.to(room).emit("n", n);
      for (const { socket, due } of members) if (socket.rooms.has(room)) due.push(n);
    };
    for (let turn = 0; turn < TURNS; turn++) {
      for (let count = random.below(6); count > 0; count--) send();
      if (random.oneIn(3)) onDrain = send;
      await new Promise((resolve) => setImmediate(resolve));
    }
    onDrain = undefined;
    for (const { ws, socket, due } of members) {
      socket.emit("n", "end");
      const got: unknown[] = [];
      for (let n: unknown; n !== "end"; got.push(n)) n = (await ws.json()).args?.[0];
      expect(got).to.deep.equal([...due, "end"]);
    }
  });
});
