/** How a frame is shown: what it is called, what it means, its payload made readable, its size. Pure. */
import type { FrameRecord } from "crossroom/wire-tap";

const OPCODES: Readonly<Record<number, string>> = {
  0: "continuation",
  1: "text",
  2: "binary",
  8: "close",
  9: "ping",
  10: "pong",
};

export function opcodeName(opcode: number): string {
  return OPCODES[opcode] ?? `opcode ${opcode}`;
}

/** Engine.IO's packet types, then Socket.IO's: their protocols' documents, version 4 and 5. */
const ENGINE_PACKETS = ["open", "close", "ping", "pong", "message", "upgrade", "noop"];
const SOCKET_PACKETS = [
  "connect",
  "disconnect",
  "event",
  "ack",
  "connect error",
  "binary event",
  "binary ack",
];

/** What a text frame is: by a Socket.IO packet's leading digits, or by the `type` of a frame of the bridge. */
export function meaningOf(text: string): string {
  const type = /^{"type":"(\w+)"/.exec(text)?.[1];
  if (type !== undefined) return type.replace("_", " ");
  const engine = ENGINE_PACKETS[digitAt(text, 0)];
  if (engine === undefined) return "";
  if (engine !== "message") return `Engine.IO ${engine}`;
  const packet = SOCKET_PACKETS[digitAt(text, 1)];
  return packet === undefined ? "" : `Socket.IO ${packet}`;
}

function digitAt(text: string, index: number): number {
  return text.charCodeAt(index) - 48;
}

/** The JSON in a payload, indented; what stands before it (Socket.IO's digits) is left as it is. */
export function pretty(text: string): string {
  const start = text.search(/[[{]/);
  if (start === -1) return text;
  try {
    return text.slice(0, start) + JSON.stringify(JSON.parse(text.slice(start)), null, 2);
  } catch {
    return text; // cut short, or no JSON: shown as it came
  }
}

/** RFC 6455, section 7.4.1: stands for a close frame with no code, and is itself never on the wire. */
const NO_CODE = 1005;

export function payloadText(frame: FrameRecord): string {
  const dots = frame.cut ? "…" : "";
  if (frame.closeCode === NO_CODE) return "no code";
  if (frame.closeCode !== undefined) return `${frame.closeCode} ${frame.text ?? ""}`.trim();
  if (frame.text !== undefined) return frame.text + dots;
  return frame.hex === undefined ? "" : `${frame.hex.replace(/../g, "$& ").trim()}${dots}`;
}

/** A number of bytes, in units of 1000. */
export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`;
  if (count < 1_000_000) return `${(count / 1_000).toFixed(1)} kB`;
  return `${(count / 1_000_000).toFixed(1)} MB`;
}
