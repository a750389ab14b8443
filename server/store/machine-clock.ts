/** What the machine says of time that nobody can set. */
import { readFileSync } from "node:fs";
import { uptime } from "node:os";
import type { StoreOptions } from "./store.js";
import type { TimeSource } from "./store-clock.js";

/** Milliseconds for which Node's own clock is trusted: unlike the machine's uptime it stands still while the machine sleeps. */
const LOOK_INTERVAL = 1_000;

let base = uptime() * 1_000;
let looked = performance.now();

/** Milliseconds since the machine was started; never goes back. Cheap. */
export function machineUptime(): number {
  const passed = performance.now() - looked;
  if (passed < LOOK_INTERVAL) return base + passed;
  base = Math.max(base + passed, uptime() * 1_000);
  looked = performance.now();
  return base;
}

/** Names this start of the machine; undefined where the system does not say (proc(5)). */
export function bootId(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return undefined;
  }
}

/** The times that a store was opened with, and the machine's own for the others. */
export function timeSource({ now, uptime = machineUptime, boot = bootId() }: StoreOptions): TimeSource {
  return { wall: now, uptime, boot };
}
