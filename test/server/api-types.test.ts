/** server/api/types.ts. `UPDATE_DOCS=1 npm test -- test/server/api-types.test.ts` writes it anew. */
import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { apiTypes } from "../../scripts/documents/api-types.js";

const PATH = "server/api/types.ts";

describe(PATH, () => {
  let generated: string;
  before(async () => {
    generated = await format(apiTypes(), { ...(await resolveConfig(PATH)), filepath: PATH });
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(PATH, generated);
  });

  it("is what the declarations make of it", () => {
    expect(readFileSync(PATH, "utf8")).to.equal(generated);
  });

  it("says of a number what it counts, and of a code that there may be new ones", () => {
    expect(generated).to.include(
      `/** Milliseconds since the Unix epoch, by the server's clock. */\n  at: number;`,
    );
    expect(generated).to.include(`/** A code of the closed table in errors.ts. */\n  code: string;`);
  });

  it("imports nothing", () => {
    expect(generated).not.to.match(/^import|from "/m);
  });
});
