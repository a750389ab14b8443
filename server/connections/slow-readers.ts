/**
 * Clients of Socket.IO's own transports that read more slowly than they are sent to. The bridge bounds what waits for its clients;
 * Engine.IO does not, and what a server owes to one who does not read would fill its memory.
 */
import type { RoomsSocket } from "./rooms-io.js";

/** Bytes that may wait for one client, as the bridge has it. */
const MAX_WAITING = 4 * 1024 * 1024;

/** What is looked at of an Engine.IO socket; private in its types (engine.io 6.6, Socket and WebSocket). */
interface EngineSocket {
  readonly writeBuffer: readonly { data?: unknown }[];
  readonly transport: {
    readonly name: string;
    readonly writable: boolean;
    readonly socket?: { readonly bufferedAmount?: number };
  };
  close(discard: boolean): void;
}

/** What is used of a connection of the bridge. */
interface PlainConnection {
  whenDrained(callback: () => void): void;
}

/**
 * Closes the connections for which too much waits; they may reconnect, and get what they missed. To be called now and then.
 * @returns How many it closed.
 */
export function closeSlowReaders(connections: Iterable<object>): number {
  let closed = 0;
  for (const client of connections as Iterable<EngineSocket>) {
    const { name, writable } = client.transport;
    if (name === "bridge" || writable || waitingBytes(client) <= MAX_WAITING) continue;
    client.close(true);
    closed++;
  }
  return closed;
}

/**
 * Resolves when the transport has taken what was sent, or is gone. For answers that may be large: a client that asks for many
 * without reading any waits for itself.
 */
export async function drained({ conn }: RoomsSocket): Promise<void> {
  const { transport } = conn;
  if (conn.readyState === "closed" || isDrained(conn as unknown as EngineSocket)) return;
  // With polling, the connection says "drain" when its buffer has gone out with an answer; the other transports say it themselves.
  const source = transport.name === "polling" ? conn : transport;
  await new Promise<void>((resolve) => {
    if (transport.name === "bridge") {
      conn.once("close", resolve);
      (conn as unknown as PlainConnection).whenDrained(() => {
        conn.off("close", resolve);
        resolve();
      });
      return;
    }
    const done = (): void => {
      source.off("drain", done);
      conn.off("upgrade", done).off("close", done);
      resolve();
    };
    source.once("drain", done);
    conn.once("upgrade", done).once("close", done);
  });
}

/**
 * Whether the transport has taken all that was sent. Between two requests of a client that polls, its transport cannot be written
 * to either, but then nothing need wait: what does is in the buffer.
 */
function isDrained({ transport, writeBuffer }: EngineSocket): boolean {
  return transport.name === "polling" ? writeBuffer.length === 0 : transport.writable;
}

function waitingBytes({ writeBuffer, transport }: EngineSocket): number {
  const taken = transport.socket?.bufferedAmount ?? 0;
  return writeBuffer.reduce((sum, { data }) => sum + sizeOf(data), taken);
}

function sizeOf(data: unknown): number {
  if (typeof data === "string") return data.length;
  return ArrayBuffer.isView(data) ? data.byteLength : 0;
}
