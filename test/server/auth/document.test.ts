/** docs/server.md, held against the program. */
import { expect } from "chai";
import { readFileSync } from "node:fs";
import { runProgram } from "../../../server/cli/program.js";
import { DEFAULT_CONFIG, type Config } from "../../../server/config/config.js";

const text = readFileSync("docs/server.md", "utf8");
const files = [...text.matchAll(/^```json\n(.*?)^```$/gms)].map(([, json = ""]) => json);

/** What the program does with arguments, up to where the server would start; `file` is any file's content. */
async function run(argv: string[], file = ""): Promise<{ config: Config | undefined; output: string }> {
  let config: Config | undefined;
  let output = "";
  const print = (part: string) => void (output += part);
  await runProgram(argv, {
    env: {},
    version: "",
    readText: () => file,
    print,
    printError: print,
    start(given) {
      config = given;
      return Promise.resolve();
    },
    now: () => 0,
  });
  return { config, output };
}

describe("docs/server.md", () => {
  it("has configuration files that are right", async () => {
    expect(files).to.have.length(2);
    for (const file of files) {
      const { config, output } = await run(["--config", "c.json"], file);
      expect(output).to.equal("");
      expect(config).not.to.be.undefined;
    }
  });

  it("shows every field, with the defaults of those that have one", async () => {
    const shown = JSON.parse(files[1] ?? "") as Record<string, unknown>;
    const { output } = await run(["--config", "c.json"], '{"?":1}');
    const known = /there are (.*)\n$/.exec(output)?.[1]?.split(", ");
    expect(Object.keys(shown)).to.have.members(known ?? []);
    const { config } = await run(["--config", "/c.json"], files[1]);
    const { data: defaultData, auth, ...others } = DEFAULT_CONFIG;
    expect(config).to.deep.include(others);
    expect(config?.data).to.equal(`/${defaultData ?? ""}`);
    expect(config?.auth).to.include(auth);
  });

  it("names no flag that no command has", async () => {
    const helps = await Promise.all(
      [["--help"], ["token", "--help"], ["revoke", "--help"]].map((argv) => run(argv)),
    );
    const known = new Set(helps.flatMap(({ output }) => output.match(/--[a-z-]+/g) ?? []));
    const named = new Set(text.match(/--[a-z][a-z-]+/g));
    expect([...named].filter((flag) => !known.has(flag))).to.deep.equal([]);
  });
});
