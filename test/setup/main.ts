/** `npm run setup`: makes the machine ready for all tests, and runs none. */
import { findRuntimes } from "../runtimes.js";
import { makeReady } from "./install.js";
import { fetchPackageTools } from "./package-tools.js";

const say = (line: string) => console.log(line);
makeReady(say);
findRuntimes(say);
fetchPackageTools(say);
