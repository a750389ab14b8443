/** Both stores without a server, in a process of their own: `stores.js FOLDER`. */
import { roomLog } from "../../../server/rooms/log-names.js";
import { createMemoryStore, storeOptions } from "../../../server/index.js";
import { openLmdbStore } from "../../../server/store/lmdb-store.js";
import type { Log } from "../../../server/store/log.js";
import { answerQuestions } from "../../shared/questions.js";
import { draftWithId } from "../entries.js";
import type { AppendQuestion, AppendResult } from "../protocol.js";

const [folder = ""] = process.argv.slice(2);

const stores = {
  memory: createMemoryStore(storeOptions()),
  lmdb: await openLmdbStore(folder, storeOptions()),
};
/** Numbers the messages of all logs. */
let appended = 0;

answerQuestions({ port: 0 }, ({ store, ...question }: AppendQuestion) => append(stores[store].log, question));

/** Each appender has a log of its own, and appends the next when the last one is kept. */
async function append(
  log: Log,
  { appenders, milliseconds }: { appenders: number; milliseconds: number },
): Promise<AppendResult> {
  const before = appended;
  const start = performance.now();
  const end = start + milliseconds;
  const running = Array.from({ length: appenders }, async (_, index) => {
    while (performance.now() < end) await log.append(roomLog(`room ${index}`), draftWithId(appended++));
  });
  await Promise.all(running);
  return { appended: appended - before, milliseconds: performance.now() - start };
}
