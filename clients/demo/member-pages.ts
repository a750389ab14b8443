/** Who is in a room that tells no names by itself, read page by page when somebody wants to see. Knows no document. */
import type { Member, Room } from "@crossroom/client/rooms";
import { wordsOf } from "./values.js";

/** Members that are asked for at a time. */
const PAGE = 50;

export class MemberPages {
  readonly #room: Pick<Room, "listMembers">;
  readonly #onChange: () => void;
  #members = new Map<string, Member>();
  /** The last one of the last page. */
  #after: string | undefined;
  /** Whether there are more; undefined before the first page. */
  more: boolean | undefined;
  loading = false;
  /** Why the last page could not be read. */
  failure: string | undefined;
  /** Counts how often all began anew: a page of before does not belong here. */
  #turn = 0;

  constructor(room: Pick<Room, "listMembers">, onChange: () => void) {
    this.#room = room;
    this.#onChange = onChange;
  }

  get members(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Reads the next page; after the last one, all anew. */
  async load(): Promise<void> {
    if (this.loading) return;
    if (this.more === false) this.clear();
    const turn = this.#turn;
    this.loading = true;
    this.failure = undefined;
    this.#onChange();
    try {
      const after = this.#after;
      const page = await this.#room.listMembers({ limit: PAGE, ...(after === undefined ? {} : { after }) });
      if (turn !== this.#turn) return;
      for (const member of page.members) this.#members.set(member.user, member);
      this.#after = page.members.at(-1)?.user;
      this.more = page.more;
    } catch (error) {
      if (turn !== this.#turn) return;
      this.failure = wordsOf(error);
    }
    this.loading = false;
    this.#onChange();
  }

  clear(): void {
    this.#turn++;
    this.#members = new Map();
    this.#after = undefined;
    this.more = undefined;
    this.loading = false;
    this.failure = undefined;
  }
}
