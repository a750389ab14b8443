import { expect } from "chai";
import { readFileSync } from "node:fs";
import { API_ERRORS } from "../../server/index.js";
import { PROTOCOLS } from "./support/clients.js";
import { startRooms, type Running } from "./support/server.js";
import { play, transcriptsIn } from "./support/transcript.js";

const document = readFileSync("docs/rooms-api.md", "utf8");

describe("docs/rooms-api.md", () => {
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

  it("has the table of errors.ts", () => {
    const rows = [...document.matchAll(/^\| `(\w+)` +\| (true|false) +\| (.*?) +\|$/gm)];
    const table = rows.map(([, code, retryable, message]) => [
      code,
      { message, retryable: retryable === "true" },
    ]);
    expect(Object.fromEntries(table)).to.deep.equal(API_ERRORS);
  });
});
