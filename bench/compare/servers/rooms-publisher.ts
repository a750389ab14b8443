/**
 * Who publishes to the rooms server: a client in a process of its own, so that its CPU is not the server's. It does not wait for one ack
 * before it publishes the next message; what is refused ends it. It hears what clients publish, too.
 */
import { WebSocket } from "ws";
import { io } from "@crossroom/client";
import { asMessage, EVENT, makeMessage } from "../message.js";
import { PUBLISHER, ROOM } from "../room.js";
import { args, onReceived, serve } from "../serve.js";

type Answer = { ok: true } | { ok: false; error: { message: string } };

const [port = ""] = args;
const socket = io(`http://127.0.0.1:${port}`, { WebSocket, auth: { name: PUBLISHER } });
socket.on(EVENT, ({ from, data }: { from: { name: string }; data: unknown }) => {
  if (from.name !== PUBLISHER) onReceived(asMessage(data));
});

async function call(event: string, argument: object): Promise<void> {
  const answer = (await socket.emitWithAck(event, argument)) as Answer;
  if (!answer.ok) throw new Error(`${event} was refused: ${answer.error.message}`);
}

await new Promise<void>((resolve) => void socket.once("welcome", () => resolve()));
await call("join", { room: ROOM });
const publish = (data: object) => call("publish", { room: ROOM, data });
await publish(makeMessage(0));

serve({ port: 0, publish: (message) => void publish(message) });
