/** `socket.io-client`. What it missed it gets where the server has connection state recovery. */
import { asMessage, EVENT } from "../message.js";
import type { Open } from "./client.js";
import { socketIoSocket } from "./sockets.js";

export const open: Open = ({ port, settings, onMessage }) => {
  const socket = socketIoSocket(port, settings);
  socket.on(EVENT, (value: unknown) => onMessage(asMessage(value)));
  return {
    send: (message) => void socket.emit(EVENT, message),
    close: () => void socket.disconnect(),
  };
};
