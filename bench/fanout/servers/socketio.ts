/** Socket.IO as it comes: its WebSocket transport, its in-memory adapter, `io.to(room).emit`. */
import { createServer } from "node:http";
import { Server } from "socket.io";
import { EVENT, messageMaker, ROOM } from "../message.js";
import { listen } from "../../shared/listen.js";
import { collectGarbage, frameBytesArgument, serve } from "../serve.js";
import { HEARTBEAT } from "../subjects.js";

const http = createServer();
const io = new Server(http, { transports: ["websocket"], ...HEARTBEAT });
io.on("connection", (socket) => void socket.join(ROOM));
const message = messageMaker("socket.io", frameBytesArgument());

serve({
  port: await listen(http),
  broadcast: (n) => io.to(ROOM).emit(EVENT, message(n)),
  collectGarbage,
});
