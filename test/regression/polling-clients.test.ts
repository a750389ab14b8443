/** A client of Socket.IO that only polls: its calls are answered one after another, and none waits for the heartbeat. */
import { expect } from "chai";
import { io as connect, type Socket } from "socket.io-client";
import { startRooms, type Running } from "../server/support/server.js";
import { within } from "../support/deadline.js";

/** Milliseconds: far more than a call takes, and far less than Socket.IO's heartbeat, at which a polling client hears something. */
const DEADLINE = 10_000;

describe("a client that polls", () => {
  let server: Running;
  let client: Socket;

  beforeEach(async () => {
    server = await startRooms();
    client = connect(server.url, { transports: ["polling"], forceNew: true });
    await within(new Promise((resolve) => client.once("welcome", resolve)), "a welcome");
  });

  afterEach(async () => {
    client.disconnect();
    await server.close();
  });

  const call = async (event: string, argument: object): Promise<unknown> => {
    const answer: unknown = await within(client.emitWithAck(event, argument), event, DEADLINE);
    expect(answer, event).to.include({ ok: true });
    return answer;
  };

  it("makes one call after another, large answers among them, without waiting for a heartbeat", async () => {
    await call("join", { room: "r" });
    await call("publish", { room: "r", data: "x".repeat(10_000) });
    await call("history", { room: "r" });
    await call("presence", { room: "r" });
    await call("join", { room: "r" });
    await call("publish", { room: "r", data: 1 });
  });

  it("gets the answers of calls that it made without waiting for any, in order", async () => {
    await call("join", { room: "r" });
    const calls = ["history", "presence", "history", "presence", "leave"];
    const answered: string[] = [];
    await Promise.all(calls.map((event) => call(event, { room: "r" }).then(() => answered.push(event))));
    expect(answered).to.deep.equal(calls);
  });
});
