import { expect } from "chai";
import fc from "fast-check";
import type { Draft } from "../../server/store/log.js";
import { SEED } from "../support/random.js";
import { LogModel } from "./support/log-model.js";
import { DAY, KEY_WINDOW, MINUTE, TestOptions } from "./support/options.js";
import { type Kind, LMDB, MEMORY, type Subject } from "./support/stores.js";

/** Logs of every kind of retention. "short" lets go by count, "aged" by age, "both" by either. */
const NAMES = ["short", "aged", "both", "whole", "none"];

type Append = { type: "append"; name: string } & Pick<Draft, "key" | "limit" | "value">;

type Step =
  | Append
  | { type: "appends"; appends: Append[] }
  | { type: "after" | "before"; name: string; offset: number; entries: number }
  | { type: "trim"; name: string; through: number }
  | { type: "wait"; milliseconds: number }
  | { type: "sweep" | "reopen" };

const name = fc.constantFrom(...NAMES);
const offset = fc.oneof(fc.integer({ min: -1, max: 60 }), fc.constant(Infinity));

const append: fc.Arbitrary<Append> = fc
  .record({
    name,
    value: fc.oneof(
      fc.integer(),
      fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes)),
    ),
    key: fc.option(fc.constantFrom("k1", "k2", "k3"), { nil: undefined }),
    limit: fc.option(fc.integer({ min: 0, max: 12 }), { nil: undefined, freq: 8 }),
  })
  .map(({ key, limit, ...rest }) => ({
    type: "append",
    ...rest,
    ...(key !== undefined && { key }),
    ...(limit !== undefined && { limit }),
  }));

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: append },
  {
    weight: 4,
    arbitrary: fc
      .array(append, { minLength: 2, maxLength: 60, size: "max" })
      .map((appends): Step => ({ type: "appends", appends })),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constantFrom("after" as const, "before" as const),
      name,
      offset,
      entries: fc.integer({ min: 0, max: 20 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("trim" as const), name, through: offset }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("wait" as const),
      milliseconds: fc.constantFrom(1, MINUTE, KEY_WINDOW - 1, KEY_WINDOW, DAY, 29 * DAY, 32 * DAY),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("sweep" as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant("reopen" as const) }) },
);

function testOptions(): TestOptions {
  const options = new TestOptions();
  options.retentions.set("short", { count: 7, age: Infinity });
  options.retentions.set("aged", { count: Infinity, age: DAY });
  options.retentions.set("both", { count: 20, age: 2 * MINUTE });
  options.retentions.set("none", { count: 0, age: DAY });
  return options;
}

/** Takes the same steps with a store and with the model. */
class Run {
  readonly #options: TestOptions;
  readonly #subject: Subject;
  readonly #model: LogModel;

  private constructor(options: TestOptions, subject: Subject, epoch: string) {
    this.#options = options;
    this.#subject = subject;
    this.#model = new LogModel(epoch, options.retention, options.now);
  }

  static async start(kind: Kind): Promise<Run> {
    const options = testOptions();
    const subject = await kind.open(options);
    return new Run(options, subject, (await subject.store.log.state("never")).epoch);
  }

  async take(taken: Step): Promise<void> {
    const { log } = this.#subject.store;
    switch (taken.type) {
      case "append":
        return await this.#append([taken]);
      case "appends":
        return await this.#append(taken.appends);
      case "after":
      case "before": {
        const { entries } = taken;
        const page = await log[taken.type](taken.name, taken.offset, { entries, bytes: Infinity });
        expect(page).to.deep.equal(this.#model[taken.type](taken.name, taken.offset, entries));
        return;
      }
      case "trim":
        await log.trim(taken.name, taken.through);
        this.#model.trim(taken.name, taken.through);
        return;
      case "wait":
        this.#options.time += taken.milliseconds;
        return;
      case "sweep":
        return await this.#sweep();
      case "reopen":
        await this.#subject.reopen?.();
    }
  }

  async check(): Promise<void> {
    const { log } = this.#subject.store;
    for (const of of [...NAMES, "never"]) {
      expect(await log.after(of, 0, { entries: Infinity, bytes: Infinity })).to.deep.equal(
        this.#model.after(of, 0, Infinity),
      );
    }
    const listed = await log.list("", "", Infinity);
    expect(listed.map((row) => row.name)).to.deep.equal(this.#model.names());
  }

  end(): Promise<void> {
    return this.#subject.dispose();
  }

  async #append(appends: Append[]): Promise<void> {
    const at = this.#options.time;
    const { log } = this.#subject.store;
    const results = await Promise.all(appends.map((draft) => log.append(draft.name, { ...draft, at })));
    expect(results).to.deep.equal(appends.map((draft) => this.#model.append(draft.name, { ...draft, at })));
  }

  async #sweep(): Promise<void> {
    const { log } = this.#subject.store;
    const { epoch: before } = await log.state("never");
    await log.sweep();
    const { epoch } = await log.state("never");
    expect(epoch !== before, "the epoch is another").to.equal(this.#model.sweep());
    this.#model.begin(epoch);
  }
}

describe("the log, at whatever is done with it,", () => {
  const check = (kind: Kind, numRuns: number) =>
    fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40, size: "max" }), async (steps) => {
        const run = await Run.start(kind);
        try {
          for (const taken of steps) {
            await run.take(taken);
            await run.check();
          }
        } finally {
          await run.end();
        }
      }),
      { numRuns, seed: SEED },
    );

  it("is as its model in memory", () => check(MEMORY, 150)).timeout(60_000);

  it("is as its model in LMDB", () => check(LMDB, 40)).timeout(60_000);
});
