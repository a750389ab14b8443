/**
 * One log of LMDB at a time, of some size, in a process of its own: `growth.js FOLDER`. Each size has a data folder of its
 * own, in which there is nothing else.
 */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DEFAULT_ROOM, storeOptions, type Store } from "../../../server/index.js";
import { roomLog } from "../../../server/rooms/log-names.js";
import { openLmdbStore } from "../../../server/store/lmdb/lmdb-store.js";
import type { Draft, Log, Page } from "../../../server/store/log.js";
import { answerQuestions } from "../../shared/questions.js";
import { type Cost, costOf } from "../cost.js";
import { draft, draftWithId } from "../entries.js";
import { CONCURRENCY, PAGE, RECOVERY } from "../operations.js";
import type { GrowthQuestion, GrowthResult } from "../protocol.js";

/** Messages that one sample appends, of each kind. */
const APPENDS = 1_024;

/** Messages from which on a log is so large that what the samples append is little beside it: it is filled only once. */
const KEPT_FROM = 100_000;

/** Messages that are appended at a time while a log is filled. */
const FILL = 4_096;

/** Messages that a sample reads at least, of each kind. */
const READS = 5_000;

const BYTES = 1024 * 1024;

interface Grown {
  store: Store;
  folder: string;
  /** Messages in it. */
  size: number;
}

const [parent = ""] = process.argv.slice(2);
const NAME = roomLog("growing");
/** No bound to the number of messages; their age is looked at as ever. */
const options = storeOptions({
  roomSettings: () => ({ ...DEFAULT_ROOM, history: { ...DEFAULT_ROOM.history, count: Infinity } }),
});
const kept = new Map<number, Grown>();
let folders = 0;

answerQuestions({ port: 0 }, async ({ messages }: GrowthQuestion) => {
  const grown = kept.get(messages) ?? (await grow(messages));
  const result = await sample(grown);
  if (messages >= KEPT_FROM) kept.set(messages, grown);
  else await forget(grown);
  return result;
});

async function grow(size: number): Promise<Grown> {
  const folder = join(parent, String(folders++));
  const store = await openLmdbStore(folder, options);
  for (let first = 0; first < size; first += FILL) {
    const count = Math.min(FILL, size - first);
    await Promise.all(
      Array.from({ length: count }, (_, n) => store.log.append(NAME, draftWithId(first + n))),
    );
  }
  return { store, folder, size };
}

async function forget({ store, folder }: Grown): Promise<void> {
  await store.close();
  rmSync(folder, { recursive: true });
}

async function sample(grown: Grown): Promise<GrowthResult> {
  const { log } = grown.store;
  const { last } = await log.state(NAME);
  const page = { entries: PAGE, bytes: BYTES };
  const recovery = { entries: RECOVERY, bytes: BYTES };
  return {
    newest: await read(() => log.before(NAME, Infinity, page)),
    recent: await read(() => log.after(NAME, Math.max(0, last - RECOVERY), recovery)),
    oldest: await read(() => log.after(NAME, 0, page)),
    append: await append(grown, log, draft),
    appendWithId: await append(grown, log, draftWithId),
  };
}

function read(readPage: () => Promise<Page>): Promise<Cost> {
  return costOf(async () => {
    let count = 0;
    while (count < READS) count += (await readPage()).entries.length;
    return count;
  });
}

function append(grown: Grown, log: Log, make: (n: number) => Draft): Promise<Cost> {
  return costOf(async () => {
    const end = grown.size + APPENDS;
    const running = Array.from({ length: CONCURRENCY }, async () => {
      while (grown.size < end) await log.append(NAME, make(grown.size++));
    });
    await Promise.all(running);
    return APPENDS;
  });
}
