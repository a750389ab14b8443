/** The examples of docs/rooms-client.md, run as they stand. */
import { expect } from "chai";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { within } from "../../support/deadline.js";
import { Stage } from "./support/stage.js";

const EXAMPLES = [...readFileSync("docs/rooms-client.md", "utf8").matchAll(/^```js\n(.*?)^```$/gms)].map(
  ([, code = ""]) => code,
);

/** What each prints. */
const PRINTED = ["Ada hello\n", "Bob see you\n", "a note to myself\n", "0 unsent\n"];

describe("docs/rooms-client.md", () => {
  it("has these examples", () => {
    expect(EXAMPLES).to.have.length(PRINTED.length);
  });

  PRINTED.forEach((printed, index) => {
    it(`has an example ${index + 1} that prints ${JSON.stringify(printed)} and ends`, async () => {
      const stage = await Stage.start();
      const code = (EXAMPLES[index] ?? "").replace("http://localhost:3000", stage.url);
      try {
        const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", code], {
          cwd: "dist", // the packages are found from there, as they were just compiled
          timeout: 15_000,
        });
        expect((await within(run, "the example's end", 15_000)).stdout).to.equal(printed);
      } finally {
        await stage.end();
      }
    });
  });
});
