/**
 * The codec for a Socket.IO server with a parser of its own (msgpack, say): it goes through that parser, both ways.
 */
import { binaryObject, blobError, holdsBlob, isBinary, mapDeep } from "./binary.js";
import { connectPayload, encodeFrame, Outgoing, takeAttachments } from "./codec.js";
import type { Codec, HasOffsets, PacketFrame, PartialPacket, Refused } from "./codec.js";
import type { WriteOptions } from "./fanout/recipient.js";
import { withoutPrototype } from "./own-properties.js";
import { PacketType } from "./packets.js";

export interface Encoder {
  encode(packet: Packet): unknown[];
}

/** What Socket.IO asks of a parser (https://socket.io/docs/v4/custom-parser/). */
export interface Parser {
  Encoder: new () => Encoder;
  Decoder: new () => {
    add(chunk: unknown): void;
    on(event: "decoded", listener: (packet: Packet) => void): unknown;
  };
}

interface Packet {
  type: number;
  nsp: string;
  data?: unknown;
  id?: number;
}

/** Decodes what is written to one connection. */
class Reader {
  #packet: Packet | undefined;
  readonly #decoder;

  constructor(parser: Parser) {
    this.#decoder = new parser.Decoder();
    this.#decoder.on("decoded", (packet) => (this.#packet = packet));
  }

  add(chunk: unknown): Packet | undefined {
    this.#packet = undefined;
    this.#decoder.add(chunk);
    return this.#packet;
  }
}

export class ParserCodec implements Codec {
  readonly #parser: Parser;
  readonly #hasOffsets: HasOffsets;
  readonly #encoder;
  #chunk: unknown;
  #options: WriteOptions | undefined;
  #outgoing: Outgoing | undefined;
  /** The chunks of the server's latest packet, if it had a Blob: they do not show it, since the parser has made something of it. */
  #fromBlob: readonly unknown[] = [];

  /** @param serversEncoder with which Socket.IO encodes; it is watched. */
  constructor(parser: Parser, hasOffsets: HasOffsets, serversEncoder?: Encoder) {
    this.#parser = parser;
    this.#hasOffsets = hasOffsets;
    this.#encoder = new parser.Encoder();
    if (serversEncoder !== undefined) this.#watch(serversEncoder);
  }

  #watch(encoder: Encoder): void {
    const encode = encoder.encode.bind(encoder);
    encoder.encode = (packet) => {
      const chunks = encode(packet);
      this.#fromBlob = holdsBlob(packet.data) ? chunks : [];
      return chunks;
    };
  }

  /** The application's parser is to see every packet. */
  toDecoded(): undefined {
    return undefined;
  }

  toSocketIO(frame: PacketFrame, text: string): unknown[] | Refused {
    const { ns: nsp } = frame;
    switch (frame.type) {
      case "connect":
        return this.#encode({ type: PacketType.CONNECT, nsp, data: connectPayload(frame) });
      case "disconnect":
        return this.#encode({ type: PacketType.DISCONNECT, nsp });
      case "event": {
        const data = [frame.event, ...frame.args];
        const refused = takeAttachments(data, text, (bytes) => bytes);
        if (!Array.isArray(refused)) return refused;
        const id = frame.id === undefined ? {} : { id: frame.id };
        return this.#encode({ type: PacketType.EVENT, nsp, data, ...id });
      }
      case "ack": {
        const refused = takeAttachments(frame.args, text, (bytes) => bytes);
        if (!Array.isArray(refused)) return refused;
        return this.#encode({ type: PacketType.ACK, nsp, data: frame.args, id: frame.id });
      }
    }
  }

  #encode(packet: Packet): unknown[] {
    return this.#encoder.encode(withoutPrototype(packet));
  }

  fromSocketIO(chunk: unknown, options: WriteOptions, state: PartialPacket): Outgoing | undefined {
    if (options.preEncoded !== true && this.#fromBlob.includes(chunk)) throw blobError();
    // A reader in the middle of a packet must see every chunk; one between packets may be spared a known one.
    const reader = state.partial as Reader | undefined;
    if (reader === undefined && chunk === this.#chunk && options === this.#options) return this.#outgoing;
    const reading = reader ?? new Reader(this.#parser);
    const packet = reading.add(chunk);
    if (packet === undefined) {
      state.partial = reading;
      return undefined;
    }
    state.partial = undefined;
    const outgoing = this.#translate(packet, options);
    if (reader === undefined) {
      this.#chunk = chunk;
      this.#options = options;
      this.#outgoing = outgoing;
    }
    return outgoing;
  }

  #translate(packet: Packet, options: WriteOptions): Outgoing {
    const { type, nsp, id } = withoutPrototype(packet);
    const ns = nsp === "/" ? {} : { ns: nsp };
    switch (type) {
      case PacketType.EVENT:
      case PacketType.BINARY_EVENT: {
        const [event, ...args] = toJson(packet.data) as [unknown, ...unknown[]];
        const last = args.at(-1);
        const carries = id === undefined && options.volatile === undefined && this.#hasOffsets(nsp);
        const offset = carries && typeof last === "string" ? { offset: last } : {};
        if ("offset" in offset) args.pop();
        const text = encodeFrame({
          type: "event",
          ...ns,
          event: String(event),
          args,
          ...(id === undefined ? {} : { id }),
          ...offset,
        });
        return new Outgoing("event", nsp, id, text);
      }
      case PacketType.ACK:
      case PacketType.BINARY_ACK: {
        const args = toJson(packet.data) as unknown[];
        return new Outgoing("ack", nsp, id, encodeFrame({ type: "ack", ...ns, id: id ?? 0, args }));
      }
      case PacketType.CONNECT:
        return new Outgoing("connect", nsp, undefined, JSON.stringify(packet.data ?? {}));
      case PacketType.CONNECT_ERROR: {
        const error = toJson(packet.data) as { message: string; data?: unknown };
        return new Outgoing(
          "connect_error",
          nsp,
          undefined,
          encodeFrame({ type: "connect_error", ...ns, ...error }),
        );
      }
      default: {
        const reason = "server namespace disconnect";
        return new Outgoing("disconnect", nsp, undefined, encodeFrame({ type: "disconnect", ...ns, reason }));
      }
    }
  }
}

/** The value with binary in its JSON form. Dates and the like have been through their toJSON by JSON.stringify's own rule. */
function toJson(value: unknown): unknown {
  return mapDeep(
    value,
    (item) => isBinary(item) || hasToJson(item),
    (item) => (isBinary(item) ? binaryObject(item) : toJson((item as { toJSON(): unknown }).toJSON())),
  );
}

function hasToJson(item: object): boolean {
  return typeof (item as { toJSON?: unknown }).toJSON === "function";
}
