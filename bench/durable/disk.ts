/** What is under the store: how long the disk takes to keep anything at all. */
import { closeSync, fdatasyncSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { join } from "node:path";

/** What `statfs` calls file systems that keep everything in memory: tmpfs and ramfs (statfs(2)). */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6];

const BLOCK = Buffer.alloc(4096, 1);
/** The file is overwritten again and again, as that of LMDB is. */
const BLOCKS = 64;

export function isInMemory(folder: string): boolean {
  return process.platform === "linux" && IN_MEMORY.includes(statfsSync(folder).type);
}

/** Milliseconds that each of some writes of 4 KiB takes until it is on the disk. */
export function syncTimes(folder: string, count: number): number[] {
  const path = join(folder, "sync");
  const file = openSync(path, "w");
  try {
    for (let block = 0; block < BLOCKS; block++) writeSync(file, BLOCK);
    fdatasyncSync(file);
    return Array.from({ length: count }, (_, n) => {
      const start = performance.now();
      writeSync(file, BLOCK, 0, BLOCK.length, (n % BLOCKS) * BLOCK.length);
      fdatasyncSync(file);
      return performance.now() - start;
    });
  } finally {
    closeSync(file);
    rmSync(path);
  }
}
