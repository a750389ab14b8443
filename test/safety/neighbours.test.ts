/** Nobody can hurt another: what an honest publisher and subscriber see beside an attacker, as ratios within one run. */
import { expect } from "chai";
import { ATTACKS } from "./support/attacks.js";
import { Neighbours } from "./support/neighbours.js";

/** At most 17 were measured, on a machine that was busy with much else; before there were limits, 100 and more, and nine times the memory. */
const MAX_P99_RATIO = 30;
const MAX_RSS_RATIO = 3.5;

/** However many calls and connections are refused. */
const MAX_LINES = 30;

describe("honest clients beside an attacker", function () {
  this.timeout(120_000);
  let server: Neighbours | undefined;

  afterEach(async () => {
    await server?.stop();
    server = undefined;
  });

  for (const { name, args = [], env = {}, prepare, attack } of ATTACKS) {
    it(`are served while ${name}`, async () => {
      server = await Neighbours.start(args, env);
      await prepare?.(server);
      const { quiet, attacked, p99Ratio, rssRatio, refused, ended, lines } = await server.compare(attack);
      expect(ended).to.equal(undefined);
      expect(refused).to.deep.equal([]);
      expect(p99Ratio, `of ${attacked} ms and ${quiet} ms`).to.be.lessThan(MAX_P99_RATIO);
      expect(lines, "lines of the log").to.be.lessThan(MAX_LINES);
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
    expect(member.isOpen).to.equal(true);
  });
});
