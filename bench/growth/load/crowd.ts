/** Clients that come in, are in a room, and say nothing. */
import { DIALECTS } from "../../inbound/dialects.js";
import { comeIn, type Member } from "../../inbound/load/member.js";

/** Clients under way at a time: no server is run over. */
const CONCURRENCY = 32;

/** They come from so many addresses of the loopback network. */
const ADDRESSES = 250;

export class Crowd {
  readonly #name: string;
  readonly #members: Member[] = [];
  #count = 0;
  #failure: Error | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Resolves when `count` more are in; rejects if one is refused, or one that was in has been cut off. */
  async come({ port, count, roomSize }: { port: number; count: number; roomSize: number }): Promise<void> {
    const end = this.#count + count;
    const comeSome = async () => {
      while (this.#count < end) await this.#comeOne(port, this.#count++, roomSize);
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, comeSome));
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Cuts the first `count` of them off, all at once. */
  cut(count: number): void {
    if (this.#failure !== undefined) throw this.#failure;
    for (const member of this.#members.splice(0, count)) member.drop();
  }

  async #comeOne(port: number, index: number, roomSize: number): Promise<void> {
    const member = await comeIn({
      ...{ dialect: DIALECTS.rooms, port, localAddress: `127.0.0.${1 + (index % ADDRESSES)}` },
      room: `${this.#name} ${Math.floor(index / roomSize)}`,
    });
    member.onlyCount();
    member.takeOver(
      () => undefined,
      (error) => (this.#failure ??= error),
    );
    this.#members.push(member);
  }
}
