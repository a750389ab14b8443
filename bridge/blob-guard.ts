/**
 * Refuses broadcasts that would bring a Blob to a plain client, before any of it is written: an error in the middle would leave
 * those out who come later. No client of Socket.IO's loses by it: in Node its transports write "[object Blob]", at which the
 * client ends the connection. Broadcasts that reach no plain client are left as they are.
 */
import { blobError, holdsBlob } from "./binary.js";
import { knownJson } from "./fanout/known-json.js";

/** Whom a broadcast is for: those in any of the rooms, or everybody where there are none. */
interface Recipients {
  readonly rooms: ReadonlySet<string>;
  readonly except?: ReadonlySet<string> | undefined;
}

type Broadcast = (packet: { data?: unknown }, recipients: Recipients, ...more: never[]) => unknown;

/** What is asked of an adapter of Socket.IO's, whichever it is (socket.io-adapter 2.5). */
export interface Broadcaster {
  /** The rooms of each socket, and the sockets of each room. */
  readonly sids: ReadonlyMap<string, unknown>;
  readonly rooms: ReadonlyMap<string, ReadonlySet<string>>;
  broadcast: Broadcast;
  broadcastWithAck: Broadcast;
}

/** @param isPlain whether a socket's client is a plain one. */
export function guardBroadcasts(adapter: Broadcaster, isPlain: (id: string) => boolean): void {
  const guarded =
    (broadcast: Broadcast): Broadcast =>
    (packet, recipients, ...more) => {
      const mayHoldBlob = knownJson(packet.data) === undefined;
      if (mayHoldBlob && holdsBlob(packet.data) && recipientsOf(adapter, recipients).some(isPlain)) {
        throw blobError();
      }
      return broadcast.call(adapter, packet, recipients, ...more);
    };
  adapter.broadcast = guarded(adapter.broadcast);
  adapter.broadcastWithAck = guarded(adapter.broadcastWithAck);
}

function recipientsOf({ sids, rooms: known }: Broadcaster, { rooms, except }: Recipients): string[] {
  const inAny = (names: ReadonlySet<string> = new Set()): string[] =>
    [...names].flatMap((name) => [...(known.get(name) ?? [])]);
  const excluded = new Set(inAny(except));
  return (rooms.size === 0 ? [...sids.keys()] : inAny(rooms)).filter((id) => !excluded.has(id));
}
