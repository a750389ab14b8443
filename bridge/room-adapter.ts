/**
 * Socket.IO's in-memory adapter with a shorter way for the usual broadcast: to one room, with nobody left out.
 *
 * The library's way keeps a set of the ids that it has served, so that a socket in two of the rooms gets the packet
 * once. With one room that cannot happen. All else is the library's.
 */
import { Adapter } from "socket.io-adapter";

type Broadcast = Parameters<Adapter["broadcast"]>;

/** What a broadcast asks of a socket (socket.io 4.8, Adapter.broadcast). */
interface Recipient {
  notifyOutgoingListeners?(packet: unknown): void;
  readonly client: { writeToEngine(encoded: unknown, options: object): void };
}

/** Private to the adapter in its types only (socket.io-adapter 2.5.8). */
interface Insides {
  _encode(packet: Broadcast[0], options: object): unknown;
}

export class RoomAdapter extends Adapter {
  override broadcast(packet: Broadcast[0], opts: Broadcast[1]): void {
    const [name] = opts.rooms;
    if (opts.rooms.size !== 1 || name === undefined || (opts.except && opts.except.size > 0)) {
      super.broadcast(packet, opts);
      return;
    }
    const room = this.rooms.get(name);
    if (room === undefined) return;
    const options = { preEncoded: true, volatile: opts.flags?.volatile, compress: opts.flags?.compress };
    const { name: nsp, sockets } = this.nsp as { name: string; sockets: Map<string, Recipient> };
    (packet as { nsp?: string }).nsp = nsp;
    const encoded = (this as unknown as Insides)._encode(packet, options);
    // Whoever joins while this runs comes after the last, and is not served.
    let left = room.size;
    for (const id of room) {
      if (left-- === 0) break;
      const socket = sockets.get(id);
      if (socket === undefined) continue;
      socket.notifyOutgoingListeners?.(packet);
      socket.client.writeToEngine(encoded, options);
    }
  }
}
