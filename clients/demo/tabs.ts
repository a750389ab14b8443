/** On a narrow page only one device is in view: tabs choose which. On a wide one both are, and there are no tabs. */
import { find, make, setText } from "./dom.js";

/** As in small.css. */
const NARROW = "(max-width: 800px)";

export interface TabTarget {
  readonly title: string;
  readonly pane: { readonly root: HTMLElement; setInView(isInView: boolean): void };
}

export class Tabs {
  readonly #targets: readonly TabTarget[];
  readonly #buttons: HTMLButtonElement[];
  readonly #narrow = matchMedia(NARROW);
  #chosen = 0;

  constructor(list: HTMLElement, targets: readonly TabTarget[]) {
    this.#targets = targets;
    this.#buttons = targets.map(({ pane: { root }, title }, index) => {
      const state = make("span", "visually-hidden tab-state");
      const button = make("button", "tab", make("span", "tab-title", title), state, make("span", "count"));
      button.type = "button";
      button.id = `${root.id}-tab`;
      button.setAttribute("role", "tab");
      button.setAttribute("aria-controls", root.id);
      button.dataset["side"] = root.dataset["side"];
      button.addEventListener("click", () => this.#choose(index));
      return button;
    });
    list.append(...this.#buttons);
    list.addEventListener("keydown", ({ key }) => {
      const step = key === "ArrowRight" ? 1 : key === "ArrowLeft" ? -1 : 0;
      if (step === 0) return;
      this.#choose((this.#chosen + step + targets.length) % targets.length);
      this.#buttons[this.#chosen]?.focus();
    });
    this.#narrow.addEventListener("change", () => this.#show());
    this.#show();
  }

  /** Shows on a tab how its device is, and how many messages nobody has read there. */
  mark(index: number, state: string, unread: number): void {
    const button = this.#buttons[index];
    if (button === undefined) return;
    button.dataset["state"] = state;
    setText(find(button, ".tab-state", HTMLElement), `: ${state}`);
    const count = find(button, ".count", HTMLElement);
    count.replaceChildren(
      ...(unread === 0 ? [] : [String(unread), make("span", "visually-hidden", " unread")]),
    );
  }

  #choose(index: number): void {
    this.#chosen = index;
    this.#show();
  }

  #show(): void {
    this.#targets.forEach(({ pane }, index) => {
      const isChosen = index === this.#chosen;
      pane.root.classList.toggle("chosen", isChosen);
      if (this.#narrow.matches) pane.root.setAttribute("role", "tabpanel");
      else pane.root.removeAttribute("role");
      pane.setInView(isChosen || !this.#narrow.matches);
      const button = this.#buttons[index];
      if (button === undefined) return;
      button.setAttribute("aria-selected", String(isChosen));
      button.tabIndex = isChosen ? 0 : -1;
    });
  }
}
