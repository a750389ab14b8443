/** What the compiler must accept, and refuse: a test that compiles has passed. */
import { expect } from "chai";
import { io, Manager, type Socket } from "../../clients/typescript/src/index.js";
import type { ClientEvents, ServerEvents } from "../../server/api/types.js";
import { fakeWebSockets } from "./support/fake-websocket.js";

describe("client: types", () => {
  const options = { WebSocket: fakeWebSockets().WebSocket, autoConnect: false };

  it("are those of the event maps, for on, emit, emitWithAck and timeout", () => {
    const socket: Socket<ServerEvents, ClientEvents> = io("http://types.test", options);
    socket.on("message", (message) => message.room.toUpperCase());
    socket.on("connect_error", (error) => error.message);
    socket.on("disconnect", (reason, details) => [reason === "ping timeout", details?.code]);
    const compiledOnly = (): unknown => {
      socket.emit("join", { room: "r" }, (answer) => answer.ok);
      socket.timeout(5).emit("join", { room: "r" }, (error, answer) => [error?.message, answer.ok]);
      const answered: Promise<boolean> = socket
        .emitWithAck("leave", { room: "r" })
        .then((answer) => answer.ok);
      const inTime: Promise<boolean> = socket
        .timeout(100)
        .emitWithAck("join", { room: "r" })
        .then((answer) => answer.ok);
      // @ts-expect-error: no such event
      socket.emit("jion", { room: "r" });
      // @ts-expect-error: a wrong value
      socket.emit("join", { room: 1 }, () => undefined);
      // @ts-expect-error: no such event
      socket.on("massage", () => undefined);
      return [answered, inTime];
    };
    expect(compiledOnly).to.be.a("function");
    expect(socket.listeners("message")).to.have.length(1);
  });

  it("without maps let any event through, with values of unknown types that a listener may name", () => {
    const socket = io("http://types.test/untyped", options);
    socket.on("anything", (text: string, n: number) => text.repeat(n));
    socket.onAny((event, ...args) => [event.length, args.length]);
    expect(socket.hasListeners("anything")).to.equal(true);
    expect(socket.off().hasListeners("anything")).to.equal(false);
  });

  it("take options of socket.io-client that have no meaning here", () => {
    const manager = new Manager("http://types.test", {
      ...options,
      transports: ["websocket"],
      upgrade: false,
    });
    const socket: Socket<ServerEvents, ClientEvents> = manager.socket("/");
    expect(socket.io).to.equal(manager);
  });
});
