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

/** Where the logs of this server are, in the place of the example's positions: as the call before has answered. */
const OWN_POSITION: { readonly [E in CallName]?: (before: Answer) => object } = {
  history: ({ position }) => ({ before: position }),
  inbox_ack: ({ cursor }) => ({ position: cursor }),
};

type Answer = Readonly<Record<string, unknown>>;

/** A client that has done what its call needs. */
class Subject {
  readonly #client: TestClient;
  #before: Answer = {};

  constructor(client: TestClient) {
    this.#client = client;
  }

  async prepare(name: CallName): Promise<void> {
    this.#before = await this.#client.ask(name, CALLS[name].example.data);
  }

  /** Resolves to the code that the call was refused with. */
  async make(name: CallName): Promise<string | undefined> {
    const token = name === "refresh" ? { token: this.#client.self?.token } : {};
    const own = { ...token, ...OWN_POSITION[name]?.(this.#before) };
    const answer = await this.#client.ask(name, { ...CALLS[name].example.data, ...own });
    return answer.ok ? undefined : answer.error.code;
  }
}

async function withSubject(
  options: RoomsServerOptions,
  name: CallName,
  test: (make: () => Promise<string | undefined>) => Promise<void>,
): Promise<void> {
  const world = await new World(options).start();
  try {
    const subject = new Subject(await world.enter("bridge", { device: "phone" }));
    const before = BEFORE[name];
    if (before !== undefined) await subject.prepare(before);
    await test(() => subject.make(name));
  } finally {
    await world.stop();
  }
}

describe("the declaration of a call", () => {
  for (const name of calls) {
    it(`has an example of ${name} that a server takes from who has every right`, async () => {
      await withSubject({}, name, async (make) => {
        expect(await make()).to.equal(undefined);
      });
    });

    it(`names the right without which ${name} is forbidden, and no other is asked for`, async () => {
      for (const right of RIGHTS) {
        // Who may not join has no use for other rights.
        if (right === "join" && BEFORE[name] === "join") continue;
        const rights: Rights = { join: true, publish: true, presence: true, history: true, [right]: false };
        const policy = { rights: () => rights, maySend: () => right !== "send" };
        await withSubject({ policy }, name, async (make) => {
          const isForbidden = (await make()) === "forbidden";
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
        await withSubject({ limits: { rates } }, name, async (make) => {
          expect(await make(), `the first, of ${budget}`).not.to.equal("rate_limited");
          const isRefused = (await make()) === "rate_limited";
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
