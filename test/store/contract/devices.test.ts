import { expect } from "chai";
import type { DeviceCursor, Devices } from "../../../server/store/devices.js";
import { TestOptions } from "../support/options.js";
import { describeStores } from "../support/stores.js";

describeStores("device cursors", (test) => {
  let devices: Devices;

  beforeEach(async () => {
    await test.open(new TestOptions());
    ({ devices } = test.store);
  });

  afterEach(() => test.dispose());

  const cursor = (device: string, offset = 0): DeviceCursor => ({
    device,
    cursor: { epoch: "e", offset },
    seen: offset + 1,
  });

  it("are none for a user who has none", async () => {
    expect(await devices.of("ada")).to.be.empty;
  });

  it("are those that were put, each the last one, and outlast a restart", async () => {
    await devices.put("ada", cursor("phone", 1));
    await devices.put("ada", cursor("laptop", 2));
    await devices.put("ada", cursor("phone", 3));
    await test.restart();
    expect(await test.store.devices.of("ada")).to.have.deep.members([
      cursor("laptop", 2),
      cursor("phone", 3),
    ]);
  });

  it("are forgotten that were not seen for long, of however many users", async () => {
    for (let user = 0; user < 1_200; user++) {
      void devices.put(`user ${user}`, { ...cursor("old"), seen: user });
      await devices.put(`user ${user}`, { ...cursor("new"), seen: user + 1_000 });
    }
    await devices.sweep(999);
    expect(await devices.of("user 0")).to.deep.equal([{ ...cursor("new"), seen: 1_000 }]);
    expect((await devices.of("user 999")).map(({ device }) => device)).to.deep.equal(["new"]);
    expect(await devices.of("user 1000")).to.have.length(2);
    await devices.sweep(Infinity);
    expect(await devices.of("user 1000")).to.be.empty;
  });

  it("remember that something was lost", async () => {
    await devices.put("ada", { ...cursor("phone"), lost: "untold" });
    await test.restart();
    if (test.outlastsRestart)
      expect(await test.store.devices.of("ada")).to.deep.equal([{ ...cursor("phone"), lost: "untold" }]);
  });

  it("are gone when removed, and removing what is not there does nothing", async () => {
    await devices.put("ada", cursor("phone"));
    await devices.put("ada", cursor("laptop"));
    await devices.remove("ada", "phone");
    await devices.remove("ada", "phone");
    await devices.remove("bob", "phone");
    await test.restart();
    expect(await test.store.devices.of("ada")).to.deep.equal([cursor("laptop")]);
  });

  it("take effect in the order of the calls, without waiting for one before the next", async () => {
    await Promise.all([
      devices.put("ada", cursor("phone", 1)),
      devices.remove("ada", "phone"),
      devices.put("ada", cursor("phone", 2)),
    ]);
    expect(await devices.of("ada")).to.deep.equal([cursor("phone", 2)]);
  });

  it("are kept apart by user and by device, whatever the names", async () => {
    const names = [
      "",
      "a",
      "ab",
      "b",
      "\ud800",
      "\ud801",
      "x".repeat(5_000),
      `${"x".repeat(5_000)}y`,
      "__proto__",
    ];
    for (const user of names) for (const device of names) await devices.put(user, cursor(device));
    for (const user of names) {
      expect((await devices.of(user)).map(({ device }) => device)).to.have.members(names);
    }
  });

  it("are copies, which nobody can change from outside", async () => {
    const mine = cursor("phone");
    await devices.put("ada", mine);
    mine.cursor.offset = 9;
    const [theirs] = await devices.of("ada");
    if (theirs !== undefined) theirs.cursor.offset = 9;
    expect(await devices.of("ada")).to.deep.equal([cursor("phone")]);
  });
});
