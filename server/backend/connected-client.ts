/** A connection, as a backend is told of it. */
import { transportOf, type RoomsSocket } from "../connections/rooms-io.js";
import type { Transport } from "../api/types.js";

export interface ConnectedClient {
  sid: string;
  user: string;
  name: string;
  guest: boolean;
  /** What the client named its device with; its `sid` where it did not. */
  device: string;
  transport: Transport;
}

export function clientOf(socket: RoomsSocket): ConnectedClient {
  const { user, name, guest } = socket.data;
  return { sid: socket.id, user, name, guest, device: deviceOf(socket), transport: transportOf(socket) };
}

export function deviceOf({ id, data }: RoomsSocket): string {
  return data.device ?? id;
}
