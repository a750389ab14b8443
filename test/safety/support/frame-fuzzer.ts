/**
 * One attacker: sends random messages over connection after connection, and compares all that comes back with the model.
 * What may end the connection goes alone, so that the answers to what went before have come.
 */
import { isDeepStrictEqual } from "node:util";
import { within } from "../../support/deadline.js";
import type { Random } from "../../support/random.js";
import { jsonOf, RawWebSocket, type Json } from "../../support/raw-websocket.js";
import { clientFrame, Opcode, type ServerWireFrame } from "../../support/wire.js";
import { randomMessage } from "./messages.js";
import { SessionModel, type ExpectedAck, type Outcome, type Reply } from "./session-model.js";
import { randomFault, scattered } from "./wire-faults.js";

/** Frames before a look at the answers. */
const BATCH = 100;

/** One frame in so many breaks the WebSocket protocol, or is cut off. */
const FAULT_ONE_IN = 60;

const STATEFUL_ONE_IN = 80;

/** What was sent and not answered yet. */
interface Batch {
  bytes: Buffer[];
  replies: Reply[];
  acks: ExpectedAck[];
  pongs: string[];
}

/** What came back. */
interface Received {
  replies: Json[];
  acks: Json[];
  answers: Json[];
  pongs: string[];
}

export class FrameFuzzer {
  readonly #port: number;
  readonly #random: Random;
  /** Frames sent so far. */
  sent = 0;
  #ws: RawWebSocket | undefined;
  #model = new SessionModel();
  #received: Received = nothing();
  /** Events that the server has been sent on the connection to `/`. */
  #events = 0;
  #ids = 0;
  #maxPayload = 0;
  #wake: (() => void) | undefined;
  #batch: Batch = emptyBatch();

  constructor(port: number, random: Random) {
    this.#port = port;
    this.#random = random;
  }

  /** Sends `count` frames, and ends its connection. Rejects at the first wrong answer. */
  async run(count: number): Promise<void> {
    const end = this.sent + count;
    while (this.sent < end) await this.#step();
    await this.#settle();
    await this.#ws?.leave();
    this.#ws = undefined;
  }

  async #step(): Promise<void> {
    const random = this.#random;
    this.#ws ??= await this.#open();
    this.sent++;
    if (random.oneIn(FAULT_ONE_IN)) {
      await this.#settle();
      await (random.oneIn(4) ? this.#cutOff() : this.#breakProtocol());
      return;
    }
    if (random.oneIn(20)) {
      this.#sendControl();
    } else if (random.oneIn(20)) {
      const bytes = clientFrame({ opcode: Opcode.BINARY, payload: random.bytes(random.below(30)) });
      this.#batch.replies.push({ type: "error", codes: ["binary_message"], id: undefined, cause: "binary" });
      this.#batch.bytes.push(bytes);
    } else {
      await this.#sendMessage();
    }
    if (this.#batch.bytes.length >= BATCH) await this.#settle();
  }

  async #sendMessage(): Promise<void> {
    const options = { nextId: () => this.#ids++, statefulOneIn: STATEFUL_ONE_IN };
    // What is no whole character goes as the one that stands for it.
    const text = Buffer.from(randomMessage(this.#random, options)).toString();
    const outcome = this.#model.expect(text);
    if (outcome.kind !== "plain") {
      await this.#settle();
      await this.#sendAlone(text, outcome);
      return;
    }
    const { reply, ack } = outcome;
    if (reply !== undefined) this.#batch.replies.push(reply);
    if (ack !== undefined) this.#batch.acks.push(ack);
    if (outcome.event && nsOf(text) === "/") this.#events++;
    this.#batch.bytes.push(
      scattered(this.#random, text, this.#random.oneIn(9) ? this.#control() : undefined),
    );
  }

  #sendControl(): void {
    this.#batch.bytes.push(this.#control());
  }

  /** A ping, which the server must answer, or a pong, which it must not. */
  #control(): Buffer {
    const payload = this.#random.bytes(this.#random.below(126));
    if (this.#random.oneIn(2)) return clientFrame({ opcode: Opcode.PONG, payload });
    this.#batch.pongs.push(payload.toString("hex"));
    return clientFrame({ opcode: Opcode.PING, payload });
  }

  async #open(): Promise<RawWebSocket> {
    const ws = await RawWebSocket.open(this.#port);
    ws.onFrame = (frame) => this.#take(frame);
    void ws.closed.then(() => this.#wake?.());
    this.#ws = ws;
    this.#model = new SessionModel();
    this.#received = nothing();
    await this.#connect("/", "connected", '{"type":"connect"}');
    return ws;
  }

  /** Sends all that waits, and compares what comes back with what must. */
  async #settle(): Promise<void> {
    const ws = this.#ws;
    const batch = this.#batch;
    if (ws === undefined || batch.bytes.length === 0) return;
    this.#batch = emptyBatch();
    const id = this.#ids++;
    ws.write(Buffer.concat(batch.bytes));
    ws.send({ type: "event", event: "barrier", id });
    this.#events++;
    await this.#wait(
      () => this.#received.acks.some((ack) => ack.id === id && (ack.ns ?? "/") === "/"),
      batch,
    );
    const received = this.#received;
    this.#received = nothing();
    // With `id` and one number of events seen: no event was lost, and none counted twice.
    const barrier = { ns: "/", id, args: JSON.stringify([this.#events]), cause: "the count of events" };
    compare(received, { ...batch, acks: [...batch.acks, barrier] });
  }

  async #sendAlone(text: string, outcome: Outcome): Promise<void> {
    switch (outcome.kind) {
      case "connect":
        await this.#connect(outcome.ns, outcome.answer, text);
        return;
      case "disconnect":
        this.#model.leave(outcome.ns);
        this.#ws?.send(text);
        if (outcome.ns === "/") await this.#connect("/", "connected", '{"type":"connect"}');
        return;
      case "fatal":
        this.#ws?.send(text);
        await this.#expectClose(4409, text);
        compare(this.#received, {
          ...emptyBatch(),
          replies: [{ type: "error", codes: outcome.codes, id: undefined, cause: text }],
        });
    }
  }

  async #connect(ns: string, answer: "connected" | "connect_error", text: string): Promise<void> {
    if (ns === "/") this.#events = 0;
    this.#ws?.send(text);
    const received = this.#received;
    await this.#wait(() => received.answers.length > 0, { cause: text });
    const [frame] = received.answers.splice(0);
    if (frame?.type !== answer || (frame.ns ?? "/") !== ns) {
      throw new Error(`${answer} was due, and came ${JSON.stringify(frame)} to ${text}`);
    }
    if (answer === "connected") this.#maxPayload = Number(frame["maxPayload"]);
    this.#model.settle(ns, answer);
  }

  async #breakProtocol(): Promise<void> {
    const { bytes, code } = randomFault(this.#random, this.#maxPayload);
    this.#ws?.write(bytes);
    await this.#expectClose(code, bytes.toString("hex", 0, 200));
  }

  /** Sends a part of a frame, and hangs up in one way or the other. */
  async #cutOff(): Promise<void> {
    const ws = this.#ws;
    const random = this.#random;
    if (ws === undefined) return;
    const frame = clientFrame({ opcode: Opcode.TEXT, payload: '{"type":"event","event":"never"}' });
    ws.write(frame.subarray(0, random.below(frame.length)));
    if (random.oneIn(2)) ws.socket.resetAndDestroy();
    else ws.socket.end();
    await within(ws.closed, "the end of a connection that was cut off");
    this.#ws = undefined;
  }

  async #expectClose(code: number, cause: string): Promise<void> {
    const ws = this.#ws;
    if (ws === undefined) return;
    this.#ws = undefined;
    const close = await within(ws.closed, `a close with ${code} after ${cause}`);
    if (close.code !== code) throw new Error(`closed with ${close.code} and not ${code} after ${cause}`);
  }

  #take(frame: ServerWireFrame): void {
    const received = this.#received;
    if (frame.opcode === Opcode.PONG) {
      received.pongs.push(frame.payload.toString("hex"));
      return;
    }
    const json = jsonOf(frame);
    if (json.type === "event" && json.event === "tick") return;
    if (json.type === "ack") received.acks.push(json);
    else if (json.type === "connected" || json.type === "connect_error") received.answers.push(json);
    else received.replies.push(json);
    this.#wake?.();
  }

  async #wait(
    holds: () => boolean,
    batch: { bytes?: Buffer[]; replies?: Reply[]; cause?: string },
  ): Promise<void> {
    const ws = this.#ws;
    while (!holds()) {
      if (ws === undefined || ws.ended) {
        const code = (await ws?.closed)?.code ?? 1006;
        throw new Error(
          `closed with ${code} by ${batch.cause ?? culprit(this.#received, batch.replies, batch.bytes)}`,
        );
      }
      const changed = new Promise<void>((resolve) => (this.#wake = resolve));
      await within(changed, `an answer to ${batch.cause ?? "a batch of frames"}`);
    }
  }
}

/** The frames that a connection may have been closed for: those that were not answered. */
function culprit(received: Received, replies: Reply[] = [], bytes: Buffer[] = []): string {
  const unanswered = replies.slice(received.replies.length);
  return `one of ${bytes.length} frames; the first without its answer: ${unanswered[0]?.cause ?? "none"}; all: ${Buffer.concat(bytes).toString("latin1").slice(0, 4_000)}`;
}

/** Throws at the first difference, and names the frame that made it. */
function compare(
  received: Received,
  { replies, acks, pongs }: Pick<Batch, "replies" | "acks" | "pongs">,
): void {
  for (const [index, due] of replies.entries()) {
    const got = received.replies[index];
    if (got === undefined || !isRight(got, due)) {
      throw new Error(
        `${JSON.stringify({ ...due, cause: undefined })} was due, and came ${JSON.stringify(got)} to ${due.cause}`,
      );
    }
  }
  for (const [index, due] of acks.entries()) {
    const got = received.acks[index];
    const same = got?.id === due.id && (got.ns ?? "/") === due.ns;
    if (!same || (due.args !== undefined && JSON.stringify(got.args) !== due.args)) {
      throw new Error(
        `ack ${due.id} with ${due.args} was due, and came ${JSON.stringify(got)} to ${due.cause}`,
      );
    }
  }
  const more = [
    ...received.replies.slice(replies.length),
    ...received.acks.slice(acks.length),
    ...received.answers,
  ];
  if (more.length > 0) throw new Error(`came uncalled-for: ${JSON.stringify(more)}`);
  if (!isDeepStrictEqual(received.pongs, pongs)) {
    throw new Error(`pongs ${JSON.stringify(received.pongs)} came to pings ${JSON.stringify(pongs)}`);
  }
}

function isRight(got: Json, due: Reply): boolean {
  if (due.type === "pong")
    return got.type === "pong" && JSON.stringify(got.data) === JSON.stringify(due.data);
  if (got.type !== "error" || got.code === undefined || !due.codes.includes(got.code)) return false;
  if (typeof got.message !== "string" || got.message === "") return false;
  return due.id === undefined || got.id === due.id;
}

function nsOf(text: string): string {
  return (JSON.parse(text) as { ns?: string | null }).ns ?? "/";
}

function nothing(): Received {
  return { replies: [], acks: [], answers: [], pongs: [] };
}

function emptyBatch(): Batch {
  return { bytes: [], replies: [], acks: [], pongs: [] };
}
