/** Who makes a call, as the services see a connection. */
import { addressGroup } from "@crossroom/bridge";
import type { Caller } from "../rooms/outcome.js";
import { admittedOf } from "./admitted.js";
import { transportOf, type RoomsSocket } from "./rooms-io.js";

export function callerOf(socket: RoomsSocket): Caller {
  const { identity, device } = admittedOf(socket);
  return {
    ...{ identity, sid: socket.id, transport: transportOf(socket) },
    address: addressGroup(socket.handshake.address),
    ...(device === undefined ? {} : { device }),
  };
}
