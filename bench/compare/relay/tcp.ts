/** Passes TCP on. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { now } from "../message.js";
import { DelayLine } from "./delay-line.js";
import type { Link, Passage, Weather } from "./relay.js";

/** The end of what one side says. */
const END = Symbol("end");
type Piece = Buffer | typeof END;

/** Listens on a free port of 127.0.0.1, which it resolves to. */
export async function relayTcp(passage: Passage, weather: Weather, links: Set<Link>): Promise<number> {
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    if (weather.isCut) return void client.resetAndDestroy();
    link(client, passage, weather, links);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4096, resolve));
  return (server.address() as AddressInfo).port;
}

function link(client: Socket, passage: Passage, weather: Weather, links: Set<Link>): void {
  const { upstream, oneWay } = passage;
  const server = connect({ port: upstream, host: "127.0.0.1", noDelay: true, allowHalfOpen: true });
  // The client's own kernel has accepted at once: what a handshake takes over the wire, one round trip, is made up for here.
  const established = now() + 2 * oneWay * 1000;
  const up = new DelayLine<Piece>((piece) => pass(piece, server));
  const down = new DelayLine<Piece>((piece) => pass(piece, client));
  const both = [up, down];
  if (weather.isStalled) for (const line of both) line.hold();

  const due = () => Math.max(now(), established) + oneWay * 1000;
  client.on("data", (bytes) => {
    passage.up += bytes.length;
    up.push(bytes, due());
  });
  server.on("data", (bytes) => {
    if (passage.swallows(bytes)) return;
    passage.down += bytes.length;
    down.push(bytes, due());
  });
  client.on("end", () => up.push(END, due()));
  server.on("end", () => down.push(END, due()));

  const self: Link = {
    cut() {
      links.delete(self);
      for (const line of both) line.close();
      client.resetAndDestroy();
      server.resetAndDestroy();
    },
    hold: () => both.forEach((line) => line.hold()),
    release: () => both.forEach((line) => line.release()),
  };
  links.add(self);
  for (const socket of [client, server]) {
    socket.on("error", () => self.cut());
    socket.on("close", () => {
      if (client.destroyed && server.destroyed) self.cut();
    });
  }
}

function pass(piece: Piece, to: Socket): void {
  if (piece === END) to.end();
  else if (!to.destroyed) to.write(piece);
}
