/** Socket.IO clients on the fast broadcast path: Crossroom's adapter and its gathering WebSocket server. */
import { createServer } from "node:http";
import { Server } from "socket.io";
import { GatheringWebSocketServer, RoomAdapter } from "../../../bridge/index.js";
import { EVENT, messageMaker, ROOM } from "../message.js";
import { listen } from "../../shared/listen.js";
import { collectGarbage, frameBytesArgument, serve } from "../serve.js";
import { HEARTBEAT } from "../subjects.js";

const http = createServer();
const io = new Server(http, {
  adapter: RoomAdapter,
  wsEngine: GatheringWebSocketServer,
  transports: ["websocket"],
  ...HEARTBEAT,
});
io.on("connection", (socket) => void socket.join(ROOM));
const message = messageMaker("socket.io", frameBytesArgument());

serve({
  port: await listen(http),
  broadcast: (n) => io.to(ROOM).emit(EVENT, message(n)),
  collectGarbage,
});
