/** Something between client and server that takes less than the server, and closes with 1009 or cuts (docs/sdk.md, 4.2). */
import { expect } from "chai";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { RoomsErrorLike } from "../../../clients/typescript/src/rooms/index.js";
import { within } from "../../support/deadline.js";
import { CLIENT_NAMES, Stage } from "./support/stage.js";

/** A proxy of WebSockets that takes messages of so many bytes. */
class NarrowProxy {
  readonly #server: WebSocketServer;

  /** @param most bytes from the client, and `mostBack` from the server: of more it closes with 1009. */
  private constructor(target: string, most: number, isRude: boolean, mostBack: number) {
    // The one that cuts must see the message whole.
    const limit = isRude ? {} : { maxPayload: most };
    this.#server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...limit });
    this.#server.on("connection", (here, { url }) => {
      const there = new WebSocket(`${target}${url ?? "/"}`, { maxPayload: mostBack });
      const early: string[] = [];
      const text = (data: unknown): string => String(data);
      there.on("open", () => early.splice(0).forEach((message) => there.send(message)));
      there.on("message", (data) => here.send(text(data)));
      there.on("close", () => here.close());
      there.on("error", () => here.close(1009));
      here.on("message", (data) => {
        const message = text(data);
        if (message.length > most) here.terminate();
        else if (there.readyState === WebSocket.OPEN) there.send(message);
        else early.push(message);
      });
      here.on("close", () => there.terminate());
      here.on("error", () => undefined); // the close says it
    });
  }

  static async listen(
    port: number,
    most: number,
    isRude: boolean,
    mostBack = 10_000_000,
  ): Promise<NarrowProxy> {
    const proxy = new NarrowProxy(`ws://127.0.0.1:${port}`, most, isRude, mostBack);
    await new Promise((resolve) => proxy.#server.once("listening", resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    for (const client of this.#server.clients) client.terminate();
    this.#server.close();
  }
}

describe("rooms layer: something on the way takes less than the server", () => {
  for (const client of CLIENT_NAMES) {
    it(`and closes under what was missed: it is read in smaller pages, over ${client}`, async () => {
      const stage = await Stage.start();
      const proxy = await NarrowProxy.listen(stage.port, 10_000, false, 50_000);
      try {
        const writer = stage.direct("@crossroom/client").room("r");
        const { position } = await within(writer.join(), "the writer's join");
        for (let i = 1; i <= 20; i++) await within(writer.publish(`${i}${"x".repeat(5_000)}`), "a publish");
        const room = stage.on(stage.socketTo(client, proxy.url)).room<string>("r");
        const got: number[] = [];
        room.on("message", ({ data }) => got.push(parseInt(data, 10)));
        const joined = await within(room.join({ since: position }), "the join", 40_000);
        expect([joined.recovered, got]).to.deep.equal([true, Array.from({ length: 20 }, (_, i) => i + 1)]);
      } finally {
        proxy.close();
        await stage.end();
      }
    }).timeout(60_000);

    for (const isRude of [false, true]) {
      const what = isRude ? "cuts" : "closes with 1009";
      it(`and ${what}: the large publish fails, and the session lives, over ${client}`, async () => {
        const stage = await Stage.start();
        const proxy = await NarrowProxy.listen(stage.port, 10_000, isRude);
        try {
          const rooms = stage.on(stage.socketTo(client, proxy.url));
          let end: unknown;
          rooms.on("end", (error) => (end = error));
          const room = rooms.room("r");
          await within(room.join(), "the join");
          const large = room.publish("x".repeat(20_000)).then(
            () => "kept",
            (error: unknown) => (error as RoomsErrorLike).code,
          );
          const after = room.publish("after");
          expect(await within(large, "the failure", 20_000)).to.equal("message_too_large");
          expect((await within(after, "the next publish", 20_000)).position.offset).to.equal(1);
          expect(end).to.equal(undefined);
        } finally {
          proxy.close();
          await stage.end();
        }
      }).timeout(60_000);
    }
  }
});
