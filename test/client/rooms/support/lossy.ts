/** A socket whose events can get lost on the way, as broadcasts between servers can; all else of it is real. */
import type { SocketLike } from "../../../../clients/typescript/src/rooms/index.js";

type Listener = (...args: unknown[]) => void;

/** @param isLost asked for each event that comes, with its first value. */
export function lossy(
  isLost: (event: string, value: unknown) => boolean,
): (socket: SocketLike) => SocketLike {
  return (socket) => {
    const wrapped = new Map<Listener, Listener>();
    const on = (event: string, listener: Listener): void => {
      const filtered: Listener = (...args) => {
        if (!isLost(event, args[0])) listener(...args);
      };
      wrapped.set(listener, filtered);
      socket.on(event as never, filtered as never);
    };
    const off = (event: string, listener: Listener): void => {
      socket.off(event as never, wrapped.get(listener) as never);
    };
    return new Proxy(socket, {
      get: (target, key) => {
        if (key === "on") return on;
        if (key === "off") return off;
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? (value.bind(target) as unknown) : value;
      },
    });
  };
}
