/** The simplest handlers that there can be: `join` and `publish`, with acks, and nothing kept. */
import type { Server } from "socket.io";

const DONE = { ok: true };

export function serveMinimal(io: Server): void {
  io.on("connection", (socket) => {
    socket.on("join", ({ room }: { room: string }, ack: (answer: object) => void) => {
      void socket.join(room);
      ack(DONE);
    });
    socket.on("publish", (message: { room: string; data: unknown }, ack: (answer: object) => void) => {
      io.to(message.room).emit("message", message);
      ack(DONE);
    });
  });
}
