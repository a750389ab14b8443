/** Who is in the room, and on what: each person once, with a mark for each transport. */
import type { Member } from "@crossroom/client/rooms";
import { make, reuse } from "./dom.js";
import { transportsOf } from "./members.js";
import { badge } from "./transports.js";

export interface MembersViewOptions {
  /** Somebody else was chosen. */
  onMember: (member: Member) => void;
}

export class MembersView {
  readonly #list: HTMLElement;
  readonly #options: MembersViewOptions;

  constructor(list: HTMLElement, options: MembersViewOptions) {
    this.#list = list;
    this.#options = options;
  }

  /** @param count how many there are in all; `members` may be only the first of them. */
  show(members: readonly Member[], count: number, self: string | undefined): void {
    const rows = members.map((member) => ({ member, isSelf: member.user === self }));
    const rest = Math.max(0, count - members.length);
    reuse(this.#list, rest === 0 ? rows : [...rows, rest], JSON.stringify, (row) =>
      typeof row === "number" ? make("li", "rest", `and ${row} more`) : this.#row(row),
    );
  }

  #row({ member, isSelf }: { member: Member; isSelf: boolean }): HTMLElement {
    const badges = transportsOf(member).map(({ transport, count }) => badge(transport, count));
    const who = make("span", "member-who", make("span", "member-name", member.name));
    if (isSelf) {
      who.append(make("span", "you", "(you)"));
      return make("li", "member self", make("div", "member-row", who, ...badges));
    }
    const button = make("button", "member-row", who, ...badges);
    button.type = "button";
    button.title = `Write to ${member.name} alone`;
    button.addEventListener("click", () => this.#options.onMember(member));
    return make("li", "member", button);
  }
}
