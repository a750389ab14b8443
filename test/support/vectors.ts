/** The golden vectors, which the SDKs' tests in other languages read too. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The vectors of one file of test/vectors/. */
export function readVectors<Vector>(name: string): Vector[] {
  const file = join(process.cwd(), "test", "vectors", `${name}.json`);
  return (JSON.parse(readFileSync(file, "utf8")) as { vectors: Vector[] }).vectors;
}

export interface ClientFrameVector {
  name: string;
  text: string;
  frame?: object;
  error?: string;
  id?: number;
}

export interface ServerFrameVector {
  name: string;
  text: string;
  frame?: object;
  ignored?: true;
}

export interface BinaryVector {
  name: string;
  value: object;
  bytes: string | null;
}

export interface PacketVector {
  name: string;
  direction: "in" | "out";
  /** Missing where the frame is refused. */
  packet?: (string | { $binary: string })[];
  error?: string;
  text: string;
}
