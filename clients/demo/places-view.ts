/** The list of rooms and conversations, with what is unread in each. */
import { disclose, find, make, reuse } from "./dom.js";
import type { Place, Session } from "./session.js";

export interface PlacesViewOptions {
  onPlace: (place: Place) => void;
}

interface Row {
  place: Place;
  text: string;
  unread: number;
}

export class PlacesView {
  readonly #options: PlacesViewOptions;
  readonly #rooms: HTMLElement;
  readonly #people: HTMLElement;
  readonly #inboxUnread: HTMLElement;

  constructor(root: HTMLElement, options: PlacesViewOptions) {
    this.#options = options;
    this.#rooms = find(root, ".rooms", HTMLElement);
    this.#people = find(root, ".people", HTMLElement);
    this.#inboxUnread = find(root, ".inbox-unread", HTMLElement);
    this.#addForm(root, ".add-room", "Room", (name) => ({ kind: "room", name }));
    this.#addForm(root, ".add-person", "User id", (user) => ({ kind: "direct", user }));
  }

  show(session: Session): void {
    const { feeds, conversations, place } = session;
    const rooms = feeds.map(({ name, unread }): Row => ({
      place: { kind: "room", name },
      text: name,
      unread,
    }));
    const people = (conversations?.all ?? []).map(({ user, name, unread }): Row => ({
      place: { kind: "direct", user },
      text: name,
      unread,
    }));
    this.#fill(this.#rooms, rooms, place);
    this.#fill(this.#people, people, place);
    const unread = conversations?.unread ?? 0;
    this.#inboxUnread.textContent = unread === 0 ? "" : String(unread);
    this.#inboxUnread.hidden = unread === 0;
  }

  #fill(list: HTMLElement, rows: readonly Row[], current: Place): void {
    reuse(list, rows, JSON.stringify, (row) => {
      const button = make("button", "place-button", make("span", "place-text", row.text));
      button.type = "button";
      button.addEventListener("click", () => this.#options.onPlace(row.place));
      if (row.unread > 0) {
        const count = make("span", "count", String(row.unread));
        count.append(make("span", "visually-hidden", " unread"));
        button.append(count);
      }
      return make("li", "", button);
    });
    rows.forEach(({ place }, index) => {
      const button = list.children[index]?.firstElementChild;
      if (isSame(place, current)) button?.setAttribute("aria-current", "true");
      else button?.removeAttribute("aria-current");
    });
  }

  #addForm(root: HTMLElement, selector: string, label: string, placeOf: (text: string) => Place): void {
    const form = find(root, selector, HTMLFormElement);
    const input = find(form, "input", HTMLInputElement);
    const toggle = find(form.parentElement ?? root, ".add", HTMLButtonElement);
    input.setAttribute("aria-label", label);
    const open = disclose(toggle, form, input);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = input.value.trim();
      if (text === "") return;
      input.value = "";
      open(false);
      this.#options.onPlace(placeOf(text));
    });
  }
}

export function isSame(one: Place, other: Place): boolean {
  if (one.kind === "room") return other.kind === "room" && one.name === other.name;
  return other.kind === "direct" && one.user === other.user;
}
