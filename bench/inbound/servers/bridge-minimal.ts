/** The bridge on a Socket.IO server of somebody's own, under the simplest handlers: `bridge-minimal.js CHECKOUT`. */
import { importBridge } from "../checkout.js";
import { serveMinimal } from "../minimal.js";
import { HEARTBEAT, serve, UNLIMITED } from "../serve.js";

const { attachBridge, RoomAdapter, Server } = await importBridge();

await serve((http) => {
  const io = new Server(http, { adapter: RoomAdapter, ...HEARTBEAT });
  attachBridge(io, http, {
    ...{ maxConnections: UNLIMITED, maxConnectionsPerAddress: UNLIMITED, maxMessagesPerSecond: UNLIMITED },
  });
  serveMinimal(io);
});
