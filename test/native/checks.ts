/** What only one SDK is checked for. Not in sdks.ts: these checks use what is there. */
import type { Counts } from "../setup/counts.js";
import { checkPackage } from "./rust-package.js";
import type { Sdk } from "./sdks.js";
import { checkFolders } from "./swift-folders.js";
import { buildFromUrl } from "./swift-package.js";
import { playUrlSession } from "./url-session.js";
import type { Say } from "./verdict.js";

type Check = (sdk: Sdk, say: Say) => Promise<Counts>;

/** By the SDK's name; they are run in this order. */
export const CHECKS: Readonly<Record<Sdk["name"], readonly Check[]>> = {
  kotlin: [],
  swift: [checkFolders, buildFromUrl, ...(process.platform === "linux" ? [playUrlSession] : [])],
  rust: [checkPackage],
};
