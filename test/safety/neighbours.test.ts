/** Nobody can hurt another: what an honest publisher and subscriber see beside an attacker, as ratios within one run. */
import { expect } from "chai";
import { ATTACKS } from "./support/attacks.js";
import { Neighbours } from "./support/neighbours.js";

/** Far above what is measured, and far below what was: a p99 of 4 seconds, and eleven times the memory. */
const MAX_P99_RATIO = 60;
const MAX_RSS_RATIO = 4;

describe("honest clients beside an attacker", function () {
  this.timeout(120_000);
  let server: Neighbours | undefined;

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  for (const { name, prepare, attack } of ATTACKS) {
    it(`are served while ${name}`, async () => {
      server = await Neighbours.start();
      await prepare(server);
      const { quiet, attacked, p99Ratio, rssRatio } = await server.compare(attack);
      expect(quiet.messages).to.be.greaterThan(0);
      expect(attacked.messages).to.be.greaterThan(0);
      expect(p99Ratio, `of ${attacked.p99} ms and ${quiet.p99} ms`).to.be.lessThan(MAX_P99_RATIO);
      expect(rssRatio, "of the memory").to.be.lessThan(MAX_RSS_RATIO);
    });
  }

  it("in a room are not sent more than its rate, however many publish there within their own", async () => {
    server = await Neighbours.start();
    const member = await server.enter("busy");
    const guests = await Promise.all(Array.from({ length: 3 }, () => server!.enter("busy")));
    const data = "x".repeat(60_000);
    const answers = await Promise.all(
      guests.flatMap((guest) =>
        Array.from({ length: 60 }, () => guest.call("publish", { room: "busy", data })),
      ),
    );
    const refused = answers.flatMap((answer) => (answer.ok ? [] : [answer.error]));
    expect(refused.map(({ code }) => code)).to.include("rate_limited");
    for (const { code, retryAfter } of refused) {
      expect(code).to.equal("rate_limited");
      expect(retryAfter).to.be.greaterThan(0);
    }
    expect(member.closeCode).to.equal(undefined);
  });
});
