/** Measures what attackers do to honest clients, and writes the table into docs/limits.md: `npm run bench:limits`. */
import { readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { ATTACKS } from "./support/attacks.js";
import { Neighbours } from "./support/neighbours.js";

const PATH = "docs/limits.md";
const PLACE = /(<!-- measured -->\n)[^]*(<!-- \/measured -->)/;

const rows: string[] = [];
for (const { name, args = [], env = {}, prepare, attack } of ATTACKS) {
  const server = await Neighbours.start(args, env);
  try {
    await prepare?.(server);
    const { p99Ratio, rssRatio, lines } = await server.compare(attack);
    rows.push(`| ${name} | ${p99Ratio.toFixed(1)} | ${rssRatio.toFixed(1)} | ${lines} |`);
    process.stdout.write(`${rows.at(-1)}\n`);
  } finally {
    await server.stop();
  }
}
const date = new Date().toISOString().slice(0, 10);
const table = [
  `\n${date}, Node ${process.versions.node}, ${cpus().length} cores:\n`,
  "| attack | p99 of honest messages, times | memory of the server, times | lines of its log |",
  "| --- | --- | --- | --- |",
  ...rows,
  "",
].join("\n");
writeFileSync(PATH, readFileSync(PATH, "utf8").replace(PLACE, `$1${table}\n$2`));
