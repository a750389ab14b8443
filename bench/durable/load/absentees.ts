/** Clients that were in rooms, are gone while messages are published there, and come back for what they missed. */
import type { Joined, Position, Self } from "../../../server/api/types.js";
import { Client } from "./client.js";
import { DATA, idOf } from "../message.js";
import type { Absence, ReturnResult } from "../protocol.js";

interface Absentee {
  /** What it connects with: comes back as the same user, on the same device. */
  auth: { device: string; token?: string };
  rooms: { room: string; since: Position }[];
}

const PROTOCOL = "bridge";

export class Absentees {
  readonly #absentees: readonly Absentee[];
  readonly #messages: number;

  private constructor(absentees: readonly Absentee[], messages: number) {
    this.#absentees = absentees;
    this.#messages = messages;
  }

  /** Lets clients join rooms of their own, and publishes there what they are to have missed when they come back. */
  static async leave(port: number, { group, clients, rooms, messages }: Absence): Promise<Absentees> {
    const leaving = Array.from({ length: clients }, async (_, index) => {
      const device = `${group} ${index}`;
      const [client, { token }] = await Client.connect(PROTOCOL, port, { device });
      const joining = Array.from({ length: rooms }, async (_unused, number) => {
        const room = `${device} ${number}`;
        const { position: since } = await client.call<Joined>("join", { room });
        const publishing = Array.from({ length: messages }, (_nothing, n) =>
          client.call("publish", { room, data: DATA, id: idOf(n) }),
        );
        await Promise.all(publishing);
        return { room, since };
      });
      const joined = await Promise.all(joining);
      await client.close();
      return { auth: { device, ...(token === undefined ? {} : { token }) }, rooms: joined };
    });
    return new Absentees(await Promise.all(leaving), messages);
  }

  /** All come back at the same time, get what they missed, and go. Rejects if anything that was missed is missing. */
  async comeBack(port: number): Promise<ReturnResult> {
    const start = performance.now();
    let firstJoin = Infinity;
    const clients = await Promise.all(
      this.#absentees.map(async ({ auth, rooms }) => {
        const [client, self] = await Client.connect(PROTOCOL, port, auth);
        firstJoin = Math.min(firstJoin, performance.now());
        const joined = await Promise.all(rooms.map((call) => client.call<Joined>("join", call)));
        return { client, self, joined };
      }),
    );
    const end = performance.now();
    for (const [index, { self, joined }] of clients.entries()) {
      this.#check(this.#absentees[index]!, self, joined);
    }
    await Promise.all(clients.map(({ client }) => client.close()));
    return { milliseconds: end - start, joinMilliseconds: end - firstJoin };
  }

  #check({ auth, rooms }: Absentee, self: Self, joined: readonly Joined[]): void {
    if (self.device !== auth.device) throw new Error(`came back as ${self.device}, not as ${auth.device}`);
    for (const [index, { room, since }] of rooms.entries()) {
      const { recovered, messages = [] } = joined[index]!;
      const offsets = messages.map(({ position }) => position.offset - since.offset);
      if (
        recovered !== true ||
        offsets.length !== this.#messages ||
        offsets.some((offset, n) => offset !== n + 1)
      ) {
        throw new Error(
          `${room}: ${offsets.length} of ${this.#messages} messages came (recovered: ${recovered})`,
        );
      }
    }
  }
}
