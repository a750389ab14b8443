/** docs/metrics.md. `UPDATE_DOCS=1 npm test -- test/server/metrics/document.test.ts` writes its table anew. */
import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { metricsTable } from "../../../scripts/documents/metrics-table.js";
import { DECLARATIONS } from "../../../server/metrics/declarations.js";

const PATH = "docs/metrics.md";
const TABLE = /(<!-- the table -->\n).*(?=<!-- the end of the table -->)/s;

describe(PATH, () => {
  const read = (): string => readFileSync(PATH, "utf8");
  let generated: string;

  before(async () => {
    const text = read().replace(TABLE, (_table, begin: string) => `${begin}\n${metricsTable()}\n\n`);
    generated = await format(text, { ...(await resolveConfig(PATH)), filepath: PATH });
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(PATH, generated);
  });

  it("has the metrics that are declared", () => {
    expect(read()).to.equal(generated);
    for (const { name } of DECLARATIONS) expect(read()).to.include(`| \`${name}\``);
  });

  it("names no metric that there is not", () => {
    const known = DECLARATIONS.map(({ name }) => name);
    for (const file of [PATH, "docs/grafana.json"]) {
      const named = readFileSync(file, "utf8").match(/crossroom_(?!admin\b)\w+/g) ?? [];
      const missing = named.filter((name) => !known.includes(name.replace(/_(bucket|sum|count)$/, "")));
      expect(missing, file).to.deep.equal([]);
    }
  });

  it("has each metric on the dashboard", () => {
    const dashboard = readFileSync("docs/grafana.json", "utf8");
    expect(DECLARATIONS.filter(({ name }) => !dashboard.includes(name))).to.deep.equal([]);
  });
});
