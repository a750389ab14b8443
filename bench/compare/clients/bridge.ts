/** The plain client: JSON over a WebSocket, into the same Socket.IO server. */
import { asMessage, EVENT } from "../message.js";
import type { Open } from "./client.js";
import { bridgeSocket } from "./sockets.js";

export const open: Open = ({ port, onMessage }) => {
  const socket = bridgeSocket(port);
  socket.on(EVENT, (value: unknown) => onMessage(asMessage(value)));
  return {
    send: (message) => void socket.emit(EVENT, message),
    close: () => void socket.disconnect(),
  };
};
