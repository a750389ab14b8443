/** The code of a checkout of this repository: of this one, or of another one that stands beside it. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as SocketIo from "socket.io";
import type * as Bridge from "../../bridge/index.js";
import type * as RoomsServer from "../../server/index.js";

/** The checkout as the orchestrator gives it on the command line, and what comes behind it. */
export const [checkout = "", ...args] = process.argv.slice(2);

/** What another commit exports may differ: only what has long been there is used here. */
export async function importServer() {
  const url = pathToFileURL(join(checkout, "dist", "server", "index.js")).href;
  return (await import(url)) as typeof RoomsServer;
}

/** The bridge, and the Socket.IO that stands beside it. */
export async function importBridge() {
  const url = pathToFileURL(join(checkout, "dist", "bridge", "index.js")).href;
  const bridge = (await import(url)) as typeof Bridge;
  const require = createRequire(join(checkout, "package.json"));
  const { Server } = require("socket.io") as typeof SocketIo;
  return { ...bridge, Server };
}
