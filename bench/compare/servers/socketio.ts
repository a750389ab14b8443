/** Socket.IO as it comes; with the argument `recovery`, with its connection state recovery; with `bridge`, with plain clients too. */
import { createServer } from "node:http";
import { Server } from "socket.io";
import { attachBridge } from "@crossroom/bridge";
import { listen } from "../../shared/listen.js";
import { asMessage, EVENT, makeMessage } from "../message.js";
import { args, HEARTBEAT, keepAlive, onReceived, serve } from "../serve.js";

const http = keepAlive(createServer());
const io = new Server(http, {
  pingInterval: HEARTBEAT,
  // Nothing is compressed here. By default it compresses what a poll gets, from 1 KiB on.
  httpCompression: false,
  ...(args.includes("recovery") ? { connectionStateRecovery: {} } : {}),
});
if (args.includes("bridge")) attachBridge(io, http);
io.on("connection", (socket) => {
  socket.on(EVENT, (value: unknown) => onReceived(asMessage(value)));
  socket.emit(EVENT, makeMessage(0));
});

serve({ port: await listen(http), publish: (message) => io.emit(EVENT, message) });
