/** Small helpers for building the page. Text always goes in as text, never as markup. */

/** The element of a selector, which the page's own HTML promises to have. */
export function find<T extends Element>(root: ParentNode, selector: string, type: new () => T): T {
  const element = root.querySelector(selector);
  if (!(element instanceof type)) throw new Error(`the page has no ${selector}`);
  return element;
}

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  ...content: (string | Node)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className !== "") element.className = className;
  element.append(...content);
  return element;
}

/** Pixels from the end within which a list counts as scrolled to its end. */
const NEAR_END = 40;

/**
 * Appends to a scrolling list, and follows if its reader was at the end. The oldest children beyond `limit` go, so that
 * a page that stays open does not grow.
 */
export function appendFollowing(list: HTMLElement, child: HTMLElement, limit: number): void {
  const follows = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END;
  list.append(child);
  while (list.childElementCount > limit) list.firstElementChild?.remove();
  if (follows) list.scrollTop = list.scrollHeight;
}

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});

/** A point of time, in milliseconds since the epoch, as the time of day. */
export function timeElement(at: number): HTMLTimeElement {
  const element = make("time", "", clock.format(at));
  element.dateTime = new Date(at).toISOString();
  return element;
}
