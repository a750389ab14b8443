/** Which connections each device has. Of several the newest counts; the others wait for it to go. */

interface Known {
  key: string;
  /** Counts up: which one came later. */
  order: number;
}

export class DeviceConnections {
  /** By user and device, in the order in which they came; never empty. */
  readonly #byDevice = new Map<string, string[]>();
  readonly #bySid = new Map<string, Known>();
  #order = 0;

  /** @returns The connection that was the device's newest until now. */
  add(user: string, device: string, sid: string): string | undefined {
    const key = JSON.stringify([user, device]);
    const sids = this.#byDevice.get(key) ?? [];
    const before = sids.at(-1);
    sids.push(sid);
    this.#byDevice.set(key, sids);
    this.#bySid.set(sid, { key, order: ++this.#order });
    return before;
  }

  /** @returns The connection that is the device's newest again, now that this one has gone. */
  remove(sid: string): string | undefined {
    const known = this.#bySid.get(sid);
    const sids = known && this.#byDevice.get(known.key);
    if (known === undefined || sids === undefined) return undefined;
    this.#bySid.delete(sid);
    const wasNewest = sids.at(-1) === sid;
    sids.splice(sids.indexOf(sid), 1);
    if (sids.length === 0) this.#byDevice.delete(known.key);
    return wasNewest ? sids.at(-1) : undefined;
  }

  /** Whether one connection came after another of the same device. */
  isNewer(sid: string, other: string): boolean {
    return (this.#bySid.get(sid)?.order ?? 0) > (this.#bySid.get(other)?.order ?? 0);
  }
}
