/** Which requests a rooms server takes of an HTTP server that is an application's. */
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import { Server as SocketIO } from "socket.io";
import { WebSocket, WebSocketServer } from "ws";
import { attachBridge } from "@crossroom/bridge";
import { expect } from "chai";
import { io } from "socket.io-client";
import { ask, listen, serveOwnSockets, upgrade } from "./support/requests.js";
import { PROTOCOLS } from "../support/clients.js";
import { createRoomsServer, type RoomsServer, type RoomsServerOptions } from "../../../server/index.js";
import { within } from "../../support/deadline.js";

const app: RequestListener = (request, response) => {
  response.writeHead(request.url === "/" ? 200 : 404).end(`of the app: ${request.method} ${request.url}`);
};

describe("a rooms server on an application's HTTP server", () => {
  let host: Server;
  let rooms: RoomsServer;
  let url: string;
  const wss = new WebSocketServer({ noServer: true });

  afterEach(async () => {
    for (const client of wss.clients) client.terminate();
    await rooms.close({ http: true });
  });

  async function mount(order: "before" | "after", options?: RoomsServerOptions): Promise<void> {
    host = createServer();
    const add = (): void => {
      host.on("request", app);
      serveOwnSockets(host, wss, "/own");
    };
    if (order === "after") add();
    rooms = createRoomsServer(host, options);
    if (order === "before") add();
    url = await listen(host);
  }

  for (const order of ["before", "after"] as const) {
    describe(`mounted ${order} the application's listeners`, () => {
      beforeEach(() => mount(order));

      for (const target of [
        "/",
        "/nope",
        "//healthz",
        "//crossroom/v1",
        "/%63rossroom/v1",
        "/healthz/",
        "/crossroom",
        "/crossroomx",
        "/x/../crossroom/v1",
        "/admin/",
        "/admin/users",
        "/bridgex",
        "/socket.io",
        "/socket.iox/",
        "/?x=/healthz",
        "http://elsewhere/nope",
      ]) {
        it(`leaves ${target} to the application, with no header of ours`, async () => {
          const { status, text } = await ask(url, target);
          expect(status).to.equal(target === "/" ? 200 : 404);
          expect(text).to.include(`of the app: GET ${target}`);
          expect(text).not.to.include("content-security-policy");
        });
      }

      it("leaves OPTIONS * to the application", async () => {
        expect((await ask(url, "*", { method: "OPTIONS" })).text).to.include("of the app: OPTIONS *");
      });

      for (const [target, status] of [
        ["/healthz", 200],
        ["/healthz?x=1", 200],
        ["http://elsewhere/healthz", 200],
        ["/crossroom/v1", 404],
        ["/crossroom/", 404],
        ["/crossroom/../", 404],
        ["http://elsewhere/crossroom/v1/rooms/a%2Fb", 404],
        ["/admin/inspect", 401],
        ["/admin/revoke", 401],
        ["/bridge", 400],
        ["/bridge/", 400],
        ["/socket.io/?EIO=4&transport=polling", 200],
        ["http://elsewhere/socket.io/?EIO=4&transport=polling", 200],
        ["/socket.io/socket.io.js", 200],
      ] as const) {
        it(`answers ${target} itself, and the application hears nothing of it`, async () => {
          const answer = await ask(url, target);
          expect(answer.status).to.equal(status);
          expect(answer.text).not.to.include("of the app");
        });
      }

      it("answers HEAD without a body", async () => {
        const { status, text } = await ask(url, "/healthz", { method: "HEAD" });
        expect(status).to.equal(200);
        expect(text).to.match(/\r\n\r\n$/);
      });

      it("takes requests with Expect, also where the application judges those", async () => {
        for (const event of ["checkContinue", "checkExpectation"]) {
          host.on(event, (_request: unknown, response: ServerResponse) =>
            response.writeHead(417).end("of the app"),
          );
        }
        for (const expect_ of ["100-continue", "something"]) {
          const headers = { expect: expect_ };
          expect((await ask(url, "/healthz", { headers })).status).to.equal(200);
          expect((await ask(url, "/", { headers })).status).to.equal(417);
        }
      });

      it("has upgrades of its own paths, and the application all others, as they came", async () => {
        expect(await upgrade(url, "/bridge")).to.equal(101);
        expect(await upgrade(url, "/socket.io/?EIO=4&transport=websocket")).to.equal(101);
        expect(await upgrade(url, "/own")).to.equal(101);
        const seen = new Promise<string | undefined>((resolve) =>
          host.once("upgrade", ({ url }, socket) => {
            socket.end("HTTP/1.1 418 Teapot\r\n\r\n");
            resolve(url);
          }),
        );
        expect(await upgrade(url, "/elsewhere?token=mine")).to.equal(418);
        expect(await seen).to.equal("/elsewhere?token=mine");
      });

      it("serves the rooms over both protocols", async () => {
        for (const { open } of Object.values(PROTOCOLS)) {
          const client = open(url);
          await client.enter("Ada");
          expect((await client.call("join", { room: "lobby" })).ok).to.equal(true);
          client.close();
        }
      });

      it("leaves the HTTP server as it was when it is closed, sends its clients away, and can be mounted anew", async () => {
        const plain = new WebSocket(`${url.replace("http", "ws")}/bridge`);
        const socketIO = io(url, { transports: ["websocket"], reconnection: false });
        const ends = [
          new Promise((resolve) => plain.once("close", resolve)),
          new Promise((resolve) => socketIO.once("disconnect", resolve)),
        ];
        await within(
          Promise.all([once(plain, "open"), new Promise((resolve) => socketIO.once("welcome", resolve))]),
          "the clients",
        );
        await rooms.close();
        expect(await within(Promise.all(ends), "the ends")).to.deep.equal([4501, "transport close"]);
        expect(Object.hasOwn(host, "emit")).to.equal(false);
        expect(host.listening).to.equal(true);
        expect([host.listenerCount("request"), host.listenerCount("upgrade")]).to.deep.equal([1, 1]);
        expect((await ask(url, "/healthz")).text).to.include("of the app: GET /healthz");
        expect(await upgrade(url, "/own")).to.equal(101);
        rooms = createRoomsServer(host);
        expect((await ask(url, "/healthz")).status).to.equal(200);
      });
    });
  }

  it("shows the demo's pages where it is asked for, and no others", async () => {
    await mount("after", { demo: true });
    for (const path of ["/", "/demo/index.html", "/favicon.ico"]) {
      expect((await ask(url, path)).text, path).to.include("content-security-policy");
    }
    for (const path of ["/demo/nope", "/nope"]) {
      expect((await ask(url, path)).text, path).to.include(`of the app: GET ${path}`);
    }
  });

  it("answers 404 to all else where there is no application", async () => {
    host = createServer();
    rooms = createRoomsServer(host);
    url = await listen(host);
    const { status, text } = await ask(url, "/nope");
    expect(status).to.equal(404);
    expect(text).to.include('"code":"not_found"');
    expect(await upgrade(url, "/nope")).to.equal(404);
  });

  it("lives beside a bridge that the application attaches to an io of its own afterwards, at paths of their own", async () => {
    await mount("before");
    const appIo = new SocketIO(host, { path: "/app-io" });
    attachBridge(appIo, host, { path: "/app-bridge" });
    for (const path of ["/bridge", "/app-bridge"]) expect(await upgrade(url, path)).to.equal(101);
    expect((await ask(url, "/app-io/?EIO=4&transport=polling")).status).to.equal(200);
    expect((await ask(url, "/")).text).to.include("of the app: GET /");
    await rooms.close();
    expect(await upgrade(url, "/app-bridge")).to.equal(101);
    expect(await upgrade(url, "/own")).to.equal(101);
    await appIo.close();
  });

  it("is refused where the HTTP server has a rooms server, or another bridge at its path", async () => {
    await mount("after");
    expect(() => createRoomsServer(host)).to.throw(TypeError, "has a rooms server already");
    const other = createServer();
    attachBridge(new SocketIO(other), other);
    expect(() => createRoomsServer(other)).to.throw(TypeError, "has a bridge at /bridge already");
  });
});
