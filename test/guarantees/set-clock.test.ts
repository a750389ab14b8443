import { expect } from "chai";
import { PROTOCOLS, type Protocol, type TestClient } from "../server/support/clients.js";
import { call, joinRoom, World } from "./world.js";

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;

for (const protocol of Object.keys(PROTOCOLS) as Protocol[]) {
  const { title, open } = PROTOCOLS[protocol];

  describe(`tokens when the server's clock is set, over ${title}`, () => {
    let world: World;
    beforeEach(async () => {
      world = await new World({ demo: true }).start();
    });
    afterEach(() => world.stop());

    /** Whom a token lets in, or the code with which it is refused. */
    const shown = async (token: string): Promise<unknown> => {
      const client = open(world.url);
      client.send({ type: "connect", auth: { token } });
      const first = await client.frames.next("an answer");
      const who =
        first.type === "connect_error"
          ? (first.data as { code: string }).code
          : ((await client.nextEvent("welcome")) as { user: string }).user;
      client.close();
      return who;
    };

    const post = async (path: string, body: object, token?: string): Promise<Record<string, unknown>> => {
      const headers = {
        "content-type": "application/json",
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      };
      const response = await fetch(world.url + path, { method: "POST", headers, body: JSON.stringify(body) });
      expect(response.status).to.equal(200);
      return (await response.json()) as Record<string, unknown>;
    };

    const signIn = async (): Promise<string> =>
      (await post("/demo/sign-in", { name: "Ada" }))["token"] as string;

    const revoke = async (user: string): Promise<void> => {
      await post("/admin/revoke", { user }, await world.token("ops", { claims: { crossroom_admin: true } }));
    };

    const endOf = async (client: TestClient): Promise<unknown> =>
      ((await client.nextEvent("session_end")) as { error: { code: string } }).error.code;

    describe("a user who is revoked then stays revoked", () => {
      it("with a token of the demo, for as long as the clock is wrong and after it", async () => {
        for (const wrong of [-2 * HOUR, 8 * DAY]) {
          world.set(0);
          const token = await signIn();
          const ada = await world.enter(protocol, { token });
          world.set(wrong);
          await revoke("demo-ada");
          expect(await endOf(ada)).to.equal("token_revoked");
          expect(await shown(token)).to.equal("token_revoked");
          world.set(0);
          expect(await shown(token)).to.equal("token_revoked");
          expect(await shown(await signIn())).to.equal("demo-ada");
        }
      });

      it("with an operator's token, and has one that was issued when the clock is right again", async () => {
        const token = await world.token("bob");
        world.set(-2 * HOUR);
        await revoke("bob");
        expect(await shown(token)).to.equal("token_revoked");
        world.set(0);
        expect(await shown(token)).to.equal("token_revoked");
        world.advance(2_000);
        expect(await shown(await world.token("bob"))).to.equal("bob");
      });

      it("over a restart too", async () => {
        const [operators, demos] = [await world.token("demo"), await signIn()];
        world.set(-2 * HOUR);
        await revoke("demo");
        await revoke("demo-ada");
        await world.restart();
        expect([await shown(operators), await shown(demos)]).to.deep.equal([
          "token_revoked",
          "token_revoked",
        ]);
      });
    });

    describe("those that the server signed itself are good", () => {
      it("where it is set back after they were given", async () => {
        const [operators, demos] = [await world.token("bob"), await signIn()];
        world.set(-2 * HOUR);
        expect([await shown(operators), await shown(demos)]).to.deep.equal(["bob", "demo-ada"]);
      });

      it("where it is set forward beyond their end, for their whole time", async () => {
        const tokens = [await world.token("bob"), await signIn()];
        world.set(8 * DAY);
        for (const token of tokens) await joinRoom(await world.enter(protocol, { token }), "r");
        const bob = await world.enter(protocol, { token: tokens[0]! });
        expect(bob.self?.expiresAt).to.be.greaterThan(world.now());
        world.advance(2 * DAY);
        expect(await shown(tokens[0]!)).to.equal("token_expired");
        expect(await shown(tokens[1]!)).to.equal("token_expired");
      });

      it("and a session goes on when it is set", async () => {
        const bob = await world.enter(protocol, { token: await world.token("bob") });
        world.set(8 * DAY);
        await call(bob, "refresh", { token: await world.token("bob") });
        world.set(0);
        await joinRoom(bob, "r");
      });
    });
  });
}
