import { expect } from "chai";
import { KEY_WINDOW } from "../support/options.js";
import { describeLogs } from "../support/log-test.js";

describeLogs("a key of the log", (test) => {
  it("appended again gives the first result, and appends nothing", async () => {
    const first = await test.append("a", "first", { key: "k" });
    test.options.time += 1;
    const again = await test.append("a", "again", { key: "k" });
    expect(again).to.deep.equal({ ...first, duplicate: true });
    expect(await test.valuesAfter("a")).to.deep.equal(["first"]);
  });

  it("appended twice at once is appended once", async () => {
    const [first, again] = await Promise.all([
      test.append("a", 1, { key: "k" }),
      test.append("a", 2, { key: "k" }),
    ]);
    expect(again).to.deep.equal({ ...first, duplicate: true });
    expect(await test.valuesAfter("a")).to.deep.equal([1]);
  });

  it("is of one log only", async () => {
    await test.append("a", 1, { key: "k" });
    expect((await test.append("b", 1, { key: "k" })).duplicate).to.be.false;
  });

  it("is another one than every other, however long or odd", async () => {
    const keys = ["", "x".repeat(5_000), `${"x".repeat(5_000)}y`, "\ud800", "\ud801", "\ufffd"];
    for (const key of keys) expect((await test.append("a", key, { key })).duplicate).to.be.false;
    for (const key of keys) expect((await test.append("a", key, { key })).duplicate).to.be.true;
  });

  it("is remembered for the window, and free after it", async () => {
    await test.append("a", 1, { key: "k" });
    test.options.time += KEY_WINDOW - 1;
    expect((await test.append("a", 2, { key: "k" })).duplicate).to.be.true;
    test.options.time += 1;
    expect((await test.append("a", 3, { key: "k" })).duplicate).to.be.false;
    expect(await test.valuesAfter("a")).to.deep.equal([1, 3]);
  });

  it("has its window counted from the first append, not from the last try", async () => {
    await test.append("a", 1, { key: "k" });
    test.options.time += KEY_WINDOW / 2;
    await test.append("a", 2, { key: "k" });
    test.options.time += KEY_WINDOW / 2;
    expect((await test.append("a", 3, { key: "k" })).duplicate).to.be.false;
  });

  it("that was free and is taken again has a window of its own", async () => {
    await test.append("a", 1, { key: "k" });
    test.options.time += KEY_WINDOW;
    const second = await test.append("a", 2, { key: "k" });
    test.options.time += KEY_WINDOW - 1;
    await test.appendMany("b", 100);
    expect(await test.append("a", 3, { key: "k" })).to.deep.equal({ ...second, duplicate: true });
  });

  it("outlasts its entry", async () => {
    const first = await test.append("a", 1, { key: "k" });
    await test.log.trim("a", 1);
    await test.log.sweep();
    expect(await test.append("a", 2, { key: "k" })).to.deep.equal({ ...first, duplicate: true });
  });

  it("outlasts a restart, if the entries do", async () => {
    const first = await test.append("a", 1, { key: "k" });
    await test.restart();
    expect(await test.append("a", 2, { key: "k" })).to.deep.equal({ ...first, duplicate: true });
  });

  it("is not taken by an append that was refused", async () => {
    await test.append("a", 1);
    expect(await test.log.append("a", { value: 2, at: 0, key: "k", limit: 1 })).to.equal("full");
    expect((await test.append("a", 3, { key: "k" })).duplicate).to.be.false;
  });
});
