/**
 * Socket.IO's in-memory adapter with a shorter way for the usual broadcast: to one room, with nobody left out.
 *
 * The library's way looks every recipient up by its id, and keeps a set of those that it has served, so that a socket
 * in two of the rooms gets the packet once. With one room that cannot happen, and who is in it is remembered from
 * broadcast to broadcast. All else is the library's.
 */
import { Adapter } from "socket.io-adapter";
import { textFrame, type Frame } from "./frame.js";
import { takeKnownJson } from "./known-json.js";
import { isGroupable, type WriteOptions } from "./recipient.js";
import { RecipientGroup, type PlainSocket } from "./recipient-group.js";

type Broadcast = Parameters<Adapter["broadcast"]>;

/** What a broadcast asks of a socket (socket.io 4.8, Adapter.broadcast). */
interface Recipient {
  readonly id: string;
  listenersAnyOutgoing(): readonly unknown[];
  notifyOutgoingListeners(packet: unknown): void;
  readonly client: {
    readonly conn: { write(chunk: unknown, options: WriteOptions): unknown };
    writeToEngine(chunks: unknown, options: WriteOptions): void;
  };
}

type PlainRecipient = Recipient & PlainSocket;

/** Private to the adapter in its types only (socket.io-adapter 2.5). */
interface Insides {
  readonly encoder: { encode(packet: Broadcast[0]): unknown[] };
  /** Encodes, and makes an Engine.IO frame of what it has, for Socket.IO's clients. */
  _encode(packet: Broadcast[0], options: object): unknown[];
}

/** The options of a broadcast, the same object for every recipient. */
interface BroadcastOptions extends WriteOptions {
  /** The packet as Engine.IO's WebSocket transport writes it (engine.io 6, `sendFrame` of ws). */
  wsPreEncodedFrame?: Frame;
}

/** Who was in a room when it was last broadcast to. */
interface Audience {
  readonly sockets: Recipient[];
  /** The plain clients among them, bridge by bridge, where it has more than one. */
  readonly groups: readonly RecipientGroup<PlainRecipient>[];
  /** All others. */
  readonly others: readonly Recipient[];
  /** Whether there are clients of Socket.IO's own among them. */
  readonly hasSocketIO: boolean;
  /** Whether somebody has joined or left since. */
  stale: boolean;
}

export class RoomAdapter extends Adapter {
  readonly #audiences = new Map<string, Audience>();
  readonly #hasOwnParser: boolean;

  /**
   * @param options With `withoutSessions`, for a namespace whose sessions are not to be recovered though the server's are.
   * @throws TypeError where the server is to recover sessions.
   */
  constructor(nsp: ConstructorParameters<typeof Adapter>[0], options: { withoutSessions?: boolean } = {}) {
    super(nsp);
    const { opts } = (nsp as { server: { opts: { connectionStateRecovery?: unknown; parser?: unknown } } })
      .server;
    if (opts.connectionStateRecovery && options.withoutSessions !== true) {
      throw new TypeError(
        "RoomAdapter keeps no sessions: leave connectionStateRecovery off, or leave Socket.IO its own adapter",
      );
    }
    this.#hasOwnParser = Boolean(opts.parser);
    const forget = (room: string): void => {
      const audience = this.#audiences.get(room);
      if (audience === undefined) return;
      audience.stale = true;
      this.#audiences.delete(room);
    };
    this.on("join-room", forget);
    this.on("leave-room", forget);
  }

  override broadcast(packet: Broadcast[0], opts: Broadcast[1]): void {
    const [name] = opts.rooms;
    if (opts.rooms.size !== 1 || name === undefined || (opts.except && opts.except.size > 0)) {
      super.broadcast(packet, opts);
      return;
    }
    const room = this.rooms.get(name);
    if (room === undefined) return;
    const options = { preEncoded: true, volatile: opts.flags?.volatile, compress: opts.flags?.compress };
    (packet as { nsp?: string }).nsp = (this.nsp as { name: string }).name;
    const audience = this.#audienceOf(name, room);
    const encoded = this.#encodeKnown(packet, audience, options) ?? this.#encode(packet, audience, options);
    const [chunk] = encoded;
    const single = encoded.length === 1 && typeof chunk === "string" && !options.volatile;
    // Listeners for what is sent may make sockets leave.
    const isIn = (socket: Recipient): boolean => !audience.stale || room.has(socket.id);
    if (single && audience.sockets.every(isUnwatched)) {
      const { groups, others } = audience;
      // With one chunk that may not be dropped, this is all that writeToEngine does.
      const write = (socket: Recipient): void => {
        if (isIn(socket)) socket.client.conn.write(chunk, options);
      };
      for (const group of groups) group.write(chunk, options).forEach(write);
      others.forEach(write);
      return;
    }
    for (const socket of audience.sockets) {
      if (!isIn(socket)) continue;
      socket.notifyOutgoingListeners(packet);
      socket.client.writeToEngine(encoded, options);
    }
  }

  /** As the library encodes an event, where the JSON of its argument is known and nobody has another parser. */
  #encodeKnown(
    packet: Broadcast[0],
    { hasSocketIO }: Audience,
    options: BroadcastOptions,
  ): string[] | undefined {
    const { data, nsp } = packet as { data?: readonly unknown[]; nsp: string };
    const json = this.#hasOwnParser ? undefined : takeKnownJson(data);
    if (json === undefined) return undefined;
    const chunk = `2${nsp === "/" ? "" : `${nsp},`}[${JSON.stringify(data?.[0])},${json}]`;
    if (hasSocketIO) options.wsPreEncodedFrame = textFrame(`4${chunk}`);
    return [chunk];
  }

  #encode(packet: Broadcast[0], { hasSocketIO }: Audience, options: BroadcastOptions): unknown[] {
    const insides = this as unknown as Insides;
    return hasSocketIO ? insides._encode(packet, options) : insides.encoder.encode(packet);
  }

  #audienceOf(name: string, room: ReadonlySet<string>): Audience {
    const known = this.#audiences.get(name);
    if (known !== undefined) return known;
    const all = (this.nsp as { sockets: Map<string, Recipient> }).sockets;
    const sockets: Recipient[] = [];
    for (const id of room) {
      const socket = all.get(id);
      if (socket !== undefined) sockets.push(socket);
    }
    const audience = { sockets, ...divide(sockets), stale: false };
    // A socket that joined in a middleware is not connected yet, and will be without another word. The room that each
    // socket has for itself is not worth remembering.
    if (sockets.length === room.size && room.size > 1) this.#audiences.set(name, audience);
    return audience;
  }
}

/** Whether nobody listens for what the socket is sent (`socket.onAnyOutgoing`). */
function isUnwatched(socket: Recipient): boolean {
  return socket.listenersAnyOutgoing().length === 0;
}

function divide(sockets: readonly Recipient[]): Pick<Audience, "groups" | "others" | "hasSocketIO"> {
  const [first] = sockets;
  // Many a room has one in it, and its broadcasts are not to cost more than an emit.
  if (first !== undefined && sockets.length === 1) {
    return { groups: NO_GROUPS, others: sockets, hasSocketIO: !isPlain(first) };
  }
  const plain = new Map<object, [PlainRecipient, ...PlainRecipient[]]>();
  const others: Recipient[] = [];
  for (const socket of sockets) {
    if (!isPlain(socket)) {
      others.push(socket);
      continue;
    }
    const { context } = socket.client.conn;
    const members = plain.get(context);
    if (members === undefined) plain.set(context, [socket]);
    else members.push(socket);
  }
  const hasSocketIO = others.length > 0;
  const groups: RecipientGroup<PlainRecipient>[] = [];
  for (const members of plain.values()) {
    if (members.length > 1) groups.push(new RecipientGroup(members));
    else others.push(members[0]);
  }
  return { groups, others, hasSocketIO };
}

const NO_GROUPS: readonly never[] = [];

function isPlain(socket: Recipient): socket is PlainRecipient {
  return isGroupable(socket.client.conn);
}
