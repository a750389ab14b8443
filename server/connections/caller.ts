/** Who makes a call, as the services see a connection. */
import { addressGroup } from "@crossroom/bridge";
import type { Caller } from "../rooms/outcome.js";
import { transportOf, type RoomsSocket } from "./rooms-io.js";

/** @param address What the connection's address counts as: the same for as long as it lasts. */
export function callerOf(socket: RoomsSocket, address = addressGroup(socket.handshake.address)): Caller {
  const { identity, device } = socket.data;
  return {
    ...{ identity, sid: socket.id, address, transport: transportOf(socket) },
    ...(device === undefined ? {} : { device }),
  };
}
