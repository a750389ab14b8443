/** What the services want done, done with Socket.IO's rooms. */
import type { Effect } from "./rooms/outcome.js";
import type { RoomsIo } from "./rooms-io.js";

/** Carries out effects, in order. */
export function performAll(io: RoomsIo, effects: readonly Effect[]): void {
  for (const effect of effects) perform(io, effect);
}

/** Whether it changes who hears what: to be done before an answer is given. */
export function isMove({ type }: Effect): boolean {
  return type === "enter" || type === "exit";
}

function perform(io: RoomsIo, effect: Effect): void {
  switch (effect.type) {
    case "enter": {
      const socket = io.of("/").sockets.get(effect.sid);
      // One that has gone meanwhile would stay in the room for ever.
      if (!socket?.connected) return;
      void socket.join(channel(effect.room));
      if (effect.seesPresence) void socket.leave(blind(effect.room));
      else void socket.join(blind(effect.room));
      return;
    }
    case "exit": {
      const socket = io.of("/").sockets.get(effect.sid);
      void socket?.leave(channel(effect.room));
      void socket?.leave(blind(effect.room));
      return;
    }
    case "message":
      io.to(channel(effect.message.room)).emit("message", effect.message);
      return;
    case "signal":
      io.to(channel(effect.signal.room)).except(effect.except).volatile.emit("signal", effect.signal);
      return;
    case "presence": {
      const { room } = effect.change;
      io.to(channel(room))
        .except([blind(room), ...(effect.except === undefined ? [] : [effect.except])])
        .emit("presence", effect.change);
      return;
    }
    case "expelled":
      io.to(effect.sid).emit("presence", effect.change);
      return;
    case "inbox":
      io.to(effect.sid).emit("inbox", effect.item);
      return;
  }
}

/** Prefixed, as every socket is in a Socket.IO room of its own id: a room named after an id must not overhear it. */
function channel(room: string): string {
  return `room:${room}`;
}

/** Those in a room who may not see who else is. */
function blind(room: string): string {
  return `blind:${room}`;
}
