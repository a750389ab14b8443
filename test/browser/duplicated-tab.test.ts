import { expect } from "chai";
import { describeDemo } from "./suite.js";
import { SIDES } from "./support.js";

describeDemo("a tab of the demo page that was duplicated", {}, {}, (stage) => {
  it("is the same guest, and both go on when one was offline while the other came to newer tokens", async () => {
    const first = await stage.open();
    const second = await first.duplicate();
    for (const side of SIDES) {
      expect(await second.texts(side, ".member.self")).to.deep.equal(await first.texts(side, ".member.self"));
      await first.click(side, "Go offline");
      await first.see(side, ".state[data-state=offline]");
    }
    for (let times = 0; times < 2; times++) {
      await second.page.reload();
      await second.online();
    }
    for (const side of SIDES) await first.click(side, "Go online");
    await first.online();
    for (const side of SIDES) {
      await first.say(side, `from the first (${side})`);
      await second.see(side, ".message", `from the first (${side})`);
      await second.say(side, `from the second (${side})`);
      await first.see(side, ".message", `from the second (${side})`);
    }
    second.expectNoComplaints();
  });
});
