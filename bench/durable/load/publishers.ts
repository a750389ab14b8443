/** Clients that publish as fast as they are acked: each sends the next message when the last one is acked. */
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "./client.js";
import { DATA, ID_LENGTH, idOf } from "../message.js";
import type { PublishResult } from "../protocol.js";
import { OK, type Protocol } from "../../shared/wires.js";

/** The id of each call: only one of a client waits for its ack at a time. */
const CALL_ID = 0;

/** A client alone in its room, so that each message is delivered once: to the one who published it. */
class Publisher {
  acked = 0;
  readonly #send: () => void;
  #isStopping = true;
  #end: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #failure: Error | undefined;

  constructor(client: Client, room: string) {
    const placeholder = "#".repeat(ID_LENGTH);
    const text = client.wire.call("publish", { room, data: DATA, id: placeholder }, CALL_ID);
    const message = Buffer.from(text);
    const idAt = message.indexOf(placeholder);
    const ack = Buffer.from(client.wire.ackStart(CALL_ID));
    const acked = Buffer.from(client.wire.ackStart(CALL_ID) + OK);
    const startsWith = (heard: Buffer, start: Buffer) =>
      heard.compare(start, 0, start.length, 0, start.length) === 0;

    const send = client.takeOver(
      (heard) => {
        if (startsWith(heard, acked)) this.#onAck();
        else if (startsWith(heard, ack)) this.#fail(new Error(`a publish was refused: ${heard.toString()}`));
      },
      (error) => this.#fail(error),
    );
    let sent = 0;
    this.#send = () => {
      message.write(idOf(sent++), idAt, "latin1");
      send(message);
    };
  }

  start(): void {
    this.#isStopping = false;
    this.#send();
  }

  /** Resolves when the last message is acked. */
  stop(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#isStopping = true;
      this.#end = { resolve, reject };
    });
  }

  #onAck(): void {
    this.acked++;
    if (this.#isStopping) this.#end?.resolve();
    else this.#send();
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#end?.reject(this.#failure);
  }
}

export class Publishers {
  readonly #publishers: readonly Publisher[];

  private constructor(publishers: readonly Publisher[]) {
    this.#publishers = publishers;
  }

  /** Connects clients, each to a room of its own. */
  static async connect(
    protocol: Protocol,
    { group, port, count }: { group: string; port: number; count: number },
  ): Promise<Publishers> {
    const connecting = Array.from({ length: count }, async (_, index) => {
      const room = `${group} ${index}`;
      const [client] = await Client.connect(protocol, port, {});
      await client.call("join", { room });
      return new Publisher(client, room);
    });
    return new Publishers(await Promise.all(connecting));
  }

  /**
   * Has `count` of them publish for `warmUp` milliseconds, which are not counted, and then for `milliseconds`. Rejects if one
   * publish is refused.
   */
  async publish(count: number, warmUp: number, milliseconds: number): Promise<PublishResult> {
    const publishers = this.#publishers.slice(0, count);
    if (publishers.length < count) throw new Error(`there are only ${publishers.length} publishers`);
    const acked = () => publishers.reduce((sum, publisher) => sum + publisher.acked, 0);
    const first = acked();
    for (const publisher of publishers) publisher.start();
    await delay(warmUp);
    const [before, start] = [acked(), performance.now()];
    await delay(milliseconds);
    const [after, end] = [acked(), performance.now()];
    await Promise.all(publishers.map((publisher) => publisher.stop()));
    return { counted: after - before, milliseconds: end - start, all: acked() - first };
  }
}
