/** Answers WebSocket requests for paths at which there is none, which otherwise would be cut off without a word. */
import type { Duplex } from "node:stream";

/** @param bridgePath what to tell those who have come to the wrong place. */
export function refuseStrayUpgrade(socket: Duplex, bridgePath: string): void {
  const message = `There is no WebSocket endpoint at this path: plain WebSockets connect to ${bridgePath}.`;
  const body = `${JSON.stringify({ error: { code: "not_found", message } })}\n`;
  const answer = [
    "HTTP/1.1 404 Not Found",
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
  socket.on("error", () => socket.destroy()); // it went before it had its answer
  socket.once("finish", () => socket.destroy());
  socket.end(answer);
}
