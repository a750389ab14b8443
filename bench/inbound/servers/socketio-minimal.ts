/** Socket.IO as it comes, its WebSocket transport, under the simplest handlers. */
import { Server } from "socket.io";
import { serveMinimal } from "../minimal.js";
import { HEARTBEAT, serve } from "../serve.js";

await serve((http) => serveMinimal(new Server(http, { transports: ["websocket"], ...HEARTBEAT })));
