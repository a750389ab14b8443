import { expect } from "chai";
import { readFileSync } from "node:fs";
import { DEFAULT_LIMITS, DEFAULT_RATES } from "../../server/index.js";

describe("docs/limits.md", () => {
  const document = readFileSync("docs/limits.md", "utf8");

  it("has the rates of rates.ts", () => {
    const rows = [...document.matchAll(/^\| `(\w+)` +\| (\d+) +\| (\d+) +\|/gm)];
    const table = rows.map(([, name, perSecond, burst]) => [
      name,
      { perSecond: Number(perSecond), burst: Number(burst) },
    ]);
    expect(Object.fromEntries(table)).to.deep.equal(DEFAULT_RATES);
  });

  it("has the other limits, with their defaults", () => {
    const rows = [...document.matchAll(/^\| `(\w+)` +\| (\d+) +\| [^\d|][^|]*\| (?:`\w+`)? *\|$/gm)];
    const { rates, ...numbers } = DEFAULT_LIMITS;
    expect(rates).to.deep.equal({});
    expect(Object.fromEntries(rows.map(([, name, value]) => [name, Number(value)]))).to.deep.equal(numbers);
  });
});
