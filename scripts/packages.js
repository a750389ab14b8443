/** The packages of this repository, and where their sources and outputs are. Folders are as seen from the repository's own. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** In the order in which they need each other. `page`: where in its dist/ the demo page is. */
export const PACKAGES = [
  { folder: "bridge", sources: "bridge", commonJs: true },
  { folder: "clients/typescript", sources: "clients/typescript/src", commonJs: true },
  { folder: "server", sources: "server", commonJs: false, page: "public" },
];

/** What `package.json` of one says. */
export function manifestOf({ folder }) {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}
