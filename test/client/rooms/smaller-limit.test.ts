/** Something between client and server that takes less than the server, and closes with 1009 or cuts (docs/sdk.md, 4.2). */
import { expect } from "chai";
import type { AddressInfo } from "node:net";
import { WebSocket, WebSocketServer } from "ws";
import type { RoomsErrorLike } from "../../../clients/rooms/index.js";
import { within } from "../../support/deadline.js";
import { CLIENT_NAMES, Stage } from "./support/stage.js";

/** A proxy of WebSockets that takes messages of so many bytes. */
class NarrowProxy {
  readonly #server: WebSocketServer;

  private constructor(target: string, most: number, isRude: boolean) {
    // The one that cuts must see the message whole.
    const limit = isRude ? {} : { maxPayload: most };
    this.#server = new WebSocketServer({ port: 0, host: "127.0.0.1", ...limit });
    this.#server.on("connection", (here, { url }) => {
      const there = new WebSocket(`${target}${url ?? "/"}`);
      const early: string[] = [];
      const text = (data: unknown): string => String(data);
      there.on("open", () => early.splice(0).forEach((message) => there.send(message)));
      there.on("message", (data) => here.send(text(data)));
      there.on("close", () => here.close());
      there.on("error", () => here.terminate());
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

  static async listen(port: number, most: number, isRude: boolean): Promise<NarrowProxy> {
    const proxy = new NarrowProxy(`ws://127.0.0.1:${port}`, most, isRude);
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
