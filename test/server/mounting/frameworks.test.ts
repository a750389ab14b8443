/** A rooms server beside the applications of web frameworks. */
import { expect } from "chai";
import { PROTOCOLS } from "../support/clients.js";
import { FRAMEWORKS, type Application, type Order } from "./support/frameworks.js";
import { ask, portOf, upgrade } from "./support/requests.js";

for (const [title, start] of Object.entries(FRAMEWORKS)) {
  for (const order of ["before", "after"] as readonly Order[]) {
    describe(`a rooms server beside ${title}, mounted ${order} its listeners`, () => {
      let app: Application;
      let url: string;
      const uncaught: unknown[] = [];
      const catchIt = (error: unknown): void => void uncaught.push(error);

      before(async () => {
        process.on("uncaughtExceptionMonitor", catchIt);
        app = await start(order);
        await app.listen();
        url = `http://127.0.0.1:${portOf(app.server)}`;
      });
      after(async () => {
        await app.close();
        process.off("uncaughtExceptionMonitor", catchIt);
        expect(uncaught).to.deep.equal([]);
      });

      it("leaves the application its pages, without a header of ours", async () => {
        const { status, text } = await ask(url, "/");
        expect(status).to.equal(200);
        expect(text).to.include("The shop").and.not.include("content-security-policy");
      });

      it("leaves the application its 404", async () => {
        for (const [method, target] of [
          ["GET", "/nope"],
          ["POST", "/nope"],
          ["GET", "/admin/users"],
        ] as const) {
          const { status, text } = await ask(url, target, { method });
          expect(status).to.equal(404);
          expect(text).not.to.include("There is nothing at this path.");
        }
      });

      for (const { title, open } of Object.values(PROTOCOLS)) {
        it(`serves the rooms to a ${title} client`, async () => {
          const client = open(url);
          await client.enter("Ada");
          expect((await client.call("join", { room: "lobby" })).ok).to.equal(true);
          client.close();
        });
      }

      it("answers its own paths alone", async () => {
        const { text } = await ask(url, "/healthz");
        expect(text).to.include('{"status":"ok"}').and.not.include("The shop");
      });

      it("leaves the application running when it is closed", async () => {
        await app.rooms.close();
        expect(app.server.listening).to.equal(true);
        expect((await ask(url, "/")).text).to.include("The shop");
        expect((await ask(url, "/healthz")).status).to.equal(404);
        expect(await upgrade(url, "/bridge")).to.equal(404);
      });
    });
  }
}
