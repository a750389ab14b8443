/** Who is signed in on a device: the button with the name, and the form behind it. */
import type { Device } from "./device.js";
import { disclose, find } from "./dom.js";

export class IdentityView {
  readonly #device: Device;
  readonly #toggle: HTMLButtonElement;
  readonly #name: HTMLElement;
  readonly #kind: HTMLElement;
  readonly #identity: HTMLElement;
  readonly #input: HTMLInputElement;
  readonly #signOut: HTMLButtonElement;

  constructor(root: HTMLElement, id: string, device: Device) {
    this.#device = device;
    const form = find(root, ".sign-in", HTMLFormElement);
    form.id = `${id}-sign-in`;
    this.#toggle = find(root, ".who", HTMLButtonElement);
    this.#toggle.setAttribute("aria-controls", form.id);
    this.#name = find(root, ".who-name", HTMLElement);
    this.#kind = find(root, ".who-kind", HTMLElement);
    this.#identity = find(form, ".identity", HTMLElement);
    this.#input = find(form, ".name", HTMLInputElement);
    this.#input.id = `${id}-name`;
    find(form, "label", HTMLLabelElement).htmlFor = this.#input.id;
    this.#signOut = find(form, ".sign-out", HTMLButtonElement);
    const open = disclose(this.#toggle, form, this.#input);
    const close = (): void => {
      open(false);
      this.#toggle.focus();
    };
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = this.#input.value.trim();
      if (name !== "") void this.#device.signIn(name).then((done) => done && close());
    });
    this.#signOut.addEventListener("click", () => {
      device.signOut();
      close();
    });
  }

  show(): void {
    const { name, signedInAs, session } = this.#device;
    const user = session?.self?.user;
    this.#name.textContent = name;
    this.#kind.textContent = signedInAs === undefined ? "guest · sign in" : "signed in";
    this.#signOut.hidden = signedInAs === undefined;
    this.#identity.textContent =
      (user === undefined ? "Not connected yet." : `You are ${user}.`) +
      " Any name will do, here and on the other side: the same name is the same person.";
  }
}
