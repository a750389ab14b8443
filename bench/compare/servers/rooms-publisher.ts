/** Who publishes to the rooms server: a client of its own process, so that its CPU is not the server's. Publishes to ROOM; gets what clients signal. */
import { WebSocket } from "ws";
import { io } from "@crossroom/client";
import { createRooms } from "@crossroom/client/rooms";
import { asMessage, makeMessage } from "../message.js";
import { ROOM } from "../room.js";
import { args, onReceived, serve } from "../serve.js";

const [port = ""] = args;
const rooms = createRooms(io(`http://127.0.0.1:${port}`, { WebSocket }), { name: "publisher" });
const room = rooms.room(ROOM);
room.on("message", ({ from, data }) => {
  if (from.name !== "publisher") onReceived(asMessage(data));
});
await room.join();
await room.publish(makeMessage(0));

serve({
  port: 0,
  publish: (message) => void room.publish(message),
});
