/** Device cursors in memory. */
import type { DeviceCursor, Devices } from "../devices.js";
import type { Lifetime } from "../lifetime.js";

export class MemoryDevices implements Devices {
  readonly #lifetime: Lifetime;
  /** By user, then by device. */
  readonly #users = new Map<string, Map<string, DeviceCursor>>();

  constructor(lifetime: Lifetime) {
    this.#lifetime = lifetime;
  }

  of(user: string): Promise<DeviceCursor[]> {
    return this.#lifetime.run(() => [...(this.#users.get(user)?.values() ?? [])].map(copy));
  }

  put(user: string, cursor: DeviceCursor): Promise<void> {
    return this.#lifetime.run(() => {
      const devices = this.#users.get(user) ?? new Map<string, DeviceCursor>();
      this.#users.set(user, devices.set(cursor.device, copy(cursor)));
    });
  }

  remove(user: string, device: string): Promise<void> {
    return this.#lifetime.run(() => {
      const devices = this.#users.get(user);
      devices?.delete(device);
      if (devices?.size === 0) this.#users.delete(user);
    });
  }

  sweep(cutoff: number): Promise<void> {
    return this.#lifetime.run(() => {
      for (const [user, devices] of this.#users) {
        for (const { device, seen } of devices.values()) if (seen <= cutoff) devices.delete(device);
        if (devices.size === 0) this.#users.delete(user);
      }
    });
  }
}

function copy({ cursor, ...rest }: DeviceCursor): DeviceCursor {
  return { ...rest, cursor: { ...cursor } };
}
