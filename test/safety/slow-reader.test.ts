import { expect } from "chai";
import { GatheringWebSocketServer, RoomAdapter } from "../../bridge/index.js";
import { until, within } from "../support/deadline.js";
import { collectGarbage } from "../support/garbage.js";
import { jsonOf, type RawWebSocket } from "../support/raw-websocket.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";

const READERS = 100;
const MESSAGES = 800;
const PADDING = "x".repeat(20_000);
const MAX_BUFFERED = 1024 ** 2;
/** Messages from one look at the memory to the next. */
const LOOK = 50;
/** Bytes: each reader of this test may hold the last message that it got, and 1 MB. With no limit, growth was three times as much. */
const NOISE = READERS * PADDING.length + 1024 ** 2;

describe("a reader that stops reading", function () {
  this.timeout(60_000);
  afterEach(stopServers);

  it("is closed with 4503 while 100 others in its room miss nothing, and costs no more than the limit", async () => {
    const options = { adapter: RoomAdapter, wsEngine: GatheringWebSocketServer };
    const server = await BridgeServer.start(
      { maxBufferedBytes: MAX_BUFFERED, closeTimeout: 30_000 },
      options,
    );
    server.io.on("connection", (socket) => void socket.join("room"));
    const { ws: slow, socket: slowSocket } = await server.connect();
    const readers = await Promise.all(Array.from({ length: READERS }, () => server.open()));
    const seen = await Promise.all(readers.map(follow));
    const ended = new Promise<string>((resolve) => slowSocket.once("disconnect", resolve));

    slow.socket.pause();
    const before = await bufferBytes();
    let most = 0;
    for (let number = 1; number <= MESSAGES; number++) {
      server.io.to("room").emit("news", number, PADDING);
      await until(() => seen.every((numbers) => numbers.length === number), `all have seen ${number}`);
      if (number % LOOK === 0) most = Math.max(most, await bufferBytes());
    }

    expect(await within(ended, "the end of the slow reader")).to.equal("transport error");
    expect(most - before).to.be.below(MAX_BUFFERED + NOISE);
    for (const numbers of seen) expect(numbers).to.deep.equal(oneTo(MESSAGES));

    slow.socket.resume();
    const { frames, close } = await slow.end();
    expect(close).to.deep.equal({ code: 4503, reason: "slow_reader" });
    const received = frames.map((frame) => frame.args?.[0]);
    expect(received.length).to.be.below(MESSAGES);
    expect(received, "what it did get is whole and in order").to.deep.equal(oneTo(received.length));
  });
});

/** Connects to `/`, and notes the numbers that come. */
async function follow(ws: RawWebSocket): Promise<number[]> {
  const numbers: number[] = [];
  const connected = new Promise<void>((resolve) => {
    ws.onFrame = (frame) => {
      const json = jsonOf(frame);
      if (json.type === "connected") resolve();
      else numbers.push(Number(json.args?.[0]));
    };
  });
  ws.send({ type: "connect" });
  await within(connected, "connected");
  return numbers;
}

function oneTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

/**
 * What buffers take, once the garbage is collected. Not `external`: what a collection frees is subtracted from that when the next
 * one begins, so that it still counts what became garbage before, which is more where the young generation is larger (Node 24).
 */
async function bufferBytes(): Promise<number> {
  await collectGarbage();
  return process.memoryUsage().arrayBuffers;
}
