import type { Socket as SocketIo } from "socket.io-client";
import { expect } from "chai";
import type { RoomsErrorLike, SocketLike } from "../../../clients/typescript/src/rooms/index.js";
import { RoomsError } from "../../../clients/typescript/src/rooms/index.js";
import type { Socket as Plain } from "../../../clients/typescript/src/index.js";
import type { ClientEvents, ServerEvents } from "../../../server/api/types.js";

/** Compiles only if `Socket` fits. */
type Fits<Socket extends SocketLike> = Socket;

describe("rooms layer: types", () => {
  it("takes sockets of both clients, with typed events or without", () => {
    const sockets: (
      | Fits<SocketIo>
      | Fits<SocketIo<ServerEvents, ClientEvents>>
      | Fits<Plain>
      | Fits<Plain<ServerEvents, ClientEvents>>
    )[] = [];
    expect(sockets).to.be.empty;
  });

  it("has an error class of the shape that it documents", () => {
    const error: RoomsErrorLike = new RoomsError("overloaded", "Wait.", true);
    expect([error.name, error.code, error.message, error.retryable]).to.deep.equal([
      "RoomsError",
      "overloaded",
      "Wait.",
      true,
    ]);
  });
});
