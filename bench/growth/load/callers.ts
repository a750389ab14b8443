/** Clients that publish what is taken, or what is refused in one way: each the next when it has the answer to the last. */
import { DIALECTS } from "../../inbound/dialects.js";
import { comeInEach } from "../../inbound/load/members.js";
import type { Member } from "../../inbound/load/member.js";
import { OK, WIRES } from "../../shared/wires.js";
import { textFrame } from "../../shared/websocket.js";
import { CLOSED_ROOM, DATA, FULL_ROOM, LARGE_DATA } from "../message.js";
import type { RefusalKind } from "../results.js";

const WIRE = WIRES.bridge;
const CALL_ID = 1;
const ACK = Buffer.from(WIRE.ackStart(CALL_ID));
const TAKEN = Buffer.from(WIRE.ackStart(CALL_ID) + OK);
const MESSAGE = Buffer.from('{"type":"event","event":"message"');

const refusal = (code: string) =>
  Buffer.from(`${WIRE.ackStart(CALL_ID)}{"ok":false,"error":{"code":"${code}"`);

/** Publishes after which one must have been refused whose turn has come, or for whom there is no room. */
const MAX_TRIES = 100_000;

class Caller {
  readonly #member: Member;
  readonly #frame: Buffer;
  readonly #kind: RefusalKind;
  readonly #refused: Buffer;
  #left = 0;
  /** Whether it goes on until the first refusal. */
  #isTrying = false;
  #isAcked = false;
  #isDelivered = false;
  #settle: ((error?: Error) => void) | undefined;

  constructor(member: Member, room: string, kind: RefusalKind) {
    this.#member = member;
    this.#kind = kind;
    const { call, code } = publishOf(kind, room);
    this.#frame = textFrame(WIRE.call("publish", call, CALL_ID));
    this.#refused = refusal(code);
    this.#listen();
  }

  /** Publishes until it is refused, where the first ones are not. */
  try(): Promise<void> {
    this.#isTrying = true;
    return this.call(MAX_TRIES);
  }

  /** Resolves when `count` publishes have been answered as they are to be; rejects on another answer. */
  call(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error));
      this.#left = count;
      this.#next();
    });
  }

  /** Asks to come into a room that is full, and is told so. */
  async enterFullRoom(): Promise<void> {
    const isFull = refusal("room_full");
    await new Promise<void>((resolve, reject) => {
      this.#member.takeOver((text) => {
        if (startsWith(text, isFull)) resolve();
        else if (startsWith(text, ACK)) reject(new Error(`a full room answered: ${text.toString()}`));
      }, reject);
      this.#member.send(textFrame(WIRE.call("join", { room: FULL_ROOM }, CALL_ID)));
    });
    this.#listen();
  }

  #listen(): void {
    this.#member.takeOver(
      (text) => this.#hear(text),
      (error) => this.#settle?.(error),
    );
  }

  #next(): void {
    if (this.#left-- === 0) {
      this.#settle?.(this.#isTrying ? new Error(`nothing was refused: ${this.#kind}`) : undefined);
      return;
    }
    this.#isAcked = this.#isDelivered = false;
    this.#member.send(this.#frame);
  }

  #hear(text: Buffer): void {
    if (startsWith(text, this.#refused)) this.#onRefusal();
    else if (startsWith(text, TAKEN)) this.#onTaken({ isAck: true });
    else if (startsWith(text, MESSAGE)) this.#onTaken({ isAck: false });
    else if (startsWith(text, ACK)) this.#settle?.(new Error(`not ${this.#kind}, but: ${text.toString()}`));
  }

  #onRefusal(): void {
    if (this.#isTrying) {
      this.#isTrying = false;
      this.#settle?.();
    } else this.#next();
  }

  #onTaken({ isAck }: { isAck: boolean }): void {
    // A store that is full reckons again now and then, and may find room for one more: that one does not count.
    if (this.#kind === "unavailable" && isAck) this.#left++;
    else if (this.#kind !== "good" && this.#kind !== "unavailable" && !this.#isTrying) {
      this.#settle?.(new Error(`a publish was taken that is to be refused: ${this.#kind}`));
      return;
    }
    if (isAck) this.#isAcked = true;
    else this.#isDelivered = true;
    if (this.#isAcked && this.#isDelivered) this.#next();
  }
}

function publishOf(kind: RefusalKind, room: string): { call: object; code: string } {
  const call = { room, data: DATA };
  switch (kind) {
    case "room_full":
      return { call: { ...call, room: FULL_ROOM }, code: "not_joined" };
    case "not_joined":
      return { call: { ...call, room: `not ${room}` }, code: kind };
    case "message_too_large":
      return { call: { ...call, data: LARGE_DATA }, code: kind };
    case "invalid_argument":
      return { call: { ...call, room: 17 }, code: kind };
    default:
      return { call, code: kind };
  }
}

export class Callers {
  readonly #callers: readonly Caller[];

  private constructor(callers: readonly Caller[]) {
    this.#callers = callers;
  }

  /** Each is alone in a room of its own, and has had its first refusal where there are publishes before it that are taken. */
  static async connect({
    group,
    port,
    count,
    kind,
  }: {
    group: string;
    port: number;
    count: number;
    kind: RefusalKind;
  }): Promise<Callers> {
    const prefix = kind === "forbidden" ? CLOSED_ROOM : "";
    const housed = await comeInEach(prefix + group, { dialect: DIALECTS.rooms, port, count });
    const callers = housed.map(({ member, room }) => new Caller(member, room, kind));
    if (kind === "room_full") await Promise.all(callers.map((caller) => caller.enterFullRoom()));
    if (kind === "rate_limited" || kind === "unavailable")
      await Promise.all(callers.map((caller) => caller.try()));
    return new Callers(callers);
  }

  async call(each: number): Promise<void> {
    await Promise.all(this.#callers.map((caller) => caller.call(each)));
  }
}

function startsWith(text: Buffer, start: Buffer): boolean {
  return text.length >= start.length && text.compare(start, 0, start.length, 0, start.length) === 0;
}
