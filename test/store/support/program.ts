/**
 * A process of its own that uses a store: `node program.js TASK FOLDER [USER]`. It writes one JSON object a line, which
 * is with its reader before the next thing is done.
 */
import { writeSync } from "node:fs";
import { openLmdbStore } from "../../../server/store/lmdb/lmdb-store.js";
import { StoreError, type Store } from "../../../server/store/store.js";
import { TestOptions } from "./options.js";

/** Appends under way at a time. */
const WORKERS = 8;
const LOGS = 3;

/** What `append` says of each append that resolved. */
export interface Acked {
  log: string;
  offset: number;
  key: string;
}

/** What `fill` says of each append: whether it resolved, or why not. */
export type Filled = { offset: number } | { code: string; message: string };

const say = (line: object) => void writeSync(1, `${JSON.stringify(line)}\n`);

const TASKS: Record<string, (store: Store) => Promise<void>> = {
  /** Does nothing, until it is killed or its input ends. */
  hold: () => new Promise((resolve) => void process.stdin.on("end", resolve).resume()),

  /** Appends to several logs, until it is killed. */
  append: async ({ log }) => {
    const run = `${process.pid}`;
    const work = async (_: unknown, worker: number) => {
      for (let index = 0; ; index++) {
        const name = `log ${(worker + index) % LOGS}`;
        const key = `${run}/${worker}/${index}`;
        const appended = await log.append(name, { value: { key }, at: index, key });
        if (appended !== "full") say({ log: name, offset: appended.position.offset, key } satisfies Acked);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, work));
  },

  /** Appends until it is refused three times, trims the log, and appends three times more. */
  fill: async ({ log }) => {
    const append = async () => {
      try {
        const appended = await log.append("log", { value: "x".repeat(100_000), at: 0 });
        say({ offset: appended === "full" ? -1 : appended.position.offset } satisfies Filled);
        return true;
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        say({ code: error.code, message: error.message } satisfies Filled);
        return false;
      }
    };
    for (let refused = 0; refused < 3;) if (!(await append())) refused += 1;
    await log.trim("log", 10);
    await log.sweep();
    for (let count = 0; count < 3; count++) await append();
  },

  open: () => Promise.resolve(),
};

const [, , task = "", folder = "", user] = process.argv;
if (user !== undefined) {
  process.setgid?.(Number(user));
  process.setuid?.(Number(user));
}
try {
  const store = await openLmdbStore(folder, new TestOptions());
  say({ opened: true });
  await TASKS[task]?.(store);
  await store.close();
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  say({ code: error.code, message: error.message });
}
