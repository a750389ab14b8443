/** Hears from the server what passes on this page's own connections. */
import { serverPath } from "./base.js";
import type { InspectRecord } from "crossroom/wire-tap";
import type { Side } from "./transports.js";

/**
 * Opens the stream of records of the connections that have `token`: whoever knows it reads them. The stream comes back by
 * itself after a break, and what passed meanwhile comes with it. While nobody looks at the page it is closed: a browser
 * has only six connections to a server for all of its tabs.
 */
export function inspect(token: string, onRecord: (side: Side, record: InspectRecord) => void): void {
  /** By the number of the connection, as its handshake said. Begins anew when the server does. */
  const sides = new Map<number, Side>();
  const read = ({ data }: MessageEvent<string>): void => {
    const record = JSON.parse(data) as InspectRecord;
    if (record.type === "handshake") {
      sides.set(record.connection, record.path.includes("/socket.io/") ? "socketio" : "bridge");
    }
    const side = sides.get(record.connection);
    if (side !== undefined) onRecord(side, record);
    if (record.type === "end") sides.delete(record.connection);
  };

  let source: EventSource | undefined;
  const follow = (): void => {
    source?.close();
    source = undefined;
    if (document.visibilityState === "hidden") return;
    source = new EventSource(serverPath(`inspect?token=${token}`));
    source.addEventListener("message", read);
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}
