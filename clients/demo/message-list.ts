/** The list of a place's messages: keeps the reader's place when lines come above, follows when they come below. */
import { find, make, timeElement } from "./dom.js";
import type { Line, MessageLine } from "./lines.js";
import { linkParts, type Part } from "./links.js";
import { badge, sideOf, type Side } from "./transports.js";

/** Pixels from the end within which a list counts as scrolled to its end. */
const NEAR_END = 40;
/** Pixels from the top within which what was before is loaded. */
const NEAR_TOP = 120;

export interface MessageListOptions {
  side: Side;
  /** The reader is at the top, or there is room for more. */
  onTop: () => void;
  /** The button of the top line was pressed. */
  onTopAction: () => void;
}

export class MessageList {
  readonly #options: MessageListOptions;
  readonly #list: HTMLElement;
  readonly #newest: HTMLButtonElement;
  /** What each element shows, so that it is made anew only if that has changed. */
  readonly #shown = new Map<string, { element: HTMLElement; content: string }>();
  #place = "";
  #following = true;
  /** Where the list was scrolled to when it was last looked at, or put there. */
  #top = 0;

  constructor(root: HTMLElement, options: MessageListOptions) {
    this.#options = options;
    this.#list = find(root, ".messages", HTMLElement);
    this.#newest = find(root, ".newest", HTMLButtonElement);
    this.#list.addEventListener("scroll", () => this.#onScroll(), { passive: true });
    this.#newest.addEventListener("click", () => {
      this.#following = true;
      this.#settle();
      this.#list.focus({ preventScroll: true });
    });
    // The keyboard of a phone, a pane that is shown again: the end stays in view.
    new ResizeObserver(() => this.#settle()).observe(this.#list);
  }

  /** Whether the end is in view. */
  get following(): boolean {
    return this.#following;
  }

  /** Shows the lines of a place. Another place than before is shown from its end. */
  show(place: string, lines: readonly Line[]): void {
    if (place !== this.#place) {
      this.#place = place;
      this.#following = true;
      this.#shown.clear();
      this.#list.replaceChildren();
    } else if (this.#list.scrollTop !== this.#top) {
      // The reader has scrolled, and the event is still to come.
      this.#look();
    }
    const anchor = this.#following ? undefined : this.#firstInView();
    this.#reconcile(lines);
    if (anchor !== undefined) {
      const { element } = this.#shown.get(anchor.key) ?? {};
      if (element !== undefined) this.#list.scrollTop += bottomOf(element) - anchor.bottom;
    }
    this.#top = this.#list.scrollTop;
    this.#settle();
  }

  follow(): void {
    this.#following = true;
    this.#settle();
  }

  #reconcile(lines: readonly Line[]): void {
    const keys = new Set(lines.map(({ key }) => key));
    for (const [key, { element }] of this.#shown) {
      if (keys.has(key)) continue;
      element.remove();
      this.#shown.delete(key);
    }
    let next = this.#list.firstElementChild;
    for (const line of lines) {
      const known = this.#shown.get(line.key);
      const content = JSON.stringify(line, withoutPicture);
      if (known?.content === content) {
        if (known.element === next) next = next.nextElementSibling;
        else this.#list.insertBefore(known.element, next);
        continue;
      }
      const element = this.#make(line);
      this.#list.insertBefore(element, next);
      if (known !== undefined) {
        if (known.element === next) next = next.nextElementSibling;
        known.element.remove();
      }
      this.#shown.set(line.key, { element, content });
    }
  }

  #make(line: Line): HTMLElement {
    switch (line.kind) {
      case "message":
        return this.#message(line);
      case "note":
        return make("div", line.trouble ? "note trouble" : "note", line.text);
      case "divider":
        return make("div", "divider", make("span", "", line.text));
      case "top": {
        const element = make("div", "note top", line.text);
        if (line.action === undefined) return element;
        const button = make("button", "quiet", line.action);
        button.type = "button";
        button.addEventListener("click", () => this.#options.onTopAction());
        element.append(" ", button);
        return element;
      }
    }
  }

  #message(message: MessageLine): HTMLElement {
    const { name, transport, own, continues = false, at, status, trouble } = message;
    const line = make("div", own ? "message own" : "message");
    const time = timeElement(at);
    if (continues) {
      line.classList.add("continues");
      line.title = time.textContent;
    } else {
      const from = transport === undefined ? [] : [badge(transport)];
      line.append(make("div", "meta", make("span", "from", name), ...from, time));
    }
    line.append(...bodyOf(message));
    if (status !== undefined)
      line.append(make("div", trouble === true ? "status trouble" : "status", status));
    const isOfClient = transport !== undefined && transport !== "server";
    line.dataset["side"] = isOfClient ? sideOf(transport) : this.#options.side;
    return line;
  }

  #onScroll(): void {
    if (this.#list.clientHeight === 0) return; // not in view: it has no place to keep
    this.#look();
    if (this.#top < NEAR_TOP) this.#options.onTop();
  }

  /** Sees where the reader is. */
  #look(): void {
    const { scrollHeight, scrollTop, clientHeight } = this.#list;
    if (clientHeight === 0) return;
    this.#top = scrollTop;
    this.#following = scrollHeight - scrollTop - clientHeight < NEAR_END;
    this.#newest.hidden = this.#following;
  }

  /** Follows the end, and has more loaded where there is room for it. */
  #settle(): void {
    const list = this.#list;
    if (list.clientHeight === 0) return;
    if (this.#following) list.scrollTop = list.scrollHeight;
    this.#top = list.scrollTop;
    this.#newest.hidden = this.#following;
    if (list.scrollHeight - list.clientHeight < NEAR_TOP) this.#options.onTop();
  }

  /**
   * The first message that can be seen, and where it ends: its element may be made anew, without its name, where it turns out to
   * go on what was said before.
   */
  #firstInView(): { key: string; bottom: number } | undefined {
    const { top } = this.#list.getBoundingClientRect();
    const messages = [...this.#list.querySelectorAll(".message")];
    const first = messages.find((element) => bottomOf(element) > top);
    const known = [...this.#shown].find(([, { element }]) => element === first);
    return first === undefined || known === undefined
      ? undefined
      : { key: known[0], bottom: bottomOf(first) };
  }
}

/** A key's picture never changes, and it is as long as all the rest. */
function withoutPicture(name: string, value: unknown): unknown {
  return name === "picture" ? undefined : value;
}

function bodyOf({ name, text, isText, picture }: MessageLine): HTMLElement[] {
  const parts: HTMLElement[] = [];
  if (picture !== undefined) {
    const image = make("img", "picture");
    image.src = picture;
    image.alt = `A picture from ${name}`;
    parts.push(image);
  }
  if (text === "" && picture !== undefined) return parts;
  if (!isText) return [...parts, make("div", "body data", text)];
  return [...parts, make("div", "body", ...linkParts(text).map(partOf))];
}

function partOf({ text, href }: Part): string | HTMLElement {
  if (href === undefined) return text;
  const link = make("a", "", text);
  link.href = href;
  link.target = "_blank";
  // The page that is opened learns nothing of this one, whose address names a room.
  link.rel = "noopener noreferrer";
  return link;
}

function bottomOf(element: Element): number {
  return element.getBoundingClientRect().bottom;
}
