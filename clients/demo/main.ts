/** The demo page: two connections to one room, one of each protocol. Puts the parts together. */
import type { Member } from "../../server/events.js";
import { find, make } from "./dom.js";
import { inspect, newToken } from "./inspector.js";
import { randomName } from "./names.js";
import { Pane } from "./pane.js";
import { bridge, socketIo, type RoomSocket } from "./room-socket.js";
import { badge, type Side } from "./transports.js";

const DEFAULT_ROOM = "lobby";

const SIDES = {
  socketio: { title: "Socket.IO", path: "/socket.io/", open: socketIo },
  bridge: { title: "Plain WebSocket", path: "/bridge", open: bridge },
} as const satisfies Record<
  Side,
  { title: string; path: string; open: (name: () => string, token: string) => Promise<RoomSocket> }
>;

/** Who each side's connection sees, and its own socket id. The two agree, but one may be away. */
const seen = new Map<Side, { members: readonly Member[]; self: string | undefined }>();

const template = find(document, "#pane-template", HTMLTemplateElement);
const panesElement = find(document, "#panes", HTMLElement);
const roomInput = find(document, "#room", HTMLInputElement);
const token = newToken();
const panes = { socketio: makePane("socketio"), bridge: makePane("bridge") };

roomInput.value = roomOfUrl();
find(document, "#room-form", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  location.hash = encodeURIComponent(roomInput.value.trim() || DEFAULT_ROOM);
});
window.addEventListener("hashchange", () => {
  roomInput.value = roomOfUrl();
  for (const pane of Object.values(panes)) pane.moveTo(roomOfUrl());
});
showMembers();
inspect(token, (side, record) => panes[side].onRecord(record));
for (const side of ["socketio", "bridge"] as const) {
  const pane = panes[side];
  pane.attach(await SIDES[side].open(() => pane.name, token));
}

function makePane(side: Side): Pane {
  const key = `crossroom.name.${side}`;
  const { title, path } = SIDES[side];
  // Of this tab only: two tabs are two people.
  const name = sessionStorage.getItem(key) ?? randomName(Math.random);
  sessionStorage.setItem(key, name);
  return new Pane(template, panesElement, {
    side,
    title,
    endpoint: `${location.origin.replace(/^http/, "ws")}${path}`,
    room: roomOfUrl(),
    name,
    onName: (changed) => sessionStorage.setItem(key, changed),
    onMembers(members, self) {
      seen.set(side, { members, self });
      showMembers();
    },
  });
}

/** The room in the URL's fragment, so that a link leads into the same room. */
function roomOfUrl(): string {
  const hash = location.hash.slice(1);
  try {
    return decodeURIComponent(hash).trim() || DEFAULT_ROOM;
  } catch {
    return hash; // a stray % in a link that was typed by hand: taken as it is
  }
}

function showMembers(): void {
  const views = [...seen.values()];
  const members = views.find((view) => view.members.length > 0)?.members ?? [];
  const own = new Set(views.map((view) => view.self));
  const chips = members.map(({ name, devices }) => {
    const mine = devices.some(({ sid }) => own.has(sid));
    const who = make("span", "who", name);
    if (mine) who.title = "This page";
    return make(
      "li",
      mine ? "member self" : "member",
      who,
      ...devices.map(({ transport }) => badge(transport)),
    );
  });
  const nobody = make("li", "nobody", "Nobody that this page can see");
  find(document, "#presence-title", HTMLElement).textContent =
    chips.length > 0 ? `In this room · ${chips.length}` : "In this room";
  find(document, "#members", HTMLElement).replaceChildren(...(chips.length > 0 ? chips : [nobody]));
}
