/** Who is in the room, and on what: each person once, with a mark for each transport. */
import type { Member } from "@crossroom/client/rooms";
import { make, reuse } from "./dom.js";
import type { MemberPages } from "./member-pages.js";
import { transportsOf } from "./members.js";
import { badge } from "./transports.js";

export interface MembersViewOptions {
  /** Somebody else was chosen. */
  onMember: (member: Member) => void;
  /** The next page of those who are there is wanted. */
  onMore: () => void;
}

interface MemberRow {
  member: Member;
  isSelf: boolean;
}

interface MoreRow {
  label: string;
  /** How many are there: for where the list has no heading that says so. */
  count: number;
  loading: boolean;
  failure: string | undefined;
}

export class MembersView {
  readonly #list: HTMLElement;
  readonly #options: MembersViewOptions;

  constructor(list: HTMLElement, options: MembersViewOptions) {
    this.#list = list;
    this.#options = options;
  }

  show(members: readonly Member[], self: string | undefined): void {
    this.#show(members.map((member) => ({ member, isSelf: member.user === self })));
  }

  /** Those of a counted room who were asked for, with a way to ask for more. */
  showPages({ members, more, loading, failure }: MemberPages, count: number, self: string | undefined): void {
    const rows = members.map((member) => ({ member, isSelf: member.user === self }));
    const label = more === undefined ? "Show members" : more ? "More" : "Look again";
    this.#show([...rows, { label: failure === undefined ? label : "Try again", count, loading, failure }]);
  }

  #show(rows: readonly (MemberRow | MoreRow)[]): void {
    reuse(this.#list, rows, JSON.stringify, (row) =>
      "member" in row ? this.#memberRow(row) : this.#moreRow(row),
    );
  }

  #moreRow({ label, count, loading, failure }: MoreRow): HTMLElement {
    const button = make("button", "quiet", label);
    button.type = "button";
    button.setAttribute("aria-disabled", String(loading)); // and not disabled: it would lose the focus
    button.addEventListener("click", () => this.#options.onMore());
    const total = make("span", "total", `${count} here`);
    return make("li", "rest", total, ...(failure === undefined ? [] : [make("p", "", failure)]), button);
  }

  #memberRow({ member, isSelf }: MemberRow): HTMLElement {
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
