/** The end of the server: prompt, whatever its clients do. */
import { expect } from "chai";
import { once } from "node:events";
import { connect } from "node:net";
import { within } from "../support/deadline.js";
import { handshake } from "../support/raw-websocket.js";
import { BridgeServer, stopServers } from "./support/bridge-server.js";

/** Milliseconds in which `io.close()` must be done. */
const PROMPT = 3_000;

afterEach(stopServers);

describe("io.close()", () => {
  it("closes plain clients with 4501, and tells the application `server shutting down`", async () => {
    const server = await BridgeServer.start();
    const { ws, socket } = await server.connect();
    const reason = new Promise<string>((resolve) => socket.once("disconnect", resolve));
    await within(server.io.close(), "io.close()", PROMPT);
    expect(await reason).to.equal("server shutting down");
    expect((await ws.end()).close).to.deep.equal({ code: 4501, reason: "server_shutdown" });
  });

  it("ends promptly with a client that never answers the close frame, and one that has not connected yet", async () => {
    const server = await BridgeServer.start({ closeTimeout: 60_000 });
    const { ws } = await server.connect();
    const { socket } = await server.open();
    ws.socket.pause();
    socket.pause();
    await within(server.io.close(), "io.close()", PROMPT);
  });

  it("ends promptly with a request whose hook never answers, and tells the client that it may try again", async () => {
    let asked: () => void;
    const asking = new Promise<void>((resolve) => (asked = resolve));
    const server = await BridgeServer.start({
      authenticate: () => {
        asked();
        return new Promise(() => undefined);
      },
      upgradeTimeout: 60_000,
    });
    const refusal = server.refusal();
    await within(asking, "the hook to be asked");
    await within(server.io.close(), "io.close()", PROMPT);
    expect(await refusal).to.include({ status: 503, code: "shutting_down" });
  });

  it("ends promptly with a client whose close was under way", async () => {
    const server = await BridgeServer.start({ closeTimeout: 500 });
    const { ws, socket } = await server.connect();
    ws.socket.pause();
    socket.conn.close();
    await within(server.io.close(), "io.close()", PROMPT);
  });
});

describe("bridge.close()", () => {
  it("closes its clients, leaves those of Socket.IO alone, and lets nobody in any more", async () => {
    const server = await BridgeServer.start();
    const { ws } = await server.connect();
    server.bridge.close();
    expect((await ws.end()).close.code).to.equal(4501);
    expect(server.bridge.clientsCount).to.equal(0);
    expect(server.http.listening).to.be.true;
    const socket = connect(server.port, "127.0.0.1");
    socket.write(handshake());
    // Nobody answers for the path now: Engine.IO ends the request.
    await within(once(socket, "close"), "the end of the request");
    server.bridge.close();
  });

  it("refuses a client whose hook answers only afterwards", async () => {
    let answer: (yes: boolean) => void = () => undefined;
    let asked: () => void = () => undefined;
    const server = await BridgeServer.start({
      authenticate: () => {
        asked();
        return new Promise((resolve) => (answer = resolve));
      },
    });
    const waiting = new Promise<void>((resolve) => (asked = resolve));
    const refusal = server.refusal();
    await within(waiting, "the hook to be asked");
    server.bridge.close();
    answer(true);
    expect(await refusal).to.include({ status: 503, code: "shutting_down" });
  });
});
