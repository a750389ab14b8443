/** Lines of JSON over a bare TCP connection. */
import { connect } from "node:net";
import { lineReader } from "../lines.js";
import { readMessage } from "../message.js";
import type { Open } from "./client.js";

export const open: Open = ({ port, onMessage }) => {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  socket.on("error", () => socket.destroy());
  socket.setEncoding("utf8").on(
    "data",
    lineReader((line) => onMessage(readMessage(line))),
  );
  return {
    send: (message) => void socket.write(`${JSON.stringify(message)}\n`),
    close: () => socket.destroy(),
  };
};
