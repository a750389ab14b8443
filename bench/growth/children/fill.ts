/** Fills data folders of LMDB, in a process of its own. */
import { DEFAULT_ROOM, openLmdbStore, storeOptions, type Store } from "../../../server/index.js";
import { inboxLog, roomLog } from "../../../server/rooms/log-names.js";
import { draft } from "../../durable/entries.js";
import { answerQuestions } from "../../shared/questions.js";
import { FILLED_LOG } from "../entries.js";
import type { FillQuestion } from "../protocol.js";

/** Under way at a time. */
const CONCURRENCY = 4_096;

/** One of so many logs is an inbox, with a device; and as many guests came back. */
const INBOXES = 10;

answerQuestions({ port: 0 }, async (question: FillQuestion) => {
  const history = { ...DEFAULT_ROOM.history, count: Infinity };
  const options = storeOptions({ roomSettings: () => ({ ...DEFAULT_ROOM, history }) });
  const store = await openLmdbStore(question.folder, options);
  if (question.ask === "idle logs") await each(question.logs, (n) => addIdle(store, n));
  else await each(question.entries, (n) => store.log.append(roomLog(FILLED_LOG), draft(n)));
  await store.close();
  return {};
});

async function each(count: number, work: (n: number) => Promise<unknown>): Promise<void> {
  for (let first = 0; first < count; first += CONCURRENCY) {
    const some = Math.min(CONCURRENCY, count - first);
    await Promise.all(Array.from({ length: some }, (_, n) => work(first + n)));
  }
}

async function addIdle({ log, devices, guestTokens, clock }: Store, n: number): Promise<void> {
  if (n % INBOXES !== 0) {
    await log.append(roomLog(`idle ${n}`), draft(n));
    return;
  }
  const user = `guest-${String(n).padStart(16, "0")}`;
  const { position } = appended(await log.append(inboxLog(user), draft(n)));
  await devices.put(user, { device: "phone", cursor: { ...position, offset: 0 }, seen: clock.now() });
  await guestTokens.show(user, 1);
}

function appended<T>(answer: T | "full"): T {
  if (answer === "full") throw new Error("a log without a limit is full");
  return answer;
}
