/** A manager on a hand-moved clock and WebSockets without a network. */
import { Manager } from "../../../clients/typescript/src/manager.js";
import type { Options } from "../../../clients/typescript/src/options.js";
import type { Socket } from "../../../clients/typescript/src/socket.js";
import { ManualClock } from "./clock.js";
import { EventLog, MANAGER_EVENTS, SOCKET_EVENTS } from "./events.js";
import { fakeWebSockets, type FakeWebSocket } from "./fake-websocket.js";

export interface Rig {
  clock: ManualClock;
  manager: Manager;
  /** What the manager told. */
  told: EventLog;
  made: FakeWebSocket[];
  /** The WebSocket that was opened last. */
  ws: () => FakeWebSocket;
  /** A socket, and what it told. */
  socket: (nsp?: string, options?: Options) => { socket: Socket; log: EventLog };
}

export function rig(options: Options = {}): Rig {
  const clock = new ManualClock();
  const { WebSocket, made, last } = fakeWebSockets();
  const manager = new Manager(
    "http://server.test",
    { WebSocket, transports: ["websocket"], ...options },
    clock,
  );
  const told = new EventLog(manager, MANAGER_EVENTS);
  const socket: Rig["socket"] = (nsp = "/", more = options) => {
    const it = manager.socket(nsp, more);
    return { socket: it, log: new EventLog(it, SOCKET_EVENTS) };
  };
  return { clock, manager, told, made, ws: last, socket };
}

/** The same, with a socket for / that is connected. */
export function connectedRig(
  options: Options = {},
  accepted: Record<string, unknown> = {},
): Rig & { it: Socket; log: EventLog } {
  const whole = rig(options);
  const { socket: it, log } = whole.socket();
  whole.ws().open().accept(accepted);
  log.rest();
  whole.told.rest();
  return { ...whole, it, log };
}
