/** A process that owns a data folder: how it is told from others, and whether it still lives. */
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { bootId } from "../machine-clock.js";

export interface OwnerProcess {
  pid: number;
  /** Tells the process from a later one with the same pid; not there where the system does not say. */
  started?: string;
  /** The namespace that the pid is of (namespaces(7)); not there where the system does not say. */
  pids?: string;
  host: string;
}

/** In the place of a start: the process has ended, and only its parent does not know yet. */
const ENDED = "ended";

export function ownerHere(): OwnerProcess {
  const started = startOf(process.pid);
  const pids = pidNamespace();
  return {
    pid: process.pid,
    ...(started !== undefined && { started }),
    ...(pids !== undefined && { pids }),
    host: hostname(),
  };
}

/** Whether its pid means here what it means there. */
export function isNear({ host, pids }: OwnerProcess): boolean {
  return host === hostname() && (pids === undefined || pids === pidNamespace());
}

/** Of a process that is near. */
export function isRunning({ pid, started }: OwnerProcess): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: there is such a process, of another user.
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  const current = startOf(pid);
  if (current === ENDED) return false;
  return started === undefined || current === undefined || current === started;
}

/** For people who want to end it. */
export function nameOf(owner: OwnerProcess): string {
  const { pid, host } = owner;
  if (host !== hostname()) return `process ${pid} on the host ${host}`;
  return isNear(owner) ? `process ${pid}` : `process ${pid} of another container on this host`;
}

/**
 * The boot of the machine and the tick at which a process started (proc(5), field 22 of stat); undefined where that is not
 * to be known.
 */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field, the program's name, is in parentheses and may hold anything.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    if (fields[0] === "Z" || fields[0] === "X") return ENDED;
    return `${bootId() ?? ""}:${fields[19] ?? ""}`;
  } catch {
    return undefined; // hidden, or not Linux
  }
}

function pidNamespace(): string | undefined {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return undefined; // not Linux
  }
}
