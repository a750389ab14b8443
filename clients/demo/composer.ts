/** Where one writes. Tells when somebody begins to type, goes on, and stops. */
import { find } from "./dom.js";
import { REPEAT } from "./typing.js";

export interface ComposerOptions {
  /** Returns false if it cannot be said; it stays in the field then. */
  onSay: (text: string) => boolean;
  onTyping: (isTyping: boolean) => void;
}

export class Composer {
  readonly #input: HTMLInputElement;
  /** When it was last said that somebody types, by `performance.now`; undefined: not since they stopped. */
  #said: number | undefined;

  constructor(
    root: HTMLElement,
    id: string,
    private readonly options: ComposerOptions,
  ) {
    const form = find(root, ".composer", HTMLFormElement);
    this.#input = find(form, ".text", HTMLInputElement);
    this.#input.id = `${id}-text`;
    find(form, "label", HTMLLabelElement).htmlFor = this.#input.id;
    this.#input.addEventListener("input", () => this.#onInput());
    this.#input.addEventListener("blur", () => this.#stop());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#input.value.trim();
      if (text === "" || !options.onSay(text)) return;
      this.#input.value = "";
      // The message itself says it to the others.
      this.#said = undefined;
    });
  }

  show(placeholder: string): void {
    this.#input.placeholder = placeholder;
  }

  focus(): void {
    this.#input.focus({ preventScroll: true });
  }

  #onInput(): void {
    if (this.#input.value.trim() === "") {
      this.#stop();
      return;
    }
    const now = performance.now();
    if (this.#said !== undefined && now - this.#said < REPEAT) return;
    this.#said = now;
    this.options.onTyping(true);
  }

  #stop(): void {
    if (this.#said === undefined) return;
    this.#said = undefined;
    this.options.onTyping(false);
  }
}
