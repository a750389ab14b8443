/** A rooms server on a free port, for one test. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createRoomsServer, type RoomsServer, type RoomsServerOptions } from "../../../server/index.js";

export interface Running extends RoomsServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
}

export async function startRooms(options: RoomsServerOptions = {}): Promise<Running> {
  const httpServer = createServer();
  const server = createRoomsServer(httpServer, options);
  await new Promise<void>((resolve) => httpServer.listen(0, "127.0.0.1", resolve));
  const { port } = httpServer.address() as AddressInfo;
  return { ...server, close: () => server.close({ http: true }), url: `http://127.0.0.1:${port}` };
}
