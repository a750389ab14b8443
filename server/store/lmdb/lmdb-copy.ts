/**
 * The copy of a data file, made and read in a process of its own: LMDB maps the file, and a damaged page ends the process that comes
 * upon it.
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { damaged } from "./lmdb-errors.js";
import { StoreError, type StoreErrorCode } from "../store.js";

const PROGRAM = fileURLToPath(new URL("lmdb-copy-process.js", import.meta.url));

/** Signals that come from outside, and say nothing of the data. */
const FROM_OUTSIDE: readonly unknown[] = ["SIGHUP", "SIGINT", "SIGTERM", "SIGKILL"];

/** What the process says before it ends. */
export type CopyAnswer = { ok: true } | { ok: false; code: StoreErrorCode; message: string };

/**
 * Copies the store of a folder into an empty one, and reads all of the copy.
 * @param name What errors call the folder that is written.
 * @throws StoreError
 */
export async function copyInChild(from: string, to: string, name: string): Promise<void> {
  // What LMDB writes to stderr is for its developers.
  const child = fork(PROGRAM, [from, to], { stdio: ["ignore", "ignore", "ignore", "ipc"], execArgv: [] });
  let answer: CopyAnswer | undefined;
  child.once("message", (said) => (answer = said as CopyAnswer));
  const how = await ended(child);
  if (answer?.ok === true) return;
  if (answer !== undefined) throw new StoreError(answer.code, answer.message.replaceAll(to, name));
  if (FROM_OUTSIDE.includes(how))
    throw new StoreError("failed", `Copying ${from} was ended by ${how}. Try again.`);
  throw damaged(from, `reading all of it failed (${how})`);
}

/** @returns The signal or status with which it ended. */
async function ended(child: ChildProcess): Promise<string> {
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  return signal ?? `status ${status}`;
}
