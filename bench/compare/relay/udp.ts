/** Passes UDP on, as a NAT does: each client's port has a socket of its own towards the server. */
import { createSocket, type Socket } from "node:dgram";
import { now } from "../message.js";
import { DelayLine } from "./delay-line.js";
import type { Link, Passage, Weather } from "./relay.js";

/** Listens on a free port of 127.0.0.1, which it resolves to. */
export async function relayUdp(passage: Passage, weather: Weather, links: Set<Link>): Promise<number> {
  const socket = createSocket("udp4");
  const mappings = new Map<number, Mapping>();
  socket.on("message", (bytes, { port }) => {
    if (weather.isCut) return;
    let mapping = mappings.get(port);
    if (mapping === undefined) {
      mapping = new Mapping(passage, (reply) => socket.send(reply, port, "127.0.0.1"));
      const made = mapping;
      if (weather.isStalled) made.hold();
      mappings.set(port, made);
      links.add(made);
      made.onCut = () => {
        mappings.delete(port);
        links.delete(made);
      };
    }
    mapping.up(bytes);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return socket.address().port;
}

class Mapping implements Link {
  onCut: () => void = () => undefined;
  readonly #socket: Socket = createSocket("udp4");
  readonly #passage: Passage;
  readonly #up: DelayLine<Buffer>;
  readonly #down: DelayLine<Buffer>;

  constructor(passage: Passage, reply: (bytes: Buffer) => void) {
    this.#passage = passage;
    this.#up = new DelayLine((bytes) => this.#socket.send(bytes, passage.upstream, "127.0.0.1"));
    this.#down = new DelayLine(reply);
    this.#socket.on("error", () => this.cut());
    this.#socket.on("message", (bytes) => {
      passage.down += bytes.length;
      this.#down.push(bytes, now() + passage.oneWay * 1000);
    });
  }

  up(bytes: Buffer): void {
    this.#passage.up += bytes.length;
    this.#up.push(bytes, now() + this.#passage.oneWay * 1000);
  }

  cut(): void {
    this.onCut();
    this.#up.close();
    this.#down.close();
    this.#socket.close();
  }

  hold(): void {
    this.#up.hold();
    this.#down.hold();
  }

  release(): void {
    this.#up.release();
    this.#down.release();
  }
}
