/** A page whose shell blocks are followed by what they print: run as it stands, in one shell. */
import { expect } from "chai";
import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";

/** Printed between the commands of two blocks. */
const MARK = "---- next ----";

export interface ShellOptions {
  /** What the page's `http://localhost:3000` is. */
  url: string;
  /** Run before the first block. */
  before?: string;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
}

/** Runs every `sh` block that has a `text` block behind it, and holds against that what is printed; `...` in it is anything. Resolves to how many. */
export async function playPage(
  page: string,
  { url, before = "", cwd, env = process.env }: ShellOptions,
): Promise<number> {
  const blocks = [...page.matchAll(/```sh\n([^]*?)```\n\n```text\n([^]*?)```/g)];
  const script = blocks.map(([, commands = ""]) => `${commands}\necho\necho '${MARK}'\n`).join("");
  const bash = spawn("bash", ["-s"], {
    stdio: ["pipe", "pipe", "inherit"],
    env,
    ...(cwd === undefined ? {} : { cwd }),
  });
  bash.stdin.end(`${before}\n${script}`.replaceAll("http://localhost:3000", url));
  const printed = (await text(bash.stdout)).split(MARK);
  for (const [index, [, commands = "", said = ""]] of blocks.entries()) {
    const pattern = said.trim().split("...").map(escape).join("[^]*");
    expect(printed[index]?.trim(), commands).to.match(new RegExp(`^${pattern}$`));
  }
  return blocks.length;
}

function escape(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
