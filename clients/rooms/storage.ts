/** What the layer keeps in the application's storage: the device, the guest's token, and how far the inbox is processed. */
import type { KeyValue, Position } from "./api.js";

const PREFIX = "crossroom.";

/** A storage that fails (full, forbidden, private mode) is as one that keeps nothing; `failed` is told. */
export class Kept {
  constructor(
    private readonly storage: KeyValue | undefined,
    private readonly failed: (error: unknown) => void,
  ) {}

  device(): string | undefined {
    return this.get("device");
  }

  keepDevice(device: string): void {
    this.set("device", device);
  }

  guestToken(): string | undefined {
    return this.get("guest");
  }

  /** undefined: forgets it. */
  keepGuestToken(token: string | undefined): void {
    this.set("guest", token);
  }

  processed(user: string, device: string): Position | undefined {
    const text = this.get(inboxKey(user, device));
    // Written by `keepProcessed`: the epoch may hold a colon, the offset cannot.
    const [, offset = "", epoch = ""] = /^(\d+):(.*)$/s.exec(text ?? "") ?? [];
    return offset === "" ? undefined : { epoch, offset: Number(offset) };
  }

  keepProcessed(user: string, device: string, { epoch, offset }: Position): void {
    this.set(inboxKey(user, device), `${offset}:${epoch}`);
  }

  private get(key: string): string | undefined {
    try {
      return this.storage?.getItem(PREFIX + key) ?? undefined;
    } catch (error) {
      this.failed(error);
      return undefined;
    }
  }

  private set(key: string, value: string | undefined): void {
    try {
      if (value === undefined) this.storage?.removeItem(PREFIX + key);
      else this.storage?.setItem(PREFIX + key, value);
    } catch (error) {
      this.failed(error);
    }
  }
}

/** JSON, so that no two pairs have the same key. */
function inboxKey(user: string, device: string): string {
  return `inbox.${JSON.stringify([user, device])}`;
}
