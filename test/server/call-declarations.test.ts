/** What the declaration of a call says of it is what a server does. */
import { expect } from "chai";
import { CALLS, type CallName } from "../../server/api/calls.js";
import type { CallBudget, CallRight } from "../../server/api/declaration.js";
import type { Rate, RateName, Rights, RoomsServerOptions } from "../../server/index.js";
import { World } from "../guarantees/world.js";
import type { TestClient } from "./support/clients.js";

const RIGHTS: readonly CallRight[] = ["join", "publish", "presence", "history", "send"];
const BUDGETS: readonly CallBudget[] = ["messages", "joins", "reads"];
const calls = Object.keys(CALLS) as CallName[];

/** What has to be done before a call can succeed. */
const BEFORE: { readonly [E in CallName]?: CallName } = {
  leave: "join",
  publish: "join",
  signal: "join",
  history: "join",
  presence: "join",
  inbox_ack: "inbox",
};

/** Makes the call as who has done what it needs. Resolves to the code that it was refused with. */
async function make(name: CallName, client: TestClient): Promise<string | undefined> {
  const { example } = CALLS[name];
  const own = name === "refresh" ? { token: client.self?.token } : {};
  const answer = await client.ask(name, { ...example.data, ...own });
  return answer.ok ? undefined : answer.error.code;
}

async function withClient(
  options: RoomsServerOptions,
  prepare: CallName | undefined,
  test: (client: TestClient) => Promise<void>,
): Promise<void> {
  const world = await new World(options).start();
  try {
    const client = await world.enter("bridge", { device: "phone" });
    if (prepare !== undefined) await make(prepare, client);
    await test(client);
  } finally {
    await world.stop();
  }
}

describe("the declaration of a call", () => {
  for (const name of calls) {
    it(`names the right without which ${name} is forbidden, and no other is asked for`, async () => {
      for (const right of RIGHTS) {
        // Who may not join has no use for other rights.
        if (right === "join" && BEFORE[name] === "join") continue;
        const rights: Rights = { join: true, publish: true, presence: true, history: true, [right]: false };
        const policy = { rights: () => rights, maySend: () => right !== "send" };
        await withClient({ policy }, BEFORE[name], async (client) => {
          const isForbidden = (await make(name, client)) === "forbidden";
          expect(isForbidden, `without ${right}`).to.equal(CALLS[name].right === right);
        });
      }
    });

    it(`names the budget that ${name} is counted against, and no other is`, async () => {
      for (const budget of BUDGETS) {
        const prepare = BEFORE[name];
        const before = prepare !== undefined && CALLS[prepare].budget === budget ? 1 : 0;
        const rate: Rate = { perSecond: 1e-6, burst: before + 1 };
        const rates: Partial<Record<RateName, Rate>> = { [`${budget}OfUser`]: rate };
        await withClient({ limits: { rates } }, prepare, async (client) => {
          expect(await make(name, client), `the first, of ${budget}`).not.to.equal("rate_limited");
          const isRefused = (await make(name, client)) === "rate_limited";
          expect(isRefused, `the second, of ${budget}`).to.equal(CALLS[name].budget === budget);
        });
      }
    });

    it(`has every error in it that follows from its right and budget: ${name}`, () => {
      const { right, budget, errors } = CALLS[name];
      if (right !== "none") expect(errors).to.include("forbidden");
      if (budget !== undefined) expect(errors).to.include("rate_limited");
      if (budget === "messages") expect(errors).to.include("message_too_large");
    });
  }
});
