/** The demo page: two devices in the same rooms, one of each protocol. Puts the parts together. */
import { serverPath } from "./base.js";
import { find } from "./dom.js";
import { inspect } from "./inspector.js";
import { Pane } from "./pane.js";
import { randomId } from "./random-id.js";
import { bridge, socketIo, type OpenSocket } from "./sockets.js";
import { PaneStorage } from "./storage.js";
import { Tabs } from "./tabs.js";
import type { Side } from "./transports.js";

const DEFAULT_ROOM = "lobby";

const SIDES: readonly { side: Side; title: string; path: string; open: OpenSocket }[] = [
  { side: "socketio", title: "Socket.IO", path: serverPath("socket.io/"), open: socketIo },
  { side: "bridge", title: "Plain WebSocket", path: serverPath("bridge"), open: bridge },
];

const token = randomId();
const template = find(document, "#pane-template", HTMLTemplateElement);
const parent = find(document, "#panes", HTMLElement);
const panes = SIDES.map(
  ({ side, title, path, open }, index) =>
    new Pane(template, parent, {
      side,
      title,
      open,
      endpoint: `${location.origin.replace(/^http/, "ws")}${path}`,
      inspect: token,
      storage: new PaneStorage(sessionStorage, `crossroom.${side}.`),
      room: isReturn() ? undefined : roomOfUrl(),
      defaultRoom: DEFAULT_ROOM,
      onPlace(place) {
        // For whoever copies the address; the other side stays where it is.
        if (place.kind === "room") history.replaceState(null, "", `#${encodeURIComponent(place.name)}`);
      },
      onChange: (pane) => tabs.mark(index, pane.state, pane.unread),
    }),
);
const tabs = new Tabs(
  find(document, "#tabs", HTMLElement),
  panes.map((pane, index) => ({ pane, title: SIDES[index]?.title ?? "" })),
);
window.addEventListener("hashchange", () => {
  for (const pane of panes) pane.goTo({ kind: "room", name: roomOfUrl() ?? DEFAULT_ROOM });
});
inspect(token, (side, record) => panes[SIDES.findIndex((one) => one.side === side)]?.onRecord(record));

/** The room in the URL's fragment, so that a link leads into the same room. */
function roomOfUrl(): string | undefined {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash).trim() || undefined;
  } catch {
    return hash; // a stray % in a link that was typed by hand: taken as it is
  }
}

/** After a reload, and on the way back to the page, each side is where it was. */
function isReturn(): boolean {
  return performance
    .getEntriesByType("navigation")
    .some((entry) => entry instanceof PerformanceNavigationTiming && entry.type !== "navigate");
}
