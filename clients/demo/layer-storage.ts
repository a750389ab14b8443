/**
 * What the rooms layer keeps of one guest. Of the tab, as all of a side, but for the guest's token: a tab that is duplicated is
 * the same guest, and its copy of a token would get old while the other tab comes to newer ones. So the tab keeps which guest it is, and the
 * browser keeps that guest's newest token for all tabs.
 */
import type { KeyValue } from "@crossroom/client/rooms";
import { randomId } from "./random-id.js";

type Sync = Pick<Storage, "getItem" | "setItem" | "removeItem">;
export type BrowserStorage = Sync & Pick<Storage, "key" | "length">;

/** The layer's key of a guest's token. */
const TOKEN = "crossroom.guest";

/** The tab's key of the name under which the browser has it. */
const NAME = "guest";

const PREFIX = "crossroom.guest.";

/** Milliseconds for which the server takes a guest's token. */
const TOKEN_AGE = 30 * 24 * 60 * 60_000;

export class LayerStorage implements KeyValue {
  readonly #tab: Sync;
  readonly #browser: BrowserStorage;
  readonly #now: () => number;

  constructor(tab: Sync, browser: BrowserStorage, now: () => number = Date.now) {
    this.#tab = tab;
    this.#browser = browser;
    this.#now = now;
  }

  getItem(key: string): string | null {
    if (key !== TOKEN) return this.#tab.getItem(key);
    const name = this.#tab.getItem(NAME);
    return name === null ? null : (parse(this.#browser.getItem(PREFIX + name))?.token ?? null);
  }

  setItem(key: string, value: string): void {
    if (key !== TOKEN) return this.#tab.setItem(key, value);
    let name = this.#tab.getItem(NAME);
    if (name === null) {
      this.#forgetOld();
      name = randomId();
      this.#tab.setItem(NAME, name);
    }
    this.#browser.setItem(PREFIX + name, `${this.#now()} ${value}`);
  }

  removeItem(key: string): void {
    if (key !== TOKEN) return this.#tab.removeItem(key);
    const name = this.#tab.getItem(NAME);
    if (name !== null) this.#browser.removeItem(PREFIX + name);
  }

  /** Of tabs that were closed nobody else would. */
  #forgetOld(): void {
    const keys = Array.from({ length: this.#browser.length }, (_, index) => this.#browser.key(index));
    for (const key of keys) {
      if (key === null || !key.startsWith(PREFIX)) continue;
      const kept = parse(this.#browser.getItem(key));
      if (kept === undefined || kept.at <= this.#now() - TOKEN_AGE) this.#browser.removeItem(key);
    }
  }
}

function parse(text: string | null): { at: number; token: string } | undefined {
  const [, at, token] = /^(\d+) (.+)$/s.exec(text ?? "") ?? [];
  return token === undefined ? undefined : { at: Number(at), token };
}
