/** The floor: a line of JSON on a bare TCP connection. What lies within it cannot be told from nothing. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { lineReader } from "../lines.js";
import { makeMessage, readMessage } from "../message.js";
import { onReceived, serve } from "../serve.js";

const sockets = new Set<Socket>();
const server = createServer({ noDelay: true }, (socket) => {
  sockets.add(socket);
  socket.on("error", () => socket.destroy());
  socket.on("close", () => sockets.delete(socket));
  socket.setEncoding("utf8").on(
    "data",
    lineReader((line) => onReceived(readMessage(line))),
  );
  socket.write(`${JSON.stringify(makeMessage(0))}\n`);
});
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", 4096, resolve));

serve({
  port: (server.address() as AddressInfo).port,
  publish(message) {
    const line = `${JSON.stringify(message)}\n`;
    for (const socket of sockets) socket.write(line);
  },
});
