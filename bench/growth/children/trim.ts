/**
 * A store whose log lets go nearly all that it has, in a process of its own. That of LMDB is opened on a full log, and keeps but few of its
 * entries: as after a crash in the middle of a trim, or where the operator has lowered what is kept.
 */
import { createMemoryStore, DEFAULT_ROOM, openLmdbStore, storeOptions } from "../../../server/index.js";
import { roomLog } from "../../../server/rooms/log-names.js";
import type { Store } from "../../../server/store/store.js";
import { draft } from "../../durable/entries.js";
import { answerQuestions } from "../../shared/questions.js";
import { LoopWatch } from "../loop-watch.js";
import { FILLED_LOG } from "../entries.js";
import type { TrimQuestion, TrimResult } from "../protocol.js";

/** Entries that are left. */
const LEFT = 100;

/** Appends under way at a time while the log in memory is filled. */
const FILL = 4_096;

const NAME = roomLog(FILLED_LOG);
const loop = new LoopWatch();

answerQuestions({ port: 0 }, async (question: TrimQuestion): Promise<TrimResult> => {
  const store = await (question.store === "lmdb" ? openFull(question) : fill(question));
  await store.log.append(NAME, draft(0));
  await store.log.sweep();
  const delay = await loop.delay();
  const { first, last } = await store.log.state(NAME);
  if (last - first + 1 > 2 * LEFT) throw new Error(`${last - first + 1} entries are left`);
  loop.stop();
  await store.close();
  return { loop: delay };
});

const options = (count: number) =>
  storeOptions({
    roomSettings: () => ({ ...DEFAULT_ROOM, history: { ...DEFAULT_ROOM.history, count } }),
  });

async function openFull({ folder }: TrimQuestion): Promise<Store> {
  const store = await openLmdbStore(folder, options(LEFT));
  await begin();
  return store;
}

async function fill({ entries }: TrimQuestion): Promise<Store> {
  const store = createMemoryStore(options(Infinity));
  for (let first = 0; first < entries; first += FILL) {
    await Promise.all(
      Array.from({ length: Math.min(FILL, entries - first) }, (_, n) => store.log.append(NAME, draft(n))),
    );
  }
  globalThis.gc?.();
  const { last } = await store.log.state(NAME);
  await begin();
  await store.log.trim(NAME, last - LEFT);
  return store;
}

/** Has looked at the loop once when it resolves. */
async function begin(): Promise<void> {
  loop.start();
  await loop.delay();
}
