/** A real server for the commands, whose connections a test can cut, and tokens for it. */
import { createServer } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { signOwnToken } from "../../../../server/auth/issue.js";
import { newOwnKey } from "../../../../server/auth/own-key.js";
import { createRoomsServer, type RoomsServer, type RoomsServerOptions } from "../../../../server/index.js";

export interface CliServer extends RoomsServer {
  readonly url: string;
  /** A token that this server takes, good for an hour. */
  token(user: string, claims?: Record<string, unknown>): string;
  /** Resets every connection, as a network does that fails. */
  cut(): void;
}

export async function startCliServer(options: RoomsServerOptions = {}): Promise<CliServer> {
  const httpServer = createServer();
  const sockets = new Set<Socket>();
  httpServer.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  const ownKey = newOwnKey();
  const server = createRoomsServer(httpServer, { ...options, tokens: { ownKey, ...options.tokens } });
  await new Promise<void>((resolve) => httpServer.listen(0, "127.0.0.1", resolve));
  const { port } = httpServer.address() as AddressInfo;
  return {
    ...server,
    close: () => server.close({ http: true }),
    url: `http://127.0.0.1:${port}`,
    token: (user, claims = {}) => {
      const issuedAt = Date.now();
      const times = { issuedAt, expiresAt: issuedAt + 3_600_000 };
      return signOwnToken(ownKey, "operator", { user, id: user, name: user.toUpperCase(), claims, ...times });
    },
    cut: () => {
      for (const socket of sockets) socket.resetAndDestroy();
    },
  };
}
