/** Ending a program that a test has started, and what it has left. */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";

/** Resolves when the program is gone, and its folder with it. */
export async function endProcess(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const exit = once(child, "exit");
    child.kill();
    await exit;
  }
  await rm(folder, { recursive: true, force: true });
}
