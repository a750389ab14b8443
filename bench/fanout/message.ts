/**
 * The message that is broadcast, padded so that its WebSocket frame has the same size on every server: what is compared
 * is the servers, not their envelopes. Each message has its own number, so that nobody can keep the last one's frame.
 */

export interface Message {
  n: string;
  text: string;
}

/** How a server puts a message into a text frame: as the bridge's JSON, or as a Socket.IO packet. */
export type Wire = "plain" | "socket.io";

export const EVENT = "message";
export const ROOM = "room";

/** A text frame as the bridge sends it; the servers without Socket.IO send just the same. */
export function plainText(message: Message): string {
  return JSON.stringify({ type: "event", event: EVENT, args: [message] });
}

/** Bytes of an unmasked frame's header with a 16-bit length (RFC 6455, 5.2); such a payload has 126 to 65,535 bytes. */
const HEADER = 4;
export const MIN_FRAME_BYTES = HEADER + 126;
export const MAX_FRAME_BYTES = HEADER + 65_535;

/** Makes messages whose frame has `frameBytes` bytes, header and envelope included. */
export function messageMaker(wire: Wire, frameBytes: number): (n: number) => Message {
  const empty = { n: digits(0), text: "" };
  // 42 is an event in Engine.IO's and Socket.IO's framing: message, event.
  const envelope = wire === "plain" ? plainText(empty) : `42${JSON.stringify([EVENT, empty])}`;
  const text = "x".repeat(frameBytes - HEADER - envelope.length);
  return (n) => ({ n: digits(n), text });
}

function digits(n: number): string {
  return String(n).padStart(8, "0");
}
