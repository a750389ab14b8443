/**
 * Two stores of LMDB, one whose messages have ids and one whose have none, in a process of their own: `ids.js FOLDER IDS`. Their clock goes
 * on by so much at each append that there are IDS within their window: each append takes an id, and has one swept.
 */
import { join } from "node:path";
import { open } from "lmdb";
import { openLmdbStore, storeOptions } from "../../../server/index.js";
import { roomLog } from "../../../server/rooms/log-names.js";
import type { Store } from "../../../server/store/store.js";
import { costOf } from "../../durable/cost.js";
import { draft, draftWithId } from "../../durable/entries.js";
import { answerQuestions } from "../../shared/questions.js";
import type { IdsQuestion } from "../protocol.js";

/** Logs that are appended to in turn. */
const LOGS = 16;

/** Appends under way at a time. */
const CONCURRENCY = 256;

/** Appends of one sample. */
const SAMPLE = 20_000;

/** Ids are kept for a window and for as long as half of one more: after two windows as many are swept as are taken. */
const WARM_UP = 2;

const folder = process.argv[2] ?? "";
const ids = Number(process.argv[3]);
const start = Date.now();

class Appender {
  #time = start;
  #count = 0;

  private constructor(
    readonly folder: string,
    readonly store: Store,
    clock: { time: () => number },
    readonly make: typeof draft,
    readonly step: number,
  ) {
    clock.time = () => this.#time;
  }

  static async open(name: string, make: typeof draft): Promise<Appender> {
    const clock = { time: () => start };
    const now = () => clock.time();
    const options = storeOptions({ now, uptime: () => clock.time() - start + 1 });
    const path = join(folder, name);
    const store = await openLmdbStore(path, options);
    return new Appender(path, store, clock, make, options.keyWindow / ids);
  }

  async append(count: number): Promise<void> {
    const end = this.#count + count;
    const appendSome = async () => {
      while (this.#count < end) {
        const n = this.#count++;
        this.#time += this.step;
        await this.store.log.append(roomLog(`room ${n % LOGS}`), this.make(n));
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, appendSome));
  }
}

const withIds = await Appender.open("with", draftWithId);
const without = await Appender.open("without", draft);

answerQuestions({ port: 0 }, async (question: IdsQuestion) => {
  switch (question.ask) {
    case "warm":
      for (const appender of [withIds, without]) await appender.append(Math.ceil(WARM_UP * ids));
      return {};
    case "sample": {
      const appender = question.withIds ? withIds : without;
      const count = Math.min(SAMPLE, ids);
      const { cpuMicros } = await costOf(async () => {
        await appender.append(count);
        return count;
      });
      return { cpuMicros };
    }
    case "disk": {
      for (const { store } of [withIds, without]) await store.close();
      const [one, other] = [await usedOf(withIds.folder), await usedOf(without.folder)];
      return { bytesEach: (one.bytes - other.bytes) / one.ids };
    }
  }
});

/** What is used of a data file, with what is free in it, and the ids that are kept there. */
async function usedOf(path: string): Promise<{ bytes: number; ids: number }> {
  const encoding = { keyEncoding: "binary", encoding: "binary" } as const;
  const root = open<Buffer, Buffer>(path, { ...encoding, readOnly: true, noSubdir: false, maxDbs: 16 });
  try {
    const { lastPageNumber, pageSize } = root.getStats() as { lastPageNumber: number; pageSize: number };
    const kept = root.openDB<Buffer, Buffer>({ name: "ids", ...encoding }).getKeysCount();
    return { bytes: (lastPageNumber + 1) * pageSize, ids: Math.max(1, kept) };
  } finally {
    await root.close();
  }
}
