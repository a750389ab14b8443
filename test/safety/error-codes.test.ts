/** Every code of an `error` frame (PROTOCOL.md, 7.1), and what it costs the client. */
import { expect } from "chai";
import { ERROR_CODES, type ErrorCode } from "../../bridge/index.js";
import type { RawWebSocket } from "../support/raw-websocket.js";
import { clientFrame, Opcode } from "../support/wire.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";

afterEach(stopServers);

const EVENT = { type: "event", event: "chat", id: 5 };
const BINARY = { $binary: "QQ==" };

/** One way to each code, with a client that is connected to `/`. Frames to `/slow` wait for their answer. */
const WAYS: Record<ErrorCode, (ws: RawWebSocket, server: BridgeServer) => void | Promise<void>> = {
  invalid_json: (ws) => ws.send("{"),
  invalid_frame: (ws) => ws.send("[]"),
  unknown_type: (ws) => ws.send({ type: "subscribe", id: 5 }),
  invalid_field: (ws) => ws.send({ ...EVENT, args: "not an array" }),
  reserved_event: (ws) => ws.send({ ...EVENT, event: "disconnecting" }),
  binary_message: (ws) => ws.write(clientFrame({ opcode: Opcode.BINARY, payload: "{}" })),
  too_deep: (ws) => ws.send({ ...EVENT, args: nested(128) }),
  too_many_attachments: (ws) => ws.send({ ...EVENT, args: Array.from({ length: 11 }, () => BINARY) }),
  namespace_closed: async (ws, { io }) => {
    io.disconnectSockets();
    expect(await ws.json()).to.include({ type: "disconnect" });
    ws.send(EVENT);
  },
  not_connected: (ws) => ws.send({ ...EVENT, ns: "/slow" }),
  already_connected: (ws) => ws.send({ type: "connect" }),
  too_many_early_frames: (ws) => {
    ws.send({ type: "connect", ns: "/slow" });
    for (let times = 0; times < 101; times++) ws.send({ ...EVENT, ns: "/slow" });
  },
};

async function connect(): Promise<{ ws: RawWebSocket; server: BridgeServer }> {
  const server = await BridgeServer.start();
  server.io.of("/slow").use(() => undefined);
  const { ws } = await server.connect();
  return { ws, server };
}

describe("the error codes", () => {
  it("are each produced by a test", () => {
    expect(Object.keys(WAYS)).to.have.members(Object.keys(ERROR_CODES));
  });

  for (const [name, way] of Object.entries(WAYS)) {
    const { fatal } = ERROR_CODES[name as ErrorCode];

    it(`${name}: ${fatal ? "the connection is closed with 4409" : "costs nothing else"}`, async () => {
      const { ws, server } = await connect();
      await way(ws, server);
      const error = await ws.json();
      expect(error).to.include({ type: "error", code: name });
      expect(error.message).to.be.a("string").that.is.not.empty;
      if (fatal) {
        const { frames, close } = await ws.end();
        expect(close).to.deep.equal({ code: 4409, reason: "protocol_violation" });
        expect(frames).to.be.empty;
      } else {
        ws.send({ type: "ping", data: name });
        expect(await ws.json()).to.deep.equal({ type: "pong", data: name });
      }
    });
  }

  it("come with the id of the refused event, where it can be read", async () => {
    const { ws } = await connect();
    for (const args of ["not an array", Array.from({ length: 11 }, () => BINARY), nested(128)]) {
      ws.send({ ...EVENT, args });
      expect(await ws.json()).to.include({ type: "error", id: 5 });
    }
  });

  it("too_deep begins at 129 levels, the frame itself counted", async () => {
    const { ws } = await connect();
    ws.send({ type: "ping", data: nested(127) });
    expect((await ws.json()).type).to.equal("pong");
    ws.send({ type: "ping", data: nested(128) });
    expect(await ws.json()).to.include({ code: "too_deep" });
  });

  it("too_many_early_frames comes for more than maxPayload bytes, too, whatever the characters", async () => {
    const server = await BridgeServer.start({ maxPayload: 1_000 });
    server.io.of("/slow").use(() => undefined);
    const ws = await server.open();
    ws.send({ type: "connect", ns: "/slow" });
    const frame = { type: "event", ns: "/slow", event: "€".repeat(160) }; // 480 bytes of UTF-8
    ws.send(frame);
    ws.send(frame);
    ws.send({ type: "ping" });
    expect(await ws.json()).to.include({ code: "too_many_early_frames" });
    expect((await ws.end()).close.code).to.equal(4409);
  });

  it("do not repeat more than a few words of what the client sent", async () => {
    const { ws } = await connect();
    ws.send({ type: "x".repeat(10_000) });
    const error = await ws.json();
    expect(error).to.include({ code: "unknown_type" });
    expect(error.message?.length).to.be.below(100);
  });
});

/** Arrays, one in the other. */
function nested(deep: number): unknown {
  return JSON.parse("[".repeat(deep) + "]".repeat(deep));
}
