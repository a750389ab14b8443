import { expect } from "chai";
import { readFileSync } from "node:fs";
import { TestTerminal } from "./support/terminal.js";

const COMMANDS = [
  "join",
  "publish",
  "send",
  "inspect",
  "key create",
  "key list",
  "key revoke",
  "backup",
  "restore",
];

const OPTION = /--[a-z]+(?:-[a-z]+)*/g;

describe("docs/cli.md", () => {
  const read = (): string => readFileSync("docs/cli.md", "utf8");
  const helpOf = async (command: string): Promise<string> => {
    const terminal = new TestTerminal([...command.split(" "), "--help"]);
    expect(await terminal.exited()).to.equal(0);
    return terminal.printed;
  };

  for (const command of COMMANDS) {
    it(`has every option of ${command}`, async () => {
      const options = new Set((await helpOf(command)).match(OPTION));
      options.delete("--help");
      expect(options).not.to.be.empty;
      for (const option of options) expect(read()).to.include(option);
    });
  }

  it("has no option that there is not", async () => {
    const help = (await Promise.all(COMMANDS.map(helpOf))).join("\n");
    for (const option of read().match(OPTION) ?? []) expect(help).to.include(option);
  });

  it("has every kind of line that join prints for programs", () => {
    const kinds = readFileSync("server/cli/room-view.ts", "utf8").matchAll(/say\("(\w+)"/g);
    const names = new Set([...kinds].map(([, name = ""]) => name));
    expect(names.size).to.equal(7);
    for (const name of names) expect(read()).to.include(`\`${name}\``);
  });
});
