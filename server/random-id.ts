/** Ids that nobody meets again, for what is made often. */
import { randomFillSync } from "node:crypto";

/** Random bytes for some hundred ids: to ask the system for them costs as much for one id as for all of these. */
const pool = Buffer.alloc(4_096);
let used = pool.length;

/** 12 bytes are as rare to meet again as a UUID, for all that rooms will ever hold, and half as long. Not for secrets. */
export function randomId(bytes: number, encoding: "base64url" | "hex" = "base64url"): string {
  if (used + bytes > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  used += bytes;
  return pool.toString(encoding, used - bytes, used);
}

/** For guests and their tokens, which are known by 64 random bits. */
export function randomHex(): string {
  return randomId(8, "hex");
}
