/**
 * Which process owns a data folder. The owner's record lies in the store itself and is looked at inside transactions,
 * of which LMDB lets one be at a time, whatever process it is of.
 */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { hostname } from "node:os";
import { inUse } from "./lmdb-errors.js";
import type { LmdbFile } from "./lmdb-file.js";
import { StoreError } from "./store.js";

const OWNER = Buffer.from("owner");

/** Milliseconds after which an owner on another host counts as dead, and how often an owner says that it is not. */
const SILENCE = 15_000;
const BEAT_INTERVAL = 5_000;

/** In the place of a start: the process has ended, and only its parent does not know yet. */
const ENDED = "ended";

interface OwnerRecord {
  pid: number;
  /** Tells the process from a later one with the same pid; not there where the system does not say. */
  started?: string;
  host: string;
  token: string;
  /** When it was last heard of, in milliseconds since the Unix epoch. */
  beat: number;
}

export class LmdbOwner {
  private readonly token = randomUUID();
  private beat = -Infinity;
  private written = Buffer.alloc(0);

  constructor(
    private readonly file: LmdbFile,
    private readonly now: () => number,
  ) {}

  /** Inside a transaction: takes the folder. @throws StoreError "locked" if another process has it. */
  claim(): void {
    const bytes = this.file.meta.get(OWNER);
    if (bytes !== undefined) {
      const owner = JSON.parse(bytes.toString()) as OwnerRecord;
      if (isAlive(owner, this.now())) throw locked(this.file.folder, owner);
    }
    this.write();
  }

  /** Inside each transaction: it is still ours. @throws StoreError "locked". */
  check(): void {
    const bytes = this.file.meta.get(OWNER);
    if (bytes === undefined || !this.written.equals(bytes)) {
      const owner = bytes && (JSON.parse(bytes.toString()) as OwnerRecord);
      if (owner?.token !== this.token) throw lost(this.file.folder, owner);
    }
    if (this.isQuiet()) this.write();
  }

  /** Whether it is time for a transaction, so that others hear of this owner. */
  isQuiet(): boolean {
    return Math.abs(this.now() - this.beat) >= BEAT_INTERVAL;
  }

  /** Inside the last transaction. */
  release(): void {
    void this.file.meta.remove(OWNER);
  }

  private write(): void {
    this.beat = this.now();
    const started = startOf(process.pid);
    const record: OwnerRecord = {
      pid: process.pid,
      ...(started !== undefined && { started }),
      host: hostname(),
      token: this.token,
      beat: this.beat,
    };
    this.written = Buffer.from(JSON.stringify(record));
    void this.file.meta.put(OWNER, this.written);
  }
}

function isAlive({ pid, started, host, beat }: OwnerRecord, now: number): boolean {
  if (host !== hostname()) return now - beat < SILENCE;
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
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()}:${fields[19] ?? ""}`;
  } catch {
    return undefined; // hidden, or not Linux
  }
}

function locked(folder: string, { pid, host }: OwnerRecord): StoreError {
  if (host === hostname()) return inUse(folder, `process ${pid}`);
  const hint = `If that host is down, try again in ${SILENCE / 1000} seconds.`;
  return inUse(folder, `process ${pid} on the host ${host}`, hint);
}

function lost(folder: string, owner: OwnerRecord | undefined): StoreError {
  const who =
    owner === undefined ? "was taken away from this process" : `was taken over by process ${owner.pid}`;
  return new StoreError(
    "locked",
    `The data folder ${folder} ${who}, and nothing was stored. Restart this server, with a folder of its own.`,
  );
}
