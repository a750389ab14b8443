/** The `data` of a publish, a signal or a send, with what was found out about it: once, for all who ask. */
import { lookAt, type DataLook } from "./data-look.js";
import { sizeOf, type Size } from "./size.js";

export class Payload {
  readonly value: unknown;
  readonly #look: DataLook;
  #text: string | undefined;

  constructor(value: unknown, look: DataLook = lookAt(value)) {
    this.value = value;
    this.#look = look;
  }

  /** Bytes that it holds in memory, roughly. */
  get held(): number {
    return this.#look.held;
  }

  /** As JSON. Undefined where that is not all there is to it: it has binary values, or objects that are not plain. */
  get text(): string | undefined {
    return this.#look.isJson ? (this.#text ??= JSON.stringify(this.value)) : undefined;
  }

  get size(): Size {
    const { text } = this;
    return text === undefined ? sizeOf(this.value) : { bytes: Buffer.byteLength(text), binaries: 0 };
  }
}
