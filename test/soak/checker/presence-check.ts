/** What each client believed of who is in its rooms: changes that fit what it knew, and the truth when all is over. */
import type { Members, Of } from "../records.js";
import type { Check, Findings, Witness } from "./findings.js";

interface View {
  client: string;
  room: string;
  members: Members;
  /** Users of whom something was told since the join: what its ack has already may be told behind it, once. */
  told: Set<string>;
  witness: Witness;
}

export class PresenceCheck implements Check {
  readonly #findings: Findings;
  readonly #views = new Map<string, View>();
  readonly #clients = new Map<string, Of<"client">>();
  /** Clients that have gone for good. */
  readonly #closed = new Set<string>();
  /** When all was over; what is seen later is of clients that are being closed. */
  #over = Infinity;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry, source } = witness;
    if (entry.t > this.#over) return;
    switch (entry.kind) {
      case "settled":
      case "unsettled":
        this.#over = entry.t;
        break;
      case "client":
        this.#clients.set(source, entry);
        break;
      case "closed":
        this.#closed.add(source);
        break;
      case "connected":
        for (const [key, { client }] of this.#views) {
          if (client === source && this.#clients.get(source)?.protocol === "frames") this.#views.delete(key);
        }
        break;
      case "members":
        this.#findings.count("looks at who is there");
        this.#views.set(JSON.stringify([source, entry.room]), {
          ...{ client: source, room: entry.room, members: entry.members, told: new Set<string>(), witness },
        });
        break;
      case "presence":
        this.#change({ ...witness, entry });
        break;
    }
  }

  finish(): void {
    const staying = [...this.#clients].filter(([name]) => !this.#closed.has(name));
    const truth: Members = {};
    for (const [, { user, device }] of staying) truth[user] = [...(truth[user] ?? []), device];
    const expected = canonical(truth);
    for (const { client, room, members, witness } of this.#views.values()) {
      if (this.#closed.has(client)) continue;
      const found = canonical(members);
      if (found === expected) continue;
      const message = `${client} believes that ${found} are in ${room}; there are ${expected}`;
      this.#findings.breach("presence", message, witness);
    }
  }

  #change(witness: Witness & { entry: Of<"presence"> }): void {
    const { source, entry } = witness;
    const { room, type, user, devices, gone } = entry;
    this.#findings.count("changes of who is there");
    const view = this.#views.get(JSON.stringify([source, room]));
    if (view === undefined) {
      this.#findings.breach(
        "presence_change",
        `${source} heard of ${user} before it had joined ${room}`,
        witness,
      );
      return;
    }
    const { [user]: before, ...others } = view.members;
    if ((type === "join") !== (before === undefined) && view.told.has(user)) {
      const was = before === undefined ? "not there" : "there";
      const message = `${source} heard a ${type} of ${user} in ${room}, who was ${was}`;
      this.#findings.breach("presence_change", message, view.witness, witness);
    }
    const kept = type === "update" ? (before ?? []) : [];
    const now = new Set([...kept.filter((id) => !gone.includes(id)), ...devices]);
    view.members = type === "leave" ? others : { ...others, [user]: [...now] };
    view.told.add(user);
    view.witness = witness;
  }
}

function canonical(members: Members): string {
  return Object.entries(members)
    .map(([user, devices]) => `${user} (${[...devices].sort().join(", ")})`)
    .sort()
    .join(", ");
}
