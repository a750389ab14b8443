/** What the layer keeps in the application's storage: the device, the guest's token, and how far the inbox is processed. */
import type { KeyValue, Position } from "./api.js";
import { andThen, isLater, type Maybe } from "./later.js";

const PREFIX = "crossroom.";

/**
 * A storage that fails (full, forbidden, private mode), or none at all, is as one that keeps things as long as this object lives;
 * `failed` is told. One that answers by promises is asked in order.
 */
export class StoredState {
  readonly #storage: KeyValue | undefined;
  readonly #failed: (error: unknown) => void;
  /** What the storage could not be given. */
  readonly #memory = new Map<string, string>();
  #writing: PromiseLike<void> | undefined;

  constructor(storage: KeyValue | undefined, failed: (error: unknown) => void) {
    this.#storage = storage;
    this.#failed = failed;
  }

  device(): Maybe<string | undefined> {
    return this.#get("device");
  }

  keepDevice(device: string): void {
    void this.#set("device", device);
  }

  /** Another tab may have come to a newer one since. */
  guestToken(): Maybe<string | undefined> {
    return this.#get("guest");
  }

  /** undefined: forgets it. */
  keepGuestToken(token: string | undefined): void {
    void this.#set("guest", token);
  }

  processed(user: string, device: string): Maybe<Position | undefined> {
    return andThen(this.#get(inboxKey(user, device)), (text) => {
      // Written by `keepProcessed`: the epoch may hold a colon, the offset cannot.
      const [, offset = "", epoch = ""] = /^(\d+):(.*)$/s.exec(text ?? "") ?? [];
      return offset === "" ? undefined : { epoch, offset: Number(offset) };
    });
  }

  /** Resolves when it is kept, where the storage says so. */
  keepProcessed(user: string, device: string, { epoch, offset }: Position): Maybe<void> {
    return this.#set(inboxKey(user, device), `${offset}:${epoch}`);
  }

  #get(key: string): Maybe<string | undefined> {
    const storage = this.#storage;
    const own = this.#memory.get(key);
    if (storage === undefined || own !== undefined) return own;
    const read = this.#guarded(() => storage.getItem(PREFIX + key));
    return andThen(read, (value) => (typeof value === "string" ? value : undefined));
  }

  #set(key: string, value: string | undefined): Maybe<void> {
    const storage = this.#storage;
    const store = (): Maybe<void> => {
      if (storage === undefined) return this.#remember(key, value);
      const write = (): Maybe<void> =>
        value === undefined ? storage.removeItem(PREFIX + key) : storage.setItem(PREFIX + key, value);
      this.#memory.delete(key);
      return andThen(
        this.#guarded(write, () => this.#remember(key, value)),
        () => undefined,
      );
    };
    const done = this.#writing === undefined ? store() : this.#writing.then(store);
    if (!isLater(done)) return;
    const writing = done.then(() => {
      if (this.#writing === writing) this.#writing = undefined;
    });
    this.#writing = writing;
    return writing;
  }

  #remember(key: string, value: string | undefined): void {
    if (value === undefined) this.#memory.delete(key);
    else this.#memory.set(key, value);
  }

  /** What the task brings; undefined where it fails, at once or later. */
  #guarded<T>(task: () => Maybe<T>, otherwise = (): void => undefined): Maybe<T | undefined> {
    const fail = (error: unknown): undefined => {
      otherwise();
      this.#failed(error);
    };
    try {
      const result = task();
      return isLater(result) ? result.then((value) => value, fail) : result;
    } catch (error) {
      return fail(error);
    }
  }
}

/** JSON, so that no two pairs have the same key. */
function inboxKey(user: string, device: string): string {
  return `inbox.${JSON.stringify([user, device])}`;
}
