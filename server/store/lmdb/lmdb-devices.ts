/** Device cursors in LMDB. */
import { RECEIPTED, type DeviceCursor, type Devices } from "../devices.js";
import type { Lifetime } from "../lifetime.js";
import type { LmdbFile, Table } from "./lmdb-file.js";
import { endOf, rowKey } from "./lmdb-keys.js";
import { sweepRows } from "./lmdb-sweep.js";
import type { LmdbWriter } from "./lmdb-writer.js";
import { rewriteRows } from "./rewrite-rows.js";

interface Row extends DeviceCursor {
  user: string;
}

/** Reading, the same for the process that owns the store and for one that looks on. */
export class StoredDevices implements Pick<Devices, "of"> {
  readonly #file: LmdbFile;

  constructor(
    file: LmdbFile,
    protected readonly table: Table,
    protected readonly lifetime: Lifetime,
  ) {
    this.#file = file;
  }

  of(user: string): Promise<DeviceCursor[]> {
    return this.#read(() => {
      const start = rowKey(user);
      return [...this.table.getRange({ start, end: endOf(start) })].map(({ value }) =>
        cursorOf(decode(value)),
      );
    });
  }

  /** Users and their devices, after the user `after` ("" for the first), in an order that stays. For people to look at. */
  list(after: string, limit: number): Promise<{ user: string; devices: DeviceCursor[] }[]> {
    return this.#read(() => {
      const found: { user: string; devices: DeviceCursor[] }[] = [];
      const range = after === "" ? {} : { start: endOf(rowKey(after)) };
      for (const { value } of this.table.getRange(range)) {
        const row = decode(value);
        if (found.at(-1)?.user !== row.user) {
          if (found.length >= limit) break;
          found.push({ user: row.user, devices: [] });
        }
        found.at(-1)?.devices.push(cursorOf(row));
      }
      return found;
    });
  }

  #read<T>(action: () => T): Promise<T> {
    return this.lifetime.run(() => this.#file.read(action));
  }
}

export class LmdbDevices extends StoredDevices implements Devices {
  readonly #writer: LmdbWriter;

  constructor(file: LmdbFile, table: Table, lifetime: Lifetime, writer: LmdbWriter) {
    super(file, table, lifetime);
    this.#writer = writer;
  }

  put(user: string, cursor: DeviceCursor): Promise<void> {
    return this.lifetime.run(() => {
      const row: Row = { user, ...cursorOf(cursor) };
      const bytes = Buffer.from(JSON.stringify(row));
      return this.#writer.submit(() => void this.table.put(rowKey(user, row.device), bytes), bytes.length);
    });
  }

  remove(user: string, device: string): Promise<void> {
    return this.lifetime.run(() => this.#writer.submit(() => void this.table.remove(rowKey(user, device))));
  }

  sweep(cutoff: number): Promise<void> {
    return this.lifetime.run(() =>
      sweepRows(this.table, this.lifetime, this.#writer, (bytes) => decode(bytes).seen <= cutoff),
    );
  }
}

/**
 * Inside a transaction: moves the cursors to the epochs that `renewed` says for theirs, with their offsets. What a device processed since
 * is not known any more, nor what was lost before it processed that: it is told so.
 * @param renewed Undefined for an epoch that no log has.
 */
export function renewCursors(table: Table, renewed: (epoch: string) => string | undefined): void {
  rewriteRows(table, (bytes) => {
    const row = decode(bytes);
    const epoch = renewed(row.cursor.epoch);
    if (epoch === undefined) return bytes;
    const moved: Row = { ...row, cursor: { ...row.cursor, epoch } };
    return Buffer.from(JSON.stringify(row.device === RECEIPTED ? moved : { ...moved, lost: "restored" }));
  });
}

function decode(bytes: Buffer): Row {
  return JSON.parse(bytes.toString()) as Row;
}

function cursorOf({ device, cursor: { epoch, offset }, seen, lost }: DeviceCursor): DeviceCursor {
  return { device, cursor: { epoch, offset }, seen, ...(lost === undefined ? {} : { lost }) };
}
