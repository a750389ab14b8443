/** Listening on a port that a server has just left. */
import { once } from "node:events";
import type { Server } from "node:net";
import { DEADLINE } from "./deadline.js";

/**
 * Listens on a port of 127.0.0.1; 0 is any free one. Where somebody has the port, it is tried again for a while: a client that tries to
 * connect to a port on which nobody listens may be given that very port for its own end, and then it is in use.
 */
export async function listenAgain(server: Server, port: number): Promise<void> {
  const end = performance.now() + DEADLINE;
  for (;;) {
    server.listen(port, "127.0.0.1");
    try {
      await once(server, "listening");
      return;
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
      if (!isTaken || performance.now() > end) throw error;
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
