import { expect } from "chai";
import type { LmdbFile } from "../../server/store/lmdb/lmdb-file.js";
import { LmdbWriter } from "../../server/store/lmdb/lmdb-writer.js";

/** A file whose transactions end as a test says, when it says so. */
class FakeFile {
  readonly ends: ((error?: Error) => void)[] = [];
  readonly folder = "folder";
  readonly meta = {
    childTransaction: async (run: () => void): Promise<void> => {
      run();
      await new Promise<void>((resolve, reject) =>
        this.ends.push((error) => (error === undefined ? resolve() : reject(error))),
      );
    },
  };
}

describe("the writer of a store in LMDB", () => {
  it("does not do what was asked for after something that fails, before that was known", async () => {
    const file = new FakeFile();
    const writer = new LmdbWriter(file as unknown as LmdbFile, () => undefined);
    const done: string[] = [];
    const submit = (name: string): Promise<string> =>
      writer
        .submit(() => name)
        .then(
          () => `${name} is done`,
          () => `${name} has failed`,
        );
    const write = (name: string): void => void submit(name).then((how) => done.push(how));
    write("the first");
    write("one more");
    file.ends.shift()?.(new Error("no"));
    while (done.length < 2) await Promise.resolve();
    expect(done).to.deep.equal(["the first has failed", "one more has failed"]);
    const again = submit("the next");
    for (let tick = 0; file.ends.length === 0 && tick < 100; tick++) await Promise.resolve();
    file.ends.shift()?.();
    expect(await again).to.equal("the next is done");
  });

  it("says whether the last batch failed, and how many were written", async () => {
    const file = new FakeFile();
    const writer = new LmdbWriter(file as unknown as LmdbFile, () => undefined);
    expect([writer.isFailing, writer.commits.read().count]).to.deep.equal([false, 0]);
    const failed = writer.submit(() => 1).catch(() => "failed");
    file.ends.shift()?.(new Error("no"));
    expect(await failed).to.equal("failed");
    expect([writer.isFailing, writer.commits.read().count]).to.deep.equal([true, 0]);
    const done = writer.submit(() => 2);
    for (let tick = 0; file.ends.length === 0 && tick < 100; tick++) await Promise.resolve();
    file.ends.shift()?.();
    expect(await done).to.equal(2);
    expect([writer.isFailing, writer.commits.read().count]).to.deep.equal([false, 1]);
  });
});
