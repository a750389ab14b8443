/**
 * The two ways into a room of the rooms server. With `resume` the rooms layer keeps it; without, the application joins anew at each
 * connect and asks for nothing that it missed.
 */
import { createRooms } from "@crossroom/client/rooms";
import { asMessage, EVENT, type Message } from "../message.js";
import { PUBLISHER, ROOM } from "../room.js";
import type { Client, ClientSettings, Open } from "./client.js";
import { bridgeSocket, socketIoSocket } from "./sockets.js";

interface Arrived {
  from: { name: string };
  data: unknown;
}

/** The little that both libraries' sockets have alike. */
interface AnySocket {
  on(event: string, listener: (value: Arrived) => void): unknown;
  emit(event: string, argument: object, ack: (answer: { ok: boolean }) => void): unknown;
  disconnect(): unknown;
}

export const open: Open = ({ port, settings, onMessage }) => {
  const take = ({ from, data }: Arrived) => {
    // What comes from others was sent by clients, and is not what is counted.
    if (from.name === PUBLISHER) onMessage(asMessage(data));
  };
  return settings.resume === false
    ? bare(port, settings, take, onMessage)
    : layered(port, settings, take, onMessage);
};

/** What a newcomer reads of the room's past greets it. */
function greet(messages: readonly { data: unknown }[], onMessage: (message: Message) => void): void {
  const newest = messages.at(-1);
  if (newest !== undefined) onMessage({ ...asMessage(newest.data), n: 0 });
}

function layered(
  port: number,
  settings: ClientSettings,
  take: (message: Arrived) => void,
  onMessage: (message: Message) => void,
): Client {
  const rooms =
    settings.over === "socket.io"
      ? createRooms(socketIoSocket(port, settings), { name: "client" })
      : createRooms(bridgeSocket(port), { name: "client" });
  const room = rooms.room(ROOM);
  room.on("message", take);
  room.join({ history: 1 }).then(
    ({ history }) => greet(history?.messages ?? [], onMessage),
    () => undefined, // closed before it had come in
  );
  return {
    async send(message) {
      await room.publish(message);
    },
    close: () => rooms.close(),
  };
}

function bare(
  port: number,
  settings: ClientSettings,
  take: (message: Arrived) => void,
  onMessage: (message: Message) => void,
): Client {
  const socket = (
    settings.over === "socket.io" ? socketIoSocket(port, settings) : bridgeSocket(port)
  ) as AnySocket;
  socket.on(EVENT, take);
  // Calls before the welcome would be made by nobody in particular.
  socket.on("welcome", () =>
    socket.emit(
      "join",
      { room: ROOM, history: 1 },
      (answer: { ok: boolean; history?: { messages: Arrived[] } }) =>
        greet(answer.history?.messages ?? [], onMessage),
    ),
  );
  return {
    send: (message) =>
      new Promise((resolve) => void socket.emit("publish", { room: ROOM, data: message }, () => resolve())),
    close: () => void socket.disconnect(),
  };
}
