/** Both stores without a server, in a process of their own: `stores.js FOLDER`. */
import { roomLog } from "../../../server/rooms/log-names.js";
import { createMemoryStore, storeOptions } from "../../../server/index.js";
import { openLmdbStore } from "../../../server/store/lmdb/lmdb-store.js";
import type { Log } from "../../../server/store/log.js";
import { answerQuestions } from "../../shared/questions.js";
import { type Cost, costOf } from "../cost.js";
import { draftWithId } from "../entries.js";
import type { AppendQuestion } from "../protocol.js";

const [folder = ""] = process.argv.slice(2);

const stores = {
  memory: createMemoryStore(storeOptions()),
  lmdb: await openLmdbStore(folder, storeOptions()),
};
/** Numbers the messages of all logs. */
let appended = 0;

answerQuestions({ port: 0 }, ({ store, ...question }: AppendQuestion) => append(stores[store].log, question));

/** Each appender has a log of its own, and appends the next when the last one is kept. */
function append(
  log: Log,
  { appenders, milliseconds }: { appenders: number; milliseconds: number },
): Promise<Cost> {
  return costOf(async () => {
    const before = appended;
    const end = performance.now() + milliseconds;
    const running = Array.from({ length: appenders }, async (_, index) => {
      while (performance.now() < end) await log.append(roomLog(`room ${index}`), draftWithId(appended++));
    });
    await Promise.all(running);
    return appended - before;
  });
}
