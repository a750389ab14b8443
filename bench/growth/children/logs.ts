/**
 * Logs of some length in stores of their own, in one process: `logs.js FOLDER`. Each keeps as many entries as it has: an append lets the
 * oldest go, as in a log that has run for long.
 */
import { join } from "node:path";
import {
  createMemoryStore,
  DEFAULT_ROOM,
  openLmdbStore,
  storeOptions,
  type Store,
} from "../../../server/index.js";
import { roomLog } from "../../../server/rooms/log-names.js";
import { costOf } from "../../durable/cost.js";
import { draft } from "../../durable/entries.js";
import { answerQuestions } from "../../shared/questions.js";
import { FILLED_LOG } from "../entries.js";
import type { LogsQuestion, LogsResult } from "../protocol.js";
import type { StoreName } from "../settings.js";

/** Under way at a time: appends of a sample, and those that fill a log. */
const CONCURRENCY = 256;
const FILL = 4_096;

/** Appends, reads and looks at the state of one sample. */
const APPENDS = 4_096;
const READ_ENTRIES = 20_000;
const STATES = 20_000;

const PAGE = { entries: 100, bytes: 1024 * 1024 };
const RECOVERY = { entries: 1_000, bytes: 1024 * 1024 };

const [folder = ""] = process.argv.slice(2);
const NAME = roomLog(FILLED_LOG);
const stores = new Map<string, Promise<Store>>();

answerQuestions({ port: 0 }, async (question: LogsQuestion) => {
  const { ask, store: kind } = question;
  if (ask === "sample") {
    const { entries } = question;
    return sample(await kept(`${kind} log ${entries}`, () => filled(kind, entries, () => NAME)));
  }
  const { logs } = question;
  const nameOf = (n: number) => roomLog(`room ${n}`);
  const store = await kept(`${kind} heads ${logs}`, () => filled(kind, logs, nameOf));
  return { cpuMicros: await statesOf(store, (n) => nameOf(n % logs), Math.max(STATES, 2 * logs)) };
});

function kept(key: string, make: () => Promise<Store>): Promise<Store> {
  const store = stores.get(key) ?? make();
  stores.set(key, store);
  return store;
}

/** A store with one entry more in the log of each number below `count`. */
async function filled(kind: StoreName, count: number, nameOf: (n: number) => string): Promise<Store> {
  const history = { ...DEFAULT_ROOM.history, count };
  const options = storeOptions({ roomSettings: () => ({ ...DEFAULT_ROOM, history }) });
  const path = join(folder, String(stores.size));
  const store = kind === "lmdb" ? await openLmdbStore(path, options) : createMemoryStore(options);
  for (let first = 0; first < count; first += FILL) {
    const some = Math.min(FILL, count - first);
    await Promise.all(
      Array.from({ length: some }, (_, n) => store.log.append(nameOf(first + n), draft(first + n))),
    );
  }
  return store;
}

async function sample({ log }: Store): Promise<LogsResult> {
  const { last } = await log.state(NAME);
  const since = Math.max(0, last - RECOVERY.entries);
  // What one sample leaves is not collected in the next one's time.
  globalThis.gc?.();
  return {
    append: await append(log),
    state: await statesOf({ log }, () => NAME, STATES),
    newest: await read(async () => (await log.before(NAME, Infinity, PAGE)).entries.length),
    since: await read(async () => (await log.after(NAME, since, RECOVERY)).entries.length),
  };
}

async function append(log: Store["log"]): Promise<number> {
  const { cpuMicros } = await costOf(async () => {
    let left = APPENDS;
    const appendSome = async () => {
      while (left-- > 0) await log.append(NAME, draft(left));
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, appendSome));
    return APPENDS;
  });
  return cpuMicros;
}

async function read(page: () => Promise<number>): Promise<number> {
  const { cpuMicros } = await costOf(async () => {
    let count = 0;
    while (count < READ_ENTRIES) count += await page();
    return count;
  });
  return cpuMicros;
}

async function statesOf(
  { log }: Pick<Store, "log">,
  nameOf: (n: number) => string,
  count: number,
): Promise<number> {
  const { cpuMicros } = await costOf(async () => {
    for (let n = 0; n < count; n++) await log.state(nameOf(n));
    return count;
  });
  return cpuMicros;
}
