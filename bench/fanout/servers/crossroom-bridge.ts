/** Plain WebSocket clients on the bridge, under `io.to(room).emit`. */
import { createServer } from "node:http";
import { Server } from "socket.io";
import { attachBridge, RoomAdapter } from "../../../bridge/index.js";
import { EVENT, messageMaker, ROOM } from "../message.js";
import { listen } from "../../shared/listen.js";
import { collectGarbage, frameBytesArgument, serve } from "../serve.js";
import { HEARTBEAT } from "../subjects.js";

const http = createServer();
const io = new Server(http, { adapter: RoomAdapter, ...HEARTBEAT });
// Every receiver comes from one address.
attachBridge(io, http, { maxConnectionsPerAddress: 1_000_000, maxConnections: 1_000_000 });
io.on("connection", (socket) => void socket.join(ROOM));
const message = messageMaker("plain", frameBytesArgument());

serve({
  port: await listen(http),
  broadcast: (n) => io.to(ROOM).emit(EVENT, message(n)),
  collectGarbage,
});
