/**
 * The types that the rooms layer has of what a server sends, against the server's own. They are two texts, since the package ships without a
 * dependency and without the server's; the compiler holds them equal.
 */
import { expect } from "chai";
import type * as Layer from "../../../clients/typescript/src/rooms/api.js";
import type * as Wire from "../../../clients/typescript/src/rooms/wire.js";
import type * as Server from "../../../server/api/types.js";
import type { Equal } from "../../server/support/equal-types.js";

/** What the server's type says that a call is answered with, as far as the layer reads it. */
type Answer<Call extends Wire.CallName> =
  Parameters<Parameters<Server.ClientEvents[Call]>[1]>[0] extends Server.Ack<infer Whole>
    ? Pick<Whole, keyof Wire.Results[Call] & keyof Whole>
    : never;

/** An answer of which nothing is read is `object` to the layer. */
type Read<Result> = keyof Result extends never ? Record<string, never> : Result;

describe("rooms layer: the types of what a server sends", () => {
  it("are the server's own, no wider and no narrower", () => {
    const proofs: [
      Equal<Layer.Position, Server.Position>,
      Equal<Layer.Device, Server.Device>,
      Equal<Layer.Member, Server.Member>,
      Equal<Layer.Sender, Server.Sender>,
      Equal<Layer.RoomMessage, Server.RoomMessage>,
      Equal<Layer.Signal, Server.Signal>,
      Equal<Layer.InboxMessage, Server.InboxMessage>,
      Equal<Layer.InboxReceipt, Server.InboxReceipt>,
      Equal<Layer.InboxItem, Server.InboxItem>,
      Equal<Layer.Self, Server.Self>,
      Equal<Wire.ApiError, Server.ApiError>,
      Equal<Wire.PresenceChange, Server.PresenceChange>,
      Equal<Wire.PresenceEvent, Server.PresenceEvent>,
    ] = [true, true, true, true, true, true, true, true, true, true, true, true, true];
    expect(proofs).not.to.include(false);
  });

  it("have every event, and every call", () => {
    const proofs: [
      Equal<{ [Name in Wire.NoticeName]: 1 }, { [Name in keyof Server.ServerEvents]: 1 }>,
      Equal<{ [Name in Wire.CallName]: 1 }, { [Name in keyof Server.ClientEvents]: 1 }>,
    ] = [true, true];
    expect(proofs).not.to.include(false);
  });

  it("have of each answer what the layer reads, as the server has it", () => {
    const proof: Equal<
      { [Call in Wire.CallName]: Read<Wire.Results[Call]> },
      { [Call in Wire.CallName]: Read<Answer<Call>> }
    > = true;
    // What the comparison must tell apart.
    const difference: Equal<Wire.Results["inbox"], Server.InboxOpened> = false;
    expect([proof, difference]).to.deep.equal([true, false]);
  });
});
