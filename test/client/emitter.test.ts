import { expect } from "chai";
import type { AnyListener } from "../../clients/typescript/src/event-types.js";
import { Emitter } from "../../clients/typescript/src/emitter.js";

class Source extends Emitter<Record<string, AnyListener>> {
  tell(event: string, ...args: unknown[]): void {
    this.dispatch(event, ...args);
  }
}

describe("client: emitter", () => {
  let source: Source;
  let seen: unknown[];
  const note =
    (name: string) =>
    (...args: unknown[]): void =>
      void seen.push([name, ...args]);

  beforeEach(() => {
    source = new Source();
    seen = [];
  });

  it("calls listeners in their order, with the values and the emitter as this", () => {
    source.on("e", note("a"));
    source.on("e", function (this: unknown) {
      seen.push(this);
    });
    source.tell("e", 1, 2);
    source.tell("other");
    expect(seen).to.deep.equal([["a", 1, 2], source]);
  });

  it("calls a listener of once once, even if it tells the event again", () => {
    source.once("e", () => {
      seen.push("once");
      source.tell("e");
    });
    source.tell("e");
    expect(seen).to.deep.equal(["once"]);
    expect(source.hasListeners("e")).to.equal(false);
  });

  it("removes one listener, one of those that are there twice, all of an event, or all", () => {
    const [a, b] = [note("a"), note("b")];
    source.on("e", a).on("e", a).on("e", b).once("f", b);
    source.off("e", a);
    expect(source.listeners("e")).to.deep.equal([a, b]);
    source.off("f", b).off("f", a);
    expect(source.listeners("f")).to.deep.equal([]);
    source.removeAllListeners("e");
    expect(source.hasListeners("e")).to.equal(false);
    source.on("e", a).on("f", b).off();
    expect([source.hasListeners("e"), source.hasListeners("f")]).to.deep.equal([false, false]);
  });

  it("lets changes that a listener makes count from the next time", () => {
    const late = note("late");
    source.on("e", () => {
      source.off("e", late);
      source.on("e", note("new"));
    });
    source.on("e", late);
    source.tell("e");
    expect(seen).to.deep.equal([["late"]]);
    source.tell("e");
    expect(seen).to.deep.equal([["late"], ["new"]]);
  });
});
