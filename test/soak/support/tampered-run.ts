/** A healthy run's records, to be broken in one place. */
import { check, type Rule } from "../checker/index.js";
import type { Happening, Of } from "../records.js";
import { type Files, healthyRun, sources } from "./healthy-records.js";

type Kind = Happening["kind"];
type Fields<K extends Kind> = Partial<Of<K>>;

/** Each method takes the first record of a file that has the fields. */
export class TamperedRun {
  readonly #files: Files = healthyRun();

  drop<K extends Kind>(file: string, kind: K, fields: Fields<K> = {}): this {
    this.#of(file).splice(this.#find(file, kind, fields), 1);
    return this;
  }

  change<K extends Kind>(file: string, kind: K, fields: Fields<K>, others: Fields<K>): this {
    const index = this.#find(file, kind, fields);
    this.#of(file)[index] = { ...this.#of(file)[index], ...others } as Happening;
    return this;
  }

  /** Changes the records of all files that have the fields. */
  changeAll(fields: object, others: object): this {
    for (const happenings of Object.values(this.#files)) {
      for (const [index, happening] of happenings.entries()) {
        if (has(happening, fields)) happenings[index] = { ...happening, ...others };
      }
    }
    return this;
  }

  /** Puts a record behind the one that has the fields. */
  behind<K extends Kind>(file: string, kind: K, fields: Fields<K>, added: Happening): this {
    this.#of(file).splice(this.#find(file, kind, fields) + 1, 0, added);
    return this;
  }

  /** Puts records at the end of a file. */
  add(file: string, ...added: Happening[]): this {
    this.#of(file).push(...added);
    return this;
  }

  /** Leaves some records of a file out. */
  keep(file: string, kept: (happening: Happening) => boolean): this {
    this.#files[file] = this.#of(file).filter(kept);
    return this;
  }

  check() {
    return check(sources(this.#files));
  }

  /** The rules that the checker finds broken, in the order of the alphabet. */
  broken(): Rule[] {
    return [...this.check().breaches().keys()].sort();
  }

  #find<K extends Kind>(file: string, kind: K, fields: Fields<K>): number {
    const index = this.#of(file).findIndex((happening) => has(happening, { ...fields, kind }));
    if (index === -1) throw new Error(`${file} has no ${kind} with ${JSON.stringify(fields)}`);
    return index;
  }

  #of(file: string): Happening[] {
    const happenings = this.#files[file];
    if (happenings === undefined) throw new Error(`there is no file ${file}`);
    return happenings;
  }
}

function has(happening: Happening, fields: object): boolean {
  const found = new Map(Object.entries(happening).map(([name, value]) => [name, JSON.stringify(value)]));
  return Object.entries(fields).every(([name, value]) => found.get(name) === JSON.stringify(value));
}
