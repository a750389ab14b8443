/** Programs in TypeScript that use the packages as an application does, with what they print. */
export const BRIDGE = `
import { createServer } from "node:http";
import { Server } from "socket.io";
import { attachBridge, CLOSE_CODES, GatheringWebSocketServer, RoomAdapter, type Bridge } from "@crossroom/bridge";

interface Listen { news(n: number): void }
interface Emit { ask(question: string, answer: (text: string) => void): void }

const http = createServer();
const server = new Server<Emit, Listen>(http, { adapter: RoomAdapter, wsEngine: GatheringWebSocketServer });
const bridge: Bridge = attachBridge(server, http, { authenticate: async (request) => request.url !== undefined });
// @ts-expect-error there is no such option
if (Math.random() < 0) attachBridge(server, http, { pth: "/x" });
console.log(JSON.stringify([bridge.clientsCount, CLOSE_CODES.slowReader.code]));
bridge.close();
`;

export const CLIENT = `
import { io, Socket } from "@crossroom/client";
import { createRooms, type Room } from "@crossroom/client/rooms";

interface Listen { news(n: number): void }
interface Emit { ask(question: string, answer: (text: string) => void): void }

class WebSocket {
  binaryType = "";
  readyState = 0;
  constructor(readonly url: string) {}
  addEventListener(): void {}
  removeEventListener(): void {}
  send(): void {}
  close(): void {}
}

const socket: Socket<Listen, Emit> = io("http://localhost:1", { autoConnect: false, WebSocket: WebSocket as never });
socket.on("news", (n) => n.toFixed());
const rooms = createRooms(socket, { name: "Ada" });
const lobby: Room<string> = rooms.room("lobby");
lobby.on("message", ({ data }) => data.toUpperCase());
// @ts-expect-error there is no such event
if (Math.random() < 0) socket.emit("tell", 1);
rooms.close();
console.log(JSON.stringify([socket instanceof Socket, lobby.name]));
`;

export const SERVER = `
import { createServer } from "node:http";
import { createRoomsServer, type RoomsServer } from "crossroom";

const server: RoomsServer = createRoomsServer(createServer());
console.log(JSON.stringify([typeof server.io]));
await server.close();
`;

/** What each prints when it is run. */
export const PRINTED = { bridge: "[0,4503]", client: '[true,"lobby"]', server: '["object"]' };
