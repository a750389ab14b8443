/**
 * The floor: ws and JSON.parse. It speaks the bridge's frames, keeps the last messages of each room in memory, and knows nothing
 * of guests, presence, or a call that is wrong.
 */
import { WebSocketServer, type WebSocket } from "ws";
import { serve } from "../serve.js";

interface Call {
  event: "join" | "publish";
  args: [{ room: string; data?: unknown }];
  id: number;
}

/** As many as Crossroom keeps by default. */
const HISTORY = 10_000;

const members = new Map<string, Set<WebSocket>>();
const logs = new Map<string, string[]>();

await serve((http) => {
  new WebSocketServer({ server: http, perMessageDeflate: false }).on("connection", (socket) => {
    socket.on("message", (text: Buffer) => {
      const { event, args, id } = JSON.parse(text.toString()) as Call;
      if (event === "join") join(socket, args[0].room);
      else publish(args[0]);
      socket.send(JSON.stringify({ type: "ack", id, args: [{ ok: true }] }));
    });
  });
});

function join(socket: WebSocket, name: string): void {
  const room = members.get(name);
  if (room === undefined) members.set(name, new Set([socket]));
  else room.add(socket);
  socket.once("close", () => {
    const left = members.get(name);
    left?.delete(socket);
    if (left?.size === 0) members.delete(name);
  });
}

function publish(message: { room: string }): void {
  const text = JSON.stringify({ type: "event", event: "message", args: [message] });
  const log = logs.get(message.room);
  if (log === undefined) logs.set(message.room, [text]);
  else if (log.push(text) > HISTORY) log.shift();
  for (const member of members.get(message.room) ?? []) member.send(text);
}
