import { expect } from "chai";
import type { Revocations } from "../../../server/store/revocations.js";
import { MINUTE, TestOptions } from "../support/options.js";
import { describeStores } from "../support/stores.js";

describeStores("revocations", (test) => {
  let options: TestOptions;
  let revocations: Revocations;

  beforeEach(async () => {
    options = new TestOptions();
    await test.open(options);
    ({ revocations } = test.store);
  });

  afterEach(() => test.dispose());

  async function restart() {
    await test.restart();
    ({ revocations } = test.store);
  }

  const soon = () => options.time + 2 * MINUTE;

  it("of a token hold for its id alone, and outlast a restart", async () => {
    await revocations.add({ type: "token", id: "t1" }, soon());
    await restart();
    expect(revocations.has({ user: "ada", id: "t1" })).to.be.true;
    expect(revocations.has({ user: "ada", id: "t2" })).to.be.false;
    expect(revocations.has({ user: "t1" })).to.be.false;
  });

  it("of a user hold for what was issued before the moment, and outlast a restart", async () => {
    await revocations.add({ type: "user", user: "ada", issuedBefore: 1_000 }, soon());
    await restart();
    expect(revocations.has({ user: "ada", id: "t", issuedAt: 999 })).to.be.true;
    expect(revocations.has({ user: "ada", id: "t", issuedAt: 1_000 })).to.be.false;
    expect(revocations.has({ user: "ada" }), "issued at 0").to.be.true;
    expect(revocations.has({ user: "bob", issuedAt: 1 })).to.be.false;
  });

  it("are never weakened by later ones", async () => {
    await Promise.all([
      revocations.add({ type: "user", user: "ada", issuedBefore: 1_000 }, soon()),
      revocations.add({ type: "user", user: "ada", issuedBefore: 500 }, options.time + 1),
      revocations.add({ type: "token", id: "t" }, soon()),
      revocations.add({ type: "token", id: "t" }, options.time + 1),
    ]);
    await restart();
    options.time += MINUTE;
    await revocations.add({ type: "token", id: "another" }, soon());
    expect(revocations.has({ user: "ada", issuedAt: 999 })).to.be.true;
    expect(revocations.has({ user: "bob", id: "t" })).to.be.true;
  });

  it("hold until their time, and are forgotten some time after it", async () => {
    await revocations.add({ type: "token", id: "t" }, options.time + 1);
    await revocations.add({ type: "user", user: "ada", issuedBefore: 1_000 }, options.time + 1);
    expect(revocations.has({ user: "ada", id: "t" })).to.be.true;
    options.time += MINUTE;
    await revocations.add({ type: "token", id: "another" }, soon());
    expect(revocations.has({ user: "bob", id: "t" })).to.be.false;
    await restart();
    expect(revocations.has({ user: "bob", id: "t" })).to.be.false;
    expect(revocations.has({ user: "ada" })).to.be.false;
    expect(revocations.has({ user: "bob", id: "another" })).to.be.true;
  });
});
