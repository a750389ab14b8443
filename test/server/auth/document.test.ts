/** docs/server.md, held against the program. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { DEFAULT_CONFIG } from "../../../server/config/config.js";
import { runHere } from "./support/command-line.js";

const text = readFileSync("docs/server.md", "utf8");
const files = [...text.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json = ""]) => json);

describe("docs/server.md", () => {
  it("has configuration files that are right", async () => {
    expect(files).to.have.length(2);
    for (const file of files) {
      const { config, stderr } = await runHere(["--config", "c.json"], {}, () => file);
      expect(stderr).to.equal("");
      expect(config).not.to.be.undefined;
    }
  });

  it("shows every field, with the defaults of those that have one", async () => {
    const shown = JSON.parse(files[1] ?? "") as Record<string, unknown>;
    const { stderr } = await runHere(["--config", "c.json"], {}, () => '{"?":1}');
    const known = /there are (.*)\n$/.exec(stderr)?.[1]?.split(", ");
    expect(Object.keys(shown)).to.have.members(known ?? []);
    const { config } = await runHere(["--config", "/c.json"], {}, () => files[1] ?? "");
    const { data: defaultData, auth, ...others } = DEFAULT_CONFIG;
    expect(config).to.deep.include(others);
    expect(config?.data).to.equal(`/${defaultData ?? ""}`);
    expect(config?.auth).to.include(auth);
  });

  it("names no flag that no command has", async () => {
    const helps = await Promise.all(
      [["--help"], ["token", "--help"], ["revoke", "--help"]].map((argv) => runHere(argv)),
    );
    const known = new Set(helps.flatMap(({ stdout }) => stdout.match(/--[a-z-]+/g) ?? []));
    const named = new Set(text.match(/--[a-z][a-z-]+/g));
    expect([...named].filter((flag) => !known.has(flag))).to.deep.equal([]);
  });
});
