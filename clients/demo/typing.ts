/** Who is typing: those who said so, until they stop, send, or were not heard of for a while. Pure but for the clock. */

/** Milliseconds that a sign of typing counts. Longer than `REPEAT`, so that one that comes late makes no gap. */
export const EXPIRY = 4_000;

/** Milliseconds after which somebody who is still typing says so again. */
export const REPEAT = 2_000;

export class TypingBoard {
  readonly #now: () => number;
  readonly #typists = new Map<string, { name: string; until: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Somebody types, or has stopped. */
  heard(user: string, name: string, isTyping: boolean): void {
    if (isTyping) this.#typists.set(user, { name, until: this.#now() + EXPIRY });
    else this.#typists.delete(user);
  }

  clear(): void {
    this.#typists.clear();
  }

  /** The names of those who type now. */
  names(): string[] {
    return this.#current().map(({ name }) => name);
  }

  /** Milliseconds until the next of them counts no more; undefined where nobody types. */
  nextExpiry(): number | undefined {
    const ends = this.#current().map(({ until }) => until);
    return ends.length === 0 ? undefined : Math.min(...ends) - this.#now();
  }

  #current(): { name: string; until: number }[] {
    return [...this.#typists.values()].filter(({ until }) => until > this.#now());
  }
}

/** "Ada is typing …", or nothing. */
export function typingText(names: readonly string[]): string {
  const [first, second] = names;
  if (first === undefined) return "";
  if (second === undefined) return `${first} is typing …`;
  return names.length === 2 ? `${first} and ${second} are typing …` : "Several people are typing …";
}
