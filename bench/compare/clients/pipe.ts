/** Lines of JSON over a bare TCP connection. */
import { connect } from "node:net";
import { createInterface } from "node:readline";
import { readMessage } from "../message.js";
import type { Open } from "./client.js";

export const open: Open = ({ port, onMessage }) => {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => socket.destroy());
  createInterface({ input: socket }).on("line", (line) => onMessage(readMessage(line)));
  return {
    send: (message) => void socket.write(`${JSON.stringify(message)}\n`),
    close: () => socket.destroy(),
  };
};
