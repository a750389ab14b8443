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

/** Writes a text only if it is another one: a live region speaks whenever it is written. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
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

/**
 * Has a button show and hide a form. Showing moves the focus into it; Escape hides it and gives the focus back. Returns
 * how to do either.
 */
export function disclose(
  button: HTMLButtonElement,
  panel: HTMLElement,
  first: HTMLElement,
): (isOpen: boolean) => void {
  const open = (isOpen: boolean): void => {
    panel.hidden = !isOpen;
    button.setAttribute("aria-expanded", String(isOpen));
    if (isOpen) first.focus();
  };
  button.addEventListener("click", () => open(panel.hidden !== false));
  panel.addEventListener("keydown", ({ key }) => {
    if (key !== "Escape") return;
    open(false);
    button.focus();
  });
  return open;
}

const contents = new WeakMap<Element, string>();

/**
 * Makes the children of `list` those of `items`, one each. A child whose item is as before stays the same element, so
 * that it keeps the focus.
 */
export function reuse<Item>(
  list: Element,
  items: readonly Item[],
  contentOf: (item: Item) => string,
  create: (item: Item) => HTMLElement,
): void {
  items.forEach((item, index) => {
    const content = contentOf(item);
    const present = list.children[index];
    if (present !== undefined && contents.get(present) === content) return;
    const hadFocus = present?.contains(document.activeElement) === true;
    const element = create(item);
    contents.set(element, content);
    if (present === undefined) list.append(element);
    else present.replaceWith(element);
    if (hadFocus) element.querySelector<HTMLElement>("button, input")?.focus({ preventScroll: true });
  });
  while (list.children.length > items.length) list.lastElementChild?.remove();
}
