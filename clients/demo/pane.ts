/** One side of the page: a connection of one protocol, its messages, its composer and its wire. */
import type { Member, RoomMessage } from "../../server/events.js";
import type { InspectRecord } from "../../server/inspect/records.js";
import { appendFollowing, find, make, timeElement } from "./dom.js";
import type { RoomSocket } from "./room-socket.js";
import { Session, type SessionState, type SessionView } from "./session.js";
import { badge, type Side } from "./transports.js";
import { WireView } from "./wire-view.js";

/** Messages and notes that are kept. */
const LIMIT = 300;

const STATES: Record<SessionState, string> = {
  connecting: "Connecting…",
  online: "Connected",
  offline: "Disconnected",
  refused: "Refused",
};

export interface PaneOptions {
  side: Side;
  title: string;
  endpoint: string;
  room: string;
  name: string;
  onName(name: string): void;
  onMembers(members: readonly Member[], self: string | undefined): void;
}

export class Pane implements SessionView {
  readonly #root: HTMLElement;
  readonly #messages: HTMLElement;
  readonly #name: HTMLInputElement;
  readonly #text: HTMLInputElement;
  readonly #toggle: HTMLButtonElement;
  readonly #wire: WireView;
  #session: Session | undefined;

  constructor(
    template: HTMLTemplateElement,
    parent: HTMLElement,
    private readonly options: PaneOptions,
  ) {
    const { side, title, endpoint, name } = options;
    parent.append(template.content.cloneNode(true));
    this.#root = find(parent, ".pane:last-child", HTMLElement);
    this.#root.dataset["side"] = side;
    const heading = find(this.#root, "h2", HTMLElement);
    heading.textContent = title;
    heading.id = `${side}-title`;
    this.#root.setAttribute("aria-labelledby", heading.id);
    find(this.#root, ".endpoint", HTMLElement).textContent = endpoint;
    this.#messages = find(this.#root, ".messages", HTMLElement);
    this.#messages.setAttribute("aria-label", `Messages, ${title}`);
    find(this.#root, ".frames", HTMLElement).setAttribute("aria-label", `Frames on the wire, ${title}`);
    this.#name = this.#field(".name", `${side}-name`);
    this.#name.value = name;
    this.#text = this.#field(".text", `${side}-text`);
    this.#toggle = find(this.#root, ".toggle", HTMLButtonElement);
    this.#wire = new WireView(this.#root);
    this.#listen();
    this.onState("offline");
  }

  /** The display name; never empty. */
  get name(): string {
    return this.#name.value.trim() || this.options.name;
  }

  /** Puts the pane on a connection, and has it connect. */
  attach(socket: RoomSocket): void {
    this.#session = new Session(socket, this, this.options.room);
    this.#session.connect();
  }

  moveTo(room: string): void {
    this.#session?.moveTo(room);
  }

  onRecord(record: InspectRecord): void {
    this.#wire.show(record);
  }

  onState(state: SessionState): void {
    const status = find(this.#root, ".state", HTMLElement);
    status.textContent = STATES[state];
    status.dataset["state"] = state;
    this.#toggle.textContent = state === "online" || state === "connecting" ? "Disconnect" : "Reconnect";
  }

  onMembers(members: readonly Member[], self: string | undefined): void {
    this.options.onMembers(members, self);
  }

  onMessage({ from, data, at }: RoomMessage, own: boolean): void {
    const isText = typeof data === "string";
    const meta = make("div", "meta", make("span", "from", from.name), badge(from.transport), timeElement(at));
    const body = make("div", isText ? "body" : "body data", isText ? data : JSON.stringify(data, null, 2));
    const line = make("li", own ? "message own" : "message", meta, body);
    line.dataset["side"] = from.transport === "bridge" ? "bridge" : "socketio";
    appendFollowing(this.#messages, line, LIMIT);
  }

  onNote(text: string, trouble: boolean): void {
    appendFollowing(this.#messages, make("li", trouble ? "note trouble" : "note", text), LIMIT);
  }

  #listen(): void {
    this.#toggle.addEventListener("click", () => {
      const state = this.#session?.state;
      if (state === "online" || state === "connecting") this.#session?.disconnect();
      else this.#session?.connect();
    });
    this.#name.addEventListener("change", () => this.#rename());
    find(this.#root, ".composer", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#text.value.trim();
      if (text === "") return;
      if (this.#session?.publish(text) === true) this.#text.value = "";
      else this.onNote("Not sent: this side is not connected", true);
    });
  }

  /** A name belongs to a connection: a new one takes a new connection. */
  #rename(): void {
    this.#name.value = this.name;
    this.options.onName(this.name);
    if (this.#session?.state !== "online") return;
    this.#session.disconnect();
    this.#session.connect();
  }

  #field(selector: string, id: string): HTMLInputElement {
    const input = find(this.#root, selector, HTMLInputElement);
    input.id = id;
    const label = input.parentElement?.querySelector("label");
    if (label) label.htmlFor = id;
    return input;
  }
}
