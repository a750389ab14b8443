/** Where one writes, and puts pictures. Tells when somebody begins to type, goes on, and stops. */
import { find } from "./dom.js";
import { REPEAT } from "./typing.js";

export interface ComposerOptions {
  /** Returns false if it cannot be said; it stays in the field then. */
  onSay: (text: string) => boolean;
  /** Files that were pasted, dropped or chosen. */
  onFiles: (files: readonly File[]) => void;
  onTyping: (isTyping: boolean) => void;
}

export class Composer {
  readonly #options: ComposerOptions;
  readonly #input: HTMLTextAreaElement;
  /** When it was last said that somebody types, by `performance.now`; undefined: not since they stopped. */
  #said: number | undefined;

  /** @param root Files may be dropped anywhere on it. */
  constructor(root: HTMLElement, id: string, options: ComposerOptions) {
    this.#options = options;
    const form = find(root, ".composer", HTMLFormElement);
    this.#input = find(form, ".text", HTMLTextAreaElement);
    this.#input.id = `${id}-text`;
    find(form, "label", HTMLLabelElement).htmlFor = this.#input.id;
    this.#input.addEventListener("input", () => this.#onInput());
    this.#input.addEventListener("blur", () => this.#stop());
    this.#input.addEventListener("keydown", (event) => {
      // With an input method, Enter takes what it suggests.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.#input.value.trim();
      if (text === "" || !options.onSay(text)) return;
      this.#input.value = "";
      this.#fit();
      // The message itself says it to the others.
      this.#said = undefined;
    });
    this.#takeFiles(root, form);
  }

  show(placeholder: string): void {
    this.#input.placeholder = placeholder;
  }

  focus(): void {
    this.#input.focus({ preventScroll: true });
  }

  #takeFiles(root: HTMLElement, form: HTMLFormElement): void {
    const { onFiles } = this.#options;
    const take = (files: FileList | null | undefined): boolean => {
      if (files === null || files === undefined || files.length === 0) return false;
      onFiles([...files]);
      return true;
    };
    this.#input.addEventListener("paste", (event) => {
      if (take(event.clipboardData?.files)) event.preventDefault();
    });
    const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") === true;
    root.addEventListener("dragover", (event) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      root.classList.add("dropping");
    });
    root.addEventListener("dragleave", ({ relatedTarget }) => {
      if (!(relatedTarget instanceof Node) || !root.contains(relatedTarget))
        root.classList.remove("dropping");
    });
    root.addEventListener("drop", (event) => {
      root.classList.remove("dropping");
      if (take(event.dataTransfer?.files)) event.preventDefault();
    });
    const chooser = find(form, ".chooser", HTMLInputElement);
    find(form, ".attach", HTMLButtonElement).addEventListener("click", () => chooser.click());
    chooser.addEventListener("change", () => {
      take(chooser.files);
      chooser.value = "";
    });
  }

  #onInput(): void {
    this.#fit();
    if (this.#input.value.trim() === "") {
      this.#stop();
      return;
    }
    const now = performance.now();
    if (this.#said !== undefined && now - this.#said < REPEAT) return;
    this.#said = now;
    this.#options.onTyping(true);
  }

  /** As high as what is written, up to what the style sheet allows. */
  #fit(): void {
    const { style, value } = this.#input;
    style.height = value === "" ? "" : "auto";
    if (value === "") return;
    style.height = `${this.#input.scrollHeight + this.#input.offsetHeight - this.#input.clientHeight}px`;
  }

  #stop(): void {
    if (this.#said === undefined) return;
    this.#said = undefined;
    this.#options.onTyping(false);
  }
}
