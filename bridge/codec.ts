/**
 * Between the frames of plain clients and the packets that Socket.IO writes and reads.
 *
 * What a codec makes of one packet it keeps until the next: a broadcast hands every recipient the same packet and the
 * same options object, and is translated and framed once.
 */
import {
  binaryObject,
  blobError,
  findUnsafeBesideBinary,
  isBlob,
  mapDeep,
  mayHoldBinary,
  MAX_ATTACHMENTS,
  takeBinary,
} from "./binary.js";
import type { DecodedPacket } from "./decoded-entry.js";
import type { ClientFrame, ErrorCode, ServerFrame } from "./frames.js";
import { textFrame, type Frame } from "./fanout/frame.js";
import type { WriteOptions } from "./fanout/recipient.js";
import { joinPacket, PacketType, splitEventJson, splitLastString, splitPacket } from "./packets.js";
import type { PacketParts } from "./packets.js";

/** A frame of the client's that Socket.IO is to see. */
export type PacketFrame = Exclude<ClientFrame, { type: "ping" }>;

/** A frame that Socket.IO would not take. */
export interface Refused {
  code: ErrorCode;
  message: string;
}

/** A packet of Socket.IO's, translated for plain clients. */
export class Outgoing {
  #encoded: Frame | undefined;

  constructor(
    readonly type: "event" | "ack" | "connect" | "connect_error" | "disconnect",
    readonly ns: string,
    /** The ack id of an event or ack. */
    readonly id: number | undefined,
    /** The frame's JSON. For `connect` it is Socket.IO's payload: the session makes the frame of it. */
    readonly text: string,
  ) {}

  /** The WebSocket frame, made once for all recipients. */
  get frame(): Frame {
    return (this.#encoded ??= textFrame(this.text));
  }
}

/** What a codec remembers of a packet that has come in part. One for each connection, and the codec's own business. */
export interface PartialPacket {
  partial: unknown;
}

export interface Codec {
  /** The packet as Socket.IO's decoder would make it of `toSocketIO`'s chunks; undefined where only the decoder can tell. */
  toDecoded(frame: PacketFrame, text: string): DecodedPacket | undefined;
  /** The chunks with which a Socket.IO client would have said the same. `text` is the frame as it came. */
  toSocketIO(frame: PacketFrame, text: string): unknown[] | Refused;
  /** The packet that `chunk` completes, if it completes one. Throws a TypeError, and forgets the packet, if it holds a Blob. */
  fromSocketIO(chunk: unknown, options: WriteOptions, state: PartialPacket): Outgoing | undefined;
}

/**
 * Whether events of this namespace carry an offset as their last argument, were they neither volatile nor acked.
 * Connection state recovery appends it.
 */
export type HasOffsets = (ns: string) => boolean;

/** A packet whose attachments are being written. */
interface Incomplete {
  header: string;
  parts: PacketParts;
  attachments: unknown[];
}

/** The codec for Socket.IO's default parser. On the way out it slices the JSON out of packets and parses none. */
export class DefaultCodec implements Codec {
  readonly #hasOffsets: HasOffsets;
  #chunk: unknown;
  #options: WriteOptions | undefined;
  #outgoing: Outgoing | undefined;
  /** The header of `outgoing`, where it had attachments and `chunk` is the last of these. */
  #header: string | undefined;

  constructor(hasOffsets: HasOffsets) {
    this.#hasOffsets = hasOffsets;
  }

  toDecoded(frame: PacketFrame, text: string): DecodedPacket | undefined {
    if ((frame.type !== "event" && frame.type !== "ack") || mayHoldBinary(text)) return undefined;
    if (mayHoldNegativeZero(text) && holdsNegativeZero([frame.id, frame.args])) return undefined;
    const isEvent = frame.type === "event";
    const type = isEvent ? PacketType.EVENT : PacketType.ACK;
    const data = isEvent ? [frame.event, ...frame.args] : frame.args;
    const { ns: nsp, id } = frame;
    return id === undefined ? { type, nsp, data } : { type, nsp, id, data };
  }

  toSocketIO(frame: PacketFrame, text: string): unknown[] | Refused {
    switch (frame.type) {
      case "connect":
        return [joinPacket(PacketType.CONNECT, frame.ns, undefined, JSON.stringify(connectPayload(frame)))];
      case "disconnect":
        return [joinPacket(PacketType.DISCONNECT, frame.ns, undefined, "")];
      case "event":
        return toChunks(PacketType.EVENT, frame, [frame.event, ...frame.args], text);
      case "ack":
        return toChunks(PacketType.ACK, frame, frame.args, text);
    }
  }

  fromSocketIO(chunk: unknown, options: WriteOptions, state: PartialPacket): Outgoing | undefined {
    if (typeof chunk === "string") {
      if (chunk === this.#chunk && options === this.#options) return this.#outgoing;
      return this.#readText(chunk, options, state);
    }
    return this.#readAttachment(chunk, options, state);
  }

  #readText(chunk: string, options: WriteOptions, state: PartialPacket): Outgoing | undefined {
    const parts = splitPacket(chunk);
    if (parts.attachments > 0) {
      state.partial = { header: chunk, parts, attachments: [] } satisfies Incomplete;
      return undefined;
    }
    this.#header = undefined;
    return this.#remember(chunk, options, this.#translate(parts, parts.json, options));
  }

  #readAttachment(chunk: unknown, options: WriteOptions, state: PartialPacket): Outgoing | undefined {
    const packet = state.partial as Incomplete | undefined;
    if (packet === undefined) return undefined;
    if (isBlob(chunk)) {
      // Socket.IO writes no more of this packet: what comes next begins another.
      state.partial = undefined;
      throw blobError();
    }
    packet.attachments.push(chunk);
    if (packet.attachments.length < packet.parts.attachments) return undefined;
    state.partial = undefined;
    const { header, parts, attachments } = packet;
    if (chunk === this.#chunk && options === this.#options && header === this.#header) return this.#outgoing;
    const json = JSON.stringify(
      mapDeep(JSON.parse(parts.json), isPlaceholder, (item) => attachmentAt(item, attachments)),
    );
    this.#header = header;
    return this.#remember(chunk, options, this.#translate(parts, json, options));
  }

  #remember(chunk: unknown, options: WriteOptions, outgoing: Outgoing): Outgoing {
    this.#chunk = chunk;
    this.#options = options;
    return (this.#outgoing = outgoing);
  }

  #translate({ type, ns, id }: PacketParts, json: string, options: WriteOptions): Outgoing {
    const head = ns === "/" ? "" : `,"ns":${JSON.stringify(ns)}`;
    switch (type) {
      case PacketType.EVENT:
      case PacketType.BINARY_EVENT: {
        const event = splitEventJson(json);
        const offset =
          id === undefined && options.volatile === undefined && this.#hasOffsets(ns)
            ? splitLastString(event.args)
            : undefined;
        const args = offset?.args ?? event.args;
        const tail = `${id === undefined ? "" : `,"id":${id}`}${offset ? `,"offset":${JSON.stringify(offset.last)}` : ""}`;
        return new Outgoing(
          "event",
          ns,
          id,
          `{"type":"event"${head},"event":${event.event},"args":${args}${tail}}`,
        );
      }
      case PacketType.ACK:
      case PacketType.BINARY_ACK:
        return new Outgoing("ack", ns, id, `{"type":"ack"${head},"id":${id ?? 0},"args":${json}}`);
      case PacketType.CONNECT:
        return new Outgoing("connect", ns, undefined, json);
      case PacketType.CONNECT_ERROR:
        // The payload is an object with `message` and perhaps `data`: just the fields that the frame has.
        return new Outgoing(
          "connect_error",
          ns,
          undefined,
          `{"type":"connect_error"${head},${json.slice(1)}`,
        );
      default:
        return new Outgoing(
          "disconnect",
          ns,
          undefined,
          `{"type":"disconnect"${head},"reason":"server namespace disconnect"}`,
        );
    }
  }
}

/** The text of a frame that is not sliced out of a packet. */
export function encodeFrame(frame: ServerFrame): string {
  return JSON.stringify(frame);
}

/** The payload of a CONNECT packet: the auth data, with the session to recover beside it, as socket.io-client sends it. */
export function connectPayload({
  auth,
  pid,
  offset,
}: PacketFrame & { type: "connect" }): Record<string, unknown> {
  if (pid === undefined) return auth;
  return { ...auth, pid, ...(offset === undefined ? {} : { offset }) };
}

/** Binary values out of a frame's payload, or why Socket.IO would not take them. */
export function takeAttachments(
  payload: unknown[],
  text: string,
  replace: (bytes: Buffer, n: number) => unknown,
): Buffer[] | Refused {
  if (!mayHoldBinary(text)) return [];
  // Looked for first: a placeholder that the client made up would be taken for one of ours.
  const unsafe = findUnsafeBesideBinary(payload);
  const attachments = takeBinary(payload, replace);
  if (attachments.length > MAX_ATTACHMENTS) {
    return { code: "too_many_attachments", message: `at most ${MAX_ATTACHMENTS} binary values in one frame` };
  }
  if (unsafe !== undefined && attachments.length > 0) {
    const what = unsafe === "_placeholder" ? "an object with _placeholder: true" : "a key __proto__";
    return { code: "invalid_field", message: `args with binary values cannot have ${what}` };
  }
  return attachments;
}

function toChunks(
  type: typeof PacketType.EVENT | typeof PacketType.ACK,
  { ns, id }: { ns: string; id?: number },
  payload: unknown[],
  text: string,
): unknown[] | Refused {
  const attachments = takeAttachments(payload, text, (_bytes, num) => ({ _placeholder: true, num }));
  if (!Array.isArray(attachments)) return attachments;
  const binaryType = type === PacketType.EVENT ? PacketType.BINARY_EVENT : PacketType.BINARY_ACK;
  const count = attachments.length;
  return [
    joinPacket(count === 0 ? type : binaryType, ns, id, JSON.stringify(payload), count),
    ...attachments,
  ];
}

/** Whether JSON text can hold -0, or a number so small that it becomes that. */
function mayHoldNegativeZero(text: string): boolean {
  return text.includes("-0") || text.includes("e-") || text.includes("E-");
}

/** What is written as JSON again, as Socket.IO's own clients do, has 0 in its place. */
function holdsNegativeZero(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return Object.is(value, -0);
  return Object.values(value).some(holdsNegativeZero);
}

function isPlaceholder(item: object): boolean {
  return Object.hasOwn(item, "_placeholder") && (item as { _placeholder: unknown })._placeholder === true;
}

/** What stands for the attachment in a frame; a placeholder of the application's own, with no attachment, stays. */
function attachmentAt(placeholder: object, attachments: unknown[]): unknown {
  const bytes = attachments[(placeholder as { num: number }).num];
  return bytes === undefined ? placeholder : binaryObject(bytes);
}
