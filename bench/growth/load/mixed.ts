/** Everything that clients do, a little of each, for as long as one likes: come and go, publish, read, send, ack. */
import { setTimeout as delay } from "node:timers/promises";
import type { InboxItem, Joined, Position } from "../../../server/api/types.js";
import { Client } from "../../durable/load/client.js";
import { idOf } from "../../durable/message.js";
import { DATA } from "../message.js";

/** Clients that stay, and rooms that they are in, each in two of them. */
const STAYING = 60;
const ROOMS = 20;

/** Clients that come, stay for some steps, and go: under way at a time. */
const PASSING = 20;

/** Rooms of which each of those takes one for itself. What the server remembers of rooms that were never used again is bounded, but by more. */
const OWN_ROOMS = 500;

/** Milliseconds between two steps of one client. */
const STEP = 200;

interface Staying {
  client: Client;
  user: string;
}

export class MixedLoad {
  readonly #port: number;
  readonly #staying: Staying[] = [];
  #calls = 0;
  #failure: Error | undefined;
  #messages = 0;
  #came = 0;

  private constructor(port: number) {
    this.#port = port;
  }

  /** Resolves when the clients that stay are in. Goes on until the process ends. */
  static async start(port: number): Promise<MixedLoad> {
    const load = new MixedLoad(port);
    for (let index = 0; index < STAYING; index++) await load.#enter(index);
    for (const [index, staying] of load.#staying.entries())
      void load.#guarded(() => load.#stay(staying, index));
    for (let index = 0; index < PASSING; index++) void load.#guarded(() => load.#passBy());
    return load;
  }

  /** That were answered so far. Throws if one was refused, or a connection was lost. */
  get calls(): number {
    if (this.#failure !== undefined) throw this.#failure;
    return this.#calls;
  }

  async #enter(index: number): Promise<void> {
    const [client, { user }] = await Client.connect("bridge", this.#port, { device: `staying ${index}` });
    client.onEvent((event, [item]) => {
      if (event !== "inbox") return;
      const { position } = item as InboxItem;
      void this.#guarded(() => this.#call(client, "inbox_ack", { position }));
    });
    for (const room of roomsOf(index)) await this.#call(client, "join", { room, history: 20 });
    await this.#call(client, "inbox", {});
    this.#staying.push({ client, user });
  }

  /** Publishes at each step; reads, signals and sends at some. */
  async #stay({ client }: Staying, index: number): Promise<void> {
    await delay((STEP * index) / STAYING);
    for (let step = 0; ; step++) {
      const rooms = roomsOf(index);
      const room = rooms[step % rooms.length]!;
      await this.#call(client, "publish", { room, data: DATA, id: idOf(this.#messages++) });
      if (step % 5 === 0) await this.#call(client, "signal", { room, data: "typing" });
      if (step % 10 === 1) await this.#call(client, "history", { room, limit: 50 });
      if (step % 10 === 2) await this.#call(client, "presence", { room });
      if (step % 10 === 3) {
        const { user: to } = this.#staying[(index + step) % STAYING]!;
        await this.#call(client, "send", { to, data: DATA, receipt: step % 20 === 3 });
      }
      await delay(STEP);
    }
  }

  /** A guest who comes, joins, is cut off or goes, and comes back for what was missed. */
  async #passBy(): Promise<void> {
    for (;;) {
      const number = this.#came++;
      const room = `room ${number % ROOMS}`;
      const own = `own ${number % OWN_ROOMS}`;
      const [client, { token }] = await Client.connect("bridge", this.#port, { device: `passing ${number}` });
      const { position } = await this.#call<Joined>(client, "join", { room });
      await this.#call(client, "join", { room: own });
      await this.#call(client, "publish", { room: own, data: DATA, id: idOf(this.#messages++) });
      await delay(5 * STEP);
      if (number % 2 === 0) await this.#call(client, "leave", { room });
      await client.close();
      await delay(STEP);
      await this.#comeBack({ number, token }, room, position);
    }
  }

  async #comeBack(
    { number, token }: { number: number; token: string | undefined },
    room: string,
    since: Position,
  ): Promise<void> {
    const auth = { device: `passing ${number}`, ...(token === undefined ? {} : { token }) };
    const [client] = await Client.connect("bridge", this.#port, auth);
    await this.#call(client, "join", { room, since });
    await delay(STEP);
    await client.close();
  }

  async #call<Result extends object>(client: Client, event: string, argument: object): Promise<Result> {
    const result = await client.call<Result>(event, argument);
    this.#calls++;
    return result;
  }

  async #guarded(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure ??= error instanceof Error ? error : new Error(String(error));
    }
  }
}

function roomsOf(index: number): string[] {
  return [`room ${index % ROOMS}`, `room ${(index + 7) % ROOMS}`];
}
