import { expect } from "chai";
import { DAY, TestOptions } from "../support/options.js";
import { describeStores } from "../support/stores.js";

describeStores("the numbers of guests' tokens", (test) => {
  beforeEach(() => test.open(new TestOptions()));
  afterEach(() => test.dispose());

  const show = (number: number, user = "guest") => test.store.guestTokens.show(user, number);

  it("count up with each that is given, and none is given twice", async () => {
    expect(await show(1)).to.deep.equal({ type: "good", next: 2 });
    expect(await show(1)).to.deep.equal({ type: "good", next: 3 });
    expect(await show(1, "another")).to.deep.equal({ type: "good", next: 2 });
    await test.restart();
    if (test.outlastsRestart) expect(await show(3)).to.deep.equal({ type: "good", next: 4 });
  });

  it("are good from the newest that was shown on, in whatever order they were given", async () => {
    await show(1);
    await show(1);
    expect(await show(3)).to.deep.equal({ type: "good", next: 4 });
    expect(await show(3)).to.deep.equal({ type: "good", next: 5 });
    expect(await show(4)).to.include({ type: "good" });
  });

  it("end the guest where an older one comes back, for good", async () => {
    await show(1);
    await show(2);
    expect(await show(1)).to.deep.equal({ type: "copied" });
    for (const number of [1, 2, 3, 4]) expect(await show(number)).to.deep.equal({ type: "ended" });
    await test.restart();
    if (test.outlastsRestart) expect(await show(2)).to.deep.equal({ type: "ended" });
    expect(await show(1, "another")).to.include({ type: "good" });
  });

  it("are worth nothing once the guest is ended, known or not", async () => {
    await test.store.guestTokens.end("guest");
    expect(await show(1)).to.deep.equal({ type: "ended" });
  });

  it("that nobody knows are good: the store may be older than they are", async () => {
    expect(await show(7)).to.deep.equal({ type: "good", next: 8 });
    expect(await show(6)).to.deep.equal({ type: "copied" });
  });

  it("are forgotten once the guest was not seen for long", async () => {
    await Promise.all(Array.from({ length: 1_200 }, (_, guest) => show(5, `guest ${guest}`)));
    test.options.time += DAY;
    await show(5, "here");
    await test.store.guestTokens.sweep(test.store.clock.cutoff(DAY));
    for (const guest of [0, 499, 500, 999, 1_199]) {
      expect(await show(1, `guest ${guest}`)).to.deep.equal({ type: "good", next: 2 });
    }
    expect(await show(1, "here")).to.deep.equal({ type: "copied" });
  });
});
