/**
 * Group commit: while one batch is being written and synced, the next gathers. A batch is one transaction of LMDB, and
 * what is in it resolves, in order, when it is on disk; if it fails, nothing of it was done, nor of what has gathered meanwhile:
 * that may rely on it.
 */
import { Durations } from "../../metrics/instruments/durations.js";
import type { LmdbFile } from "./lmdb-file.js";
import { storeError } from "./lmdb-errors.js";
import { StoreError } from "../store.js";

/** Jobs and bytes of values in one batch: it runs on the event loop, a few milliseconds at most. */
const MAX_JOBS = 512;
const MAX_BYTES = 4 * 1024 * 1024;

/** Something that has a part in every batch. */
export interface Participant {
  /** Inside the transaction, after its jobs. */
  write(): void;
  /** The batch is on disk. Comes before its jobs resolve. */
  committed(): void;
  /** Nothing of the batch was done. Comes before its jobs reject. */
  rolledBack(): void;
}

interface Job {
  bytes: number;
  run: () => void;
  /** Set by a run that refused: it alone is rejected. */
  refusal?: StoreError;
  resolve: () => void;
  reject: (error: StoreError) => void;
}

export class LmdbWriter {
  readonly #file: LmdbFile;
  readonly #begin: (bytes: number) => void;
  readonly #queue: Job[] = [];
  readonly #participants: Participant[] = [];
  /** Of the batches that were written. */
  readonly commits = new Durations();
  /** Whether the last batch failed. */
  isFailing = false;
  #isRunning = false;
  #isWanted = false;
  /** A commit has failed since the last one that did not. */
  #isSuspect = false;

  /** @param begin Runs first in each transaction, with the bytes of its values; if it throws, the batch fails. */
  constructor(file: LmdbFile, begin: (bytes: number) => void) {
    this.#file = file;
    this.#begin = begin;
  }

  join(participant: Participant): void {
    this.#participants.push(participant);
  }

  /**
   * Resolves with what `run` returned, when it is on disk. Rejects with a StoreError, if the batch failed or `run` threw
   * one; it may do so only before it has changed anything.
   * @param bytes About as many as `run` writes.
   */
  submit<T>(run: () => T, bytes = 0): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: T;
      this.#queue.push({
        bytes,
        run: () => (result = run()),
        resolve: () => resolve(result),
        reject,
      });
      this.#start();
    });
  }

  /** Sees to it that a batch is written soon, even if it is only for a participant. */
  wake(): void {
    this.#isWanted = true;
    this.#start();
  }

  #start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    void this.#writeAll();
  }

  /** Never rejects. */
  async #writeAll(): Promise<void> {
    while (this.#queue.length > 0 || this.#isWanted) await this.#writeBatch();
    this.#isRunning = false;
  }

  async #writeBatch(): Promise<void> {
    let jobs: Job[] | undefined;
    this.#isWanted = false;
    const began = performance.now();
    try {
      if (this.#isSuspect) this.#file.probe();
      await this.#file.meta.childTransaction(() => {
        jobs = this.#take();
        this.#begin(jobs.reduce((sum, { bytes }) => sum + bytes, 0));
        jobs.forEach(runJob);
        for (const participant of this.#participants) participant.write();
      });
      this.#isSuspect = false;
      this.isFailing = false;
      this.commits.observe(performance.now() - began);
    } catch (error) {
      this.isFailing = true;
      const cause = await commitErrorOf(error);
      this.#isSuspect ||= cause !== undefined;
      const failure = storeError(cause ?? error, this.#file.folder);
      for (const participant of this.#participants) participant.rolledBack();
      for (const { reject, refusal } of [...(jobs ?? []), ...this.#queue.splice(0)])
        reject(refusal ?? failure);
      return;
    }
    for (const participant of this.#participants) participant.committed();
    for (const { resolve, reject, refusal } of jobs ?? []) {
      if (refusal === undefined) resolve();
      else reject(refusal);
    }
  }

  #take(): Job[] {
    let bytes = 0;
    let count = 0;
    for (const job of this.#queue) {
      bytes += job.bytes;
      if (count > 0 && (count >= MAX_JOBS || bytes > MAX_BYTES)) break;
      count += 1;
    }
    return this.#queue.splice(0, count);
  }
}

function runJob(job: Job): void {
  try {
    job.run();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    job.refusal = error;
  }
}

/** Why a commit failed: lmdb-js hangs a promise of it on the error. Undefined for other errors. */
async function commitErrorOf(error: unknown): Promise<unknown> {
  if (typeof error !== "object" || error === null || !("commitError" in error)) return undefined;
  try {
    await error.commitError;
  } catch (cause) {
    return cause;
  }
  return error;
}
