/** One side of the page: puts the views of a device together. */
import type { InspectRecord } from "crossroom/wire-tap";
import { Device, type DeviceOptions, type DeviceState } from "./device.js";
import { find, setText } from "./dom.js";
import { IdentityView } from "./identity-view.js";
import { PlaceView } from "./place-view.js";
import { PlacesView } from "./places-view.js";
import type { Place } from "./session.js";
import type { Side } from "./transports.js";
import type { Way } from "./sockets.js";
import { WireView } from "./wire-view.js";

/** What the button does in each state. */
const ACTIONS: Record<DeviceState, string> = {
  connecting: "Go offline",
  online: "Go offline",
  offline: "Go online",
  ended: "Start again",
};

const STATES: Record<DeviceState, string> = {
  connecting: "Connecting …",
  online: "Connected",
  offline: "Offline",
  ended: "Session ended",
};

/** What is said of a connection that is not a WebSocket: those are shown frame by frame. */
const WAYS: Record<Way, string> = {
  websocket: "",
  sse: " · stream over HTTP",
  polling: " · polling over HTTP",
};

export interface PaneOptions extends Omit<DeviceOptions, "onChange"> {
  side: Side;
  title: string;
  endpoint: string;
  /** The pane moved to a place. */
  onPlace: (place: Place) => void;
  /** Something that shows elsewhere on the page may have changed. */
  onChange: (pane: Pane) => void;
}

export class Pane {
  readonly #options: PaneOptions;
  readonly root: HTMLElement;
  readonly #device: Device;
  readonly #state: HTMLElement;
  readonly #network: HTMLButtonElement;
  readonly #alert: HTMLElement;
  readonly #identity: IdentityView;
  readonly #places: PlacesView;
  readonly #place: PlaceView;
  readonly #wire: WireView;
  #isDrawing = false;

  constructor(template: HTMLTemplateElement, parent: HTMLElement, options: PaneOptions) {
    this.#options = options;
    const { side } = options;
    parent.append(template.content.cloneNode(true));
    this.root = find(parent, ".pane:last-child", HTMLElement);
    this.#label();
    this.#device = new Device({ ...options, onChange: () => this.#draw() });
    this.#state = find(this.root, ".state", HTMLElement);
    this.#network = find(this.root, ".network", HTMLButtonElement);
    this.#network.addEventListener("click", () => {
      if (!this.#device.isOnline) this.#device.goOnline();
      else if (this.#device.state === "ended") this.#device.restart();
      else this.#device.goOffline();
    });
    this.#alert = find(this.root, ".alert", HTMLElement);
    find(this.#alert, "button", HTMLButtonElement).addEventListener("click", () =>
      this.#device.dismissTrouble(),
    );
    this.#identity = new IdentityView(this.root, side, this.#device);
    this.#place = new PlaceView(this.root, side, this.#device);
    this.#places = new PlacesView(this.root, { onPlace: (place) => this.goTo(place) });
    this.#wire = new WireView(this.root);
    this.#draw();
  }

  get state(): DeviceState {
    return this.#device.state;
  }

  /** Messages that nobody has read on this side, in rooms and in the inbox. */
  get unread(): number {
    const { session } = this.#device;
    const inRooms = session?.feeds.reduce((sum, { unread }) => sum + unread, 0) ?? 0;
    return inRooms + (session?.conversations?.unread ?? 0);
  }

  /** Says whether the pane is one that is shown. */
  setInView(isInView: boolean): void {
    this.#device.setInView(isInView);
  }

  goTo(place: Place): void {
    this.#place.goTo(place);
    this.#options.onPlace(place);
  }

  onRecord(record: InspectRecord): void {
    this.#wire.show(record);
  }

  /** Once a frame, whatever happens in it. */
  #draw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      this.#show();
    });
  }

  #show(): void {
    const { state, trouble, session, isOnline, way } = this.#device;
    setText(this.#state, STATES[state] + (way === undefined ? "" : WAYS[way]));
    this.#state.dataset["way"] = way ?? "none";
    this.#wire.setShown(way === undefined || way === "websocket");
    this.#state.dataset["state"] = state;
    this.root.dataset["state"] = state;
    this.#network.textContent = ACTIONS[state];
    this.#network.classList.toggle("off", !isOnline);
    // Without a network there is nothing else to say.
    this.#alert.hidden = trouble === undefined || !isOnline;
    setText(find(this.#alert, "p", HTMLElement), trouble ?? "");
    this.#identity.show();
    if (session !== undefined) {
      this.#places.show(session);
      this.#place.show(session);
    }
    this.#options.onChange(this);
  }

  #label(): void {
    const { side, title, endpoint } = this.#options;
    const { root } = this;
    root.dataset["side"] = side;
    root.id = `${side}-pane`;
    const heading = find(root, "h2", HTMLElement);
    heading.textContent = title;
    heading.id = `${side}-title`;
    root.setAttribute("aria-labelledby", heading.id);
    find(root, ".endpoint", HTMLElement).textContent = endpoint;
    const labels = { ".messages": "Messages", ".frames": "Frames on the wire", ".places": "Rooms and inbox" };
    for (const [selector, label] of Object.entries(labels)) {
      find(root, selector, HTMLElement).setAttribute("aria-label", `${label}, ${title}`);
    }
  }
}
