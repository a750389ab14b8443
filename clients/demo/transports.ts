/** Which protocol a transport belongs to, and what it is called on the page. */
import type { Sender } from "@crossroom/client/rooms";
import { make } from "./dom.js";

type Transport = Sender["transport"];

/** The two kinds of client. Also the value of `data-side`, which gives each its colour. */
export type Side = "socketio" | "bridge";

export function sideOf(transport: Exclude<Transport, "server">): Side {
  return transport === "bridge" || transport === "bridge-http" ? "bridge" : "socketio";
}

/** A badge in the protocol's colour; Socket.IO's says the transport where it is not WebSocket. */
export function badge(transport: Transport, count = 1): HTMLElement {
  const names: Record<Transport, string> = {
    bridge: "plain WebSocket",
    "bridge-http": "plain · HTTP",
    websocket: "Socket.IO",
    polling: "Socket.IO · polling",
    webtransport: "Socket.IO · WebTransport",
    server: "server",
  };
  const element = make("span", "badge", names[transport] + (count === 1 ? "" : ` ×${count}`));
  if (transport !== "server") element.dataset["side"] = sideOf(transport);
  return element;
}
