/** Makes the demo page of clients/demo: one script that holds the clients too, and the other files as they are. */
import { build } from "esbuild";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { changedAt, filesBelow } from "./outputs.js";

const PAGE = "clients/demo";

/** Into a folder from which the server serves it; nothing is done where that is newer than all it is made of. */
export async function makeDemo(folder) {
  const script = join(folder, "main.js");
  const madeAt = changedAt(script) ?? 0;
  const parts = [...filesBelow(PAGE), ...filesBelow("clients/typescript/src")];
  if (parts.every((path) => changedAt(path) < madeAt)) return;
  // Not made small: whoever looks at the page is meant to read its script.
  await build({
    entryPoints: [join(PAGE, "main.ts")],
    outfile: script,
    bundle: true,
    format: "esm",
    target: "es2022",
    logLevel: "error",
  });
  cpSync(PAGE, folder, { recursive: true, filter: (path) => /demo$|\.(html|css|svg)$/.test(path) });
}
