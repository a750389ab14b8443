/** docs/http-bridge.md: what its commands print is what it says. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { describeWith } from "../support/machine.js";
import { playPage } from "../support/shell-page.js";
import { startRooms, type Running } from "./support/server.js";

describeWith(["curl"], "docs/http-bridge.md", function () {
  this.timeout(60_000);
  let server: Running;
  before(async () => {
    server = await startRooms({});
  });
  after(() => server.close());

  it("has commands that print what it says", async () => {
    expect(await playPage(readFileSync("docs/http-bridge.md", "utf8"), { url: server.url })).to.equal(6);
  });
});
