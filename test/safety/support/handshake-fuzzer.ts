/** Random handshakes: right ones, wrong ones whose answer is known, and noise, which must only be survived. */
import { once } from "node:events";
import { connect } from "node:net";
import { within } from "../../support/deadline.js";
import type { Random } from "../../support/random.js";
import { handshake, parseAnswer } from "../../support/raw-websocket.js";
import { clientFrame, FrameReader, Opcode } from "../../support/wire.js";

/** What must come back: a status, with the code of the JSON body if it is the bridge that refuses. */
interface Expected {
  status: number;
  code?: string;
  /** The close code after a handshake that succeeds and bytes that are no frame. */
  close?: number;
}

interface Attempt {
  bytes: Buffer;
  /** Undefined where anything may come, but the connection must end. */
  expected: Expected | undefined;
}

/** Handshakes that are at their end before the next ones begin. */
const AT_ONCE = 16;

export async function fuzzHandshakes(port: number, random: Random, count: number): Promise<void> {
  for (let done = 0; done < count; done += AT_ONCE) {
    const attempts = Array.from({ length: Math.min(AT_ONCE, count - done) }, () => randomAttempt(random));
    await Promise.all(attempts.map((attempt) => tryOut(port, attempt)));
  }
}

async function tryOut(port: number, { bytes, expected }: Attempt): Promise<void> {
  const shown = JSON.stringify(bytes.toString("latin1"));
  const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const chunks: Buffer[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk));
  socket.on("error", () => socket.destroy()); // a reset: what came before it is the answer
  socket.on("end", () => socket.destroy());
  const closed = once(socket, "close");
  if (expected === undefined) {
    // The end of what the client sends: the server must not wait for more.
    socket.end(bytes);
  } else {
    // One that ends before it has its answer, and has said nothing yet, may get none where others come before it.
    socket.once("data", () => socket.end());
    socket.write(bytes);
  }
  try {
    await within(closed, `the end of the handshake ${shown}`);
  } finally {
    socket.destroy();
  }
  const answer = Buffer.concat(chunks);
  if (expected !== undefined) check(answer, expected, shown);
}

function check(bytes: Buffer, expected: Expected, shown: string): void {
  const answer = parseAnswer(bytes.toString("latin1"));
  const wrong = (what: string): Error => new Error(`${what} to the handshake ${shown}`);
  if (answer.status !== expected.status) throw wrong(`${answer.status} and not ${expected.status} came`);
  if (
    expected.code !== undefined &&
    !answer.body.startsWith(`{"error":{"code":"${expected.code}","message":"`)
  )
    throw wrong(`the body ${answer.body} came`);
  if (expected.close === undefined) return;
  const frames = new FrameReader().read(bytes.subarray(bytes.indexOf("\r\n\r\n") + 4));
  const close = frames.find((frame) => frame.opcode === Opcode.CLOSE)?.payload;
  const code = close === undefined || close.length < 2 ? undefined : close.readUInt16BE(0);
  if (code !== expected.close) throw wrong(`a close with ${code} and not ${expected.close} came`);
}

const BAD: Expected = { status: 400, code: "bad_handshake" };

function randomAttempt(random: Random): Attempt {
  const path = random.pick([
    "/bridge",
    "/bridge/",
    "/bridge?a=1&__proto__=x",
    "/bridge?%ff%",
    "/bridge?//[::1",
  ]);
  const sent = (headers: Record<string, string>, expected: Expected): Attempt => ({
    bytes: Buffer.from(handshake(path, headers), "latin1"),
    expected,
  });
  switch (random.below(14)) {
    case 0:
      return sent({}, { status: 101 });
    case 1:
      return sent(
        { "Sec-WebSocket-Protocol": random.pick(["crossroom.v1", "a, crossroom.v1", "x"]) },
        { status: 101 },
      );
    case 2:
      return sent({ "Sec-WebSocket-Version": random.pick(["7", "0", "14", "x", "13, 8"]) }, BAD);
    case 3:
      return sent(
        { "Sec-WebSocket-Key": random.pick(["", "short", "dGhlIHNhbXBsZSBub25jZQ", "=".repeat(24)]) },
        BAD,
      );
    case 4:
      return sent({ Upgrade: random.pick(["h2c", "websockets", "x"]) }, BAD);
    case 5:
      return sent({ "Sec-WebSocket-Protocol": random.pick([",", "a,,b", "a b", "a,a"]) }, BAD);
    case 6:
      return sent({ Connection: random.pick(["close", "keep-alive"]) }, { status: 400, code: "no_session" });
    case 7:
      return {
        bytes: Buffer.from(handshake(path).replace("GET", random.pick(["POST", "PUT", "DELETE"]))),
        expected: BAD,
      };
    case 8: {
      const garbage = Buffer.concat([
        Buffer.from([random.pick([0x70, 0x83, 0xf1, 0x80, 0x8b])]),
        random.bytes(9),
      ]);
      return {
        bytes: Buffer.concat([Buffer.from(handshake(path)), garbage]),
        expected: { status: 101, close: 1002 },
      };
    }
    case 9: {
      const early = clientFrame({ opcode: Opcode.TEXT, payload: '{"type":"connect"}' });
      return { bytes: Buffer.concat([Buffer.from(handshake(path)), early]), expected: { status: 101 } };
    }
    case 10: {
      const headers = {
        [random.pick(["__proto__", "constructor", "X-Big"])]: "x".repeat(random.below(9_000)),
      };
      return sent(headers, { status: 101 });
    }
    case 11: {
      const whole = Buffer.from(handshake(path));
      return { bytes: whole.subarray(0, random.below(whole.length)), expected: undefined };
    }
    case 12: {
      const bytes = Buffer.concat([Buffer.from(handshake(path)), random.bytes(random.below(200))]);
      return { bytes, expected: { status: 101 } };
    }
    default: {
      const bytes = Buffer.from(handshake(path));
      for (let times = 1 + random.below(4); times > 0; times--)
        bytes[random.below(bytes.length)] = random.below(256);
      return { bytes, expected: undefined };
    }
  }
}
