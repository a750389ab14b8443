/** The vectors of a hostile server (test/vectors/hostile-server.json), which the SDKs in other languages run too. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** A piece of a message: itself, or a string so many times over. */
type Piece = string | { repeat: string; times: number };

type FrameVector = string | Piece[] | { text: string; times: number } | { binary: string };

export interface HostileVector {
  name: string;
  layer: "bridge" | "rooms";
  at: string;
  frames: FrameVector[];
  then: string;
}

interface EventFrame {
  type: string;
  event: string;
  args: unknown[];
}

export interface HostileVectors {
  connected: object;
  welcome: EventFrame;
  answers: Record<string, object>;
  then: { event: EventFrame; message: EventFrame; item: EventFrame };
  vectors: HostileVector[];
}

export const HOSTILE = JSON.parse(
  readFileSync(join(process.cwd(), "test", "vectors", "hostile-server.json"), "utf8"),
) as HostileVectors;

/** The messages of a vector, for the call of this ack id; binary ones as Buffers. */
export function messagesOf({ frames }: HostileVector, id: unknown = 0): (string | Buffer)[] {
  return frames.flatMap((frame): (string | Buffer)[] => {
    if (typeof frame === "string") return [withId(frame, id)];
    if (Array.isArray(frame)) return [withId(frame.map(wholePiece).join(""), id)];
    if ("binary" in frame) return [Buffer.from(frame.binary, "base64")];
    return Array.from({ length: frame.times }, () => withId(frame.text, id));
  });
}

function wholePiece(piece: Piece): string {
  return typeof piece === "string" ? piece : piece.repeat.repeat(piece.times);
}

function withId(text: string, id: unknown): string {
  return text.replace("$id", JSON.stringify(id));
}
