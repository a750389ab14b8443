/** A folder for the data, that is gone when the process ends, however it ends. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

/**
 * @param parent Is made if it is not there.
 * @param prefix How the folder's name begins.
 */
export function temporaryFolder(parent: string, prefix: string): string {
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, prefix));
  // A child that was asked to end just now may still be writing.
  process.once("exit", () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  // A signal ends a process without its "exit", unless it is listened to.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, () => process.exit(1));
  return folder;
}
