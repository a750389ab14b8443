/** docs/rooms-api.md. `UPDATE_DOCS=1 npm test -- test/server/rooms-api.test.ts` writes its table of errors anew. */
import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { format, resolveConfig } from "prettier";
import { errorTable } from "../../scripts/documents/error-table.js";
import { PROTOCOLS } from "./support/clients.js";
import { startRooms, type Running } from "./support/server.js";
import { play, transcriptsIn } from "./support/transcript.js";

const PATH = "docs/rooms-api.md";
const document = readFileSync(PATH, "utf8");

describe(PATH, () => {
  let server: Running;
  beforeEach(async () => {
    server = await startRooms();
  });
  afterEach(() => server.close());

  for (const { title, open } of Object.values(PROTOCOLS)) {
    transcriptsIn(document).forEach((lines, index) => {
      it(`transcript ${index + 1} is what happens over ${title}`, () => play(lines, () => open(server.url)));
    });
  }

  it("has the table of errors that the declarations make", async () => {
    const table = await format(errorTable(), { ...(await resolveConfig(PATH)), filepath: PATH });
    const [before = "", after = ""] = document.split(/^\| `code` +\| `retryable` .*\n(?:\|.*\n)+/m);
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync(PATH, `${before}${table}${after}`);
    expect(readFileSync(PATH, "utf8")).to.include(
      `\n11.2. The codes, and the calls that may be refused with them:\n\n${table}\n`,
    );
  });
});
