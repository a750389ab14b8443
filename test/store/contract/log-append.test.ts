import { expect } from "chai";
import type { Draft } from "../../../server/store/log.js";
import { ALL, MINUTE } from "../support/options.js";
import { describeLogs } from "../support/log-test.js";

describeLogs("appending to the log", (test) => {
  describe("append", () => {
    it("gives offsets that count up by one from 1, in each log for itself", async () => {
      for (const expected of [1, 2, 3]) {
        expect((await test.append("a", "x")).position.offset).to.equal(expected);
        expect((await test.append("b", "x")).position.offset).to.equal(expected);
      }
    });

    it("keeps the order of the calls, without waiting for one before the next", async () => {
      const resolved: number[] = [];
      const calls = Array.from({ length: 200 }, async (_, index) => {
        const { position } = await test.append("a", index);
        resolved.push(index);
        return position.offset;
      });
      expect(await Promise.all(calls)).to.deep.equal(Array.from({ length: 200 }, (_, index) => index + 1));
      expect(resolved).to.deep.equal(Array.from({ length: 200 }, (_, index) => index));
      expect(await test.valuesAfter("a")).to.deep.equal(Array.from({ length: 200 }, (_, index) => index));
    });

    it("resolves in the order of the calls where some are duplicates or refused", async () => {
      const resolved: string[] = [];
      const calls: [string, Partial<Draft>][] = [
        ["first", { key: "k" }],
        ["duplicate", { key: "k" }],
        ["refused", { limit: 1 }],
        ["last", {}],
      ];
      await Promise.all(
        calls.map(async ([title, draft]) => {
          await test.log.append("a", { value: title, at: test.options.time, ...draft });
          resolved.push(title);
        }),
      );
      expect(resolved).to.deep.equal(["first", "duplicate", "refused", "last"]);
    });

    it("runs the continuation of one append before that of the next", async () => {
      const seen: string[] = [];
      await Promise.all(
        ["a", "b", "c"].map((value) =>
          test
            .append("log", value)
            .then(() => seen.push(`${value}1`))
            .then(() => seen.push(`${value}2`)),
        ),
      );
      expect(seen.filter((step) => step.endsWith("1"))).to.deep.equal(["a1", "b1", "c1"]);
      expect(seen.indexOf("a1")).to.be.below(seen.indexOf("b1"));
    });

    it("keeps a value whose JSON is given as any other", async () => {
      const value = JSON.parse('{"é":["\\ud800",1e300,null],"__proto__":0}') as unknown;
      await test.append("a", value, { json: JSON.stringify(value) });
      await test.append("a", value);
      expect(await test.valuesAfter("a")).to.deep.equal([value, value]);
    });

    it("keeps every JSON value exactly, and binary values inside it", async () => {
      const value = JSON.parse(
        '{"__proto__":{"polluted":true},"placeholder":{"_placeholder":true,"num":0},"$binary":"AA==",' +
          '"nothing":null,"text":"\\ud800 \\u0000 é","deep":[[[]]],"number":1e300}',
      ) as Record<string, unknown>;
      value["bytes"] = [Buffer.from([0, 255]), new Uint16Array([1, 2]), new Uint8Array([7]).buffer];
      await test.append("a", value);
      await test.restart();
      const [read] = (await test.valuesAfter("a")) as [Record<string, unknown>];
      expect(read["bytes"]).to.deep.equal([
        Buffer.from([0, 255]),
        Buffer.from([1, 0, 2, 0]),
        Buffer.from([7]),
      ]);
      expect(Object.getPrototypeOf(read)).to.equal(Object.prototype);
      delete value["bytes"];
      delete read["bytes"];
      expect(JSON.stringify(read)).to.equal(JSON.stringify(value));
    });

    it("keeps null, and values that are only binary", async () => {
      await test.append("a", null);
      await test.append("a", Buffer.from("x"));
      await test.append("a", Buffer.alloc(0));
      expect(await test.valuesAfter("a")).to.deep.equal([null, Buffer.from("x"), Buffer.alloc(0)]);
    });

    it("keeps values of megabytes", async () => {
      const value = { text: "é".repeat(2_000_000), bytes: Buffer.alloc(3_000_000, 7) };
      await test.append("a", value);
      await test.append("a", "next");
      await test.restart();
      expect((await test.valuesAfter("a"))[0]).to.deep.equal(value);
    });

    it("takes the value as it is at the call, and gives a copy to each reader", async () => {
      const value = { list: [1], bytes: Buffer.from([1]) };
      const appending = test.append("a", value);
      value.list.push(2);
      value.bytes[0] = 2;
      await appending;
      const [first] = (await test.valuesAfter("a")) as [typeof value];
      first.list.push(3);
      first.bytes[0] = 3;
      expect(await test.valuesAfter("a")).to.deep.equal([{ list: [1], bytes: Buffer.from([1]) }]);
    });

    it("rejects what is no JSON value, and uses no offset for it", async () => {
      for (const value of [undefined, 1n, () => 1]) {
        let failure: unknown;
        try {
          await test.append("a", value);
        } catch (error) {
          failure = error;
        }
        expect(failure).to.be.instanceOf(TypeError);
      }
      expect((await test.append("a", 1)).position.offset).to.equal(1);
    });

    it("gives back its position with the log's epoch, and the time of the draft", async () => {
      const { epoch } = await test.log.state("a");
      expect(await test.append("a", 1, { at: 1234 })).to.deep.equal({
        position: { epoch, offset: 1 },
        at: 1234,
        duplicate: false,
      });
      expect((await test.log.after("a", 0, ALL)).entries).to.deep.equal([{ offset: 1, value: 1, at: 1234 }]);
    });

    it("takes any name: empty, long, or with lone surrogates", async () => {
      const names = [
        "",
        "x".repeat(5_000),
        `${"x".repeat(5_000)}y`,
        "\ud800",
        "\ud801",
        "\ufffd",
        "a\u0000b",
      ];
      for (const name of names) await test.append(name, { name });
      await test.restart();
      for (const name of names) expect(await test.valuesAfter(name)).to.deep.equal([{ name }]);
    });
  });

  describe("a limit", () => {
    it("refuses the append where the log keeps so many entries, and then changes nothing", async () => {
      await test.append("a", 1, { limit: 2 });
      await test.append("a", 2, { limit: 2 });
      expect(await test.log.append("a", { value: 3, at: 0, limit: 2 })).to.equal("full");
      expect(await test.log.state("a")).to.include({ first: 1, last: 2 });
      expect((await test.append("a", 3, { limit: 3 })).position.offset).to.equal(3);
    });

    it("holds among appends that come at once", async () => {
      const results = await Promise.all(
        Array.from({ length: 10 }, (_, value) => test.log.append("a", { value, at: 0, limit: 4 })),
      );
      expect(results.filter((result) => result === "full")).to.have.length(6);
      expect(await test.valuesAfter("a")).to.deep.equal([0, 1, 2, 3]);
    });

    it("counts what is kept, not what was appended", async () => {
      await test.appendMany("a", 5);
      await test.log.trim("a", 4);
      expect((await test.append("a", 6, { limit: 2 })).position.offset).to.equal(6);
      expect(await test.log.append("a", { value: 7, at: 0, limit: 2 })).to.equal("full");
    });

    it("does not count what is past its age", async () => {
      test.options.kept = { count: Infinity, age: MINUTE };
      await test.append("a", 1);
      test.options.time += MINUTE;
      expect((await test.append("a", 2, { limit: 1 })).position.offset).to.equal(2);
    });

    it("does not refuse a key that is known", async () => {
      const first = await test.append("a", 1, { key: "k", limit: 1 });
      expect(await test.append("a", 1, { key: "k", limit: 1 })).to.deep.equal({ ...first, duplicate: true });
    });

    it("of 0 refuses all", async () => {
      expect(await test.log.append("a", { value: 1, at: 0, limit: 0 })).to.equal("full");
      expect(await test.log.state("a")).to.include({ first: 1, last: 0 });
    });
  });
});
