/**
 * The short way into Socket.IO: a packet that is parsed already goes where Socket.IO's decoder would hand it, instead of being made
 * text, told as Engine.IO's `packet`, `data` and `message`, and parsed again. Only where nobody can tell the difference.
 *
 * This leans on Socket.IO's `Client`, the object that it keeps for each connection: it has `ondata` listen to the connection, which
 * feeds the decoder, which calls `ondecoded` (checked with socket.io 4.6.0 to 4.8.4, dist/client.js). Where that is not as expected,
 * or somebody else listens on the way, packets go as text.
 */
import { EventEmitter } from "node:events";

/** A packet as the decoder would have made it, of those that have no binary values. */
export interface DecodedPacket {
  readonly type: number;
  readonly nsp: string;
  readonly id?: number;
  readonly data: unknown[];
}

interface Decoder {
  readonly add: unknown;
  listeners(event: string): readonly unknown[];
}

/** What is asked of a `Client`. */
export interface SocketIOClient {
  readonly decoder: Decoder;
  /** Its sockets, by namespace. */
  readonly nsps: ReadonlyMap<string, unknown>;
  readonly ondata: unknown;
  readonly ondecoded: (packet: DecodedPacket) => void;
}

export class DecodedEntry {
  /** The class of Socket.IO's own decoders, and what they did with a chunk when the bridge was attached. */
  readonly #decoderClass: object;
  readonly #add: unknown;

  /** @param parser Socket.IO's own: one of the application's sees every packet as it made it. */
  constructor(parser: { readonly Decoder: { readonly prototype: Pick<Decoder, "add"> } }) {
    this.#decoderClass = parser.Decoder.prototype;
    this.#add = parser.Decoder.prototype.add;
  }

  /** Hands a packet that came through `connection` to its client; false if it must go as text. */
  take(client: SocketIOClient, connection: EventEmitter, packet: DecodedPacket): boolean {
    if (!this.#isGenuine(client) || !isUnwatched(client, connection)) return false;
    // Without a socket it would close the connection: that is for the decoder's own way to say, which catches what is thrown.
    if (!client.nsps.has(packet.nsp)) return false;
    client.ondecoded(packet);
    return true;
  }

  /** Whether the client has Socket.IO's own decoder, and that does what it always did. */
  #isGenuine({ decoder }: SocketIOClient): boolean {
    return Object.getPrototypeOf(decoder) === this.#decoderClass && decoder.add === this.#add;
  }
}

/** Whether nobody but the client itself hears of what comes in. */
function isUnwatched({ decoder, ondata, ondecoded }: SocketIOClient, connection: EventEmitter): boolean {
  return (
    isAlone(connection.rawListeners("data"), ondata) &&
    connection.listenerCount("packet") === 0 &&
    connection.listenerCount("message") === 0 &&
    connection.emit === EventEmitter.prototype.emit &&
    isAlone(decoder.listeners("decoded"), ondecoded)
  );
}

function isAlone(listeners: readonly unknown[], listener: unknown): boolean {
  return listeners.length === 1 && listeners[0] === listener;
}

/** What Socket.IO has for a connection, if it looks as it is expected to. */
export function asClient(client: unknown): SocketIOClient | undefined {
  if (typeof client !== "object" || client === null) return undefined;
  const { decoder, nsps, ondata, ondecoded } = client as Partial<SocketIOClient>;
  const isKnown =
    typeof ondata === "function" &&
    typeof ondecoded === "function" &&
    typeof decoder?.listeners === "function" &&
    nsps instanceof Map;
  return isKnown ? (client as SocketIOClient) : undefined;
}
