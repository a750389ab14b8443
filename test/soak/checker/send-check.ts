/** What became of each message that was sent to a user: processed by all the user's devices, and receipted once. */
import type { Of } from "../records.js";
import type { Check, Findings, Witness } from "./findings.js";

type Send = Witness & { entry: Of<"send"> };
type Item = Witness & { entry: Of<"item"> };

interface Letter {
  send: Send;
  sender: string;
  ack: (Witness & { entry: Of<"sent"> }) | undefined;
}

export class SendCheck implements Check {
  readonly #findings: Findings;
  readonly #users = new Map<string, string>();
  /** The clients that have opened their inbox, by user. */
  readonly #devices = new Map<string, Set<string>>();
  /** By client: others that have its device. */
  readonly #doubles = new Map<string, string[]>();
  readonly #isDouble = new Set<string>();
  readonly #letters = new Map<string, Letter>();
  /** By client: the first record of each message's, and each receipt's, processing. */
  readonly #processed = new Map<string, Map<string, Item>>();
  /** By message: the record of its first processing. */
  readonly #firstProcessed = new Map<string, Item>();

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry } = witness;
    switch (entry.kind) {
      case "client":
        this.#users.set(witness.source, entry.user);
        if (entry.doubles !== undefined) {
          this.#doubles.set(entry.doubles, [...(this.#doubles.get(entry.doubles) ?? []), witness.source]);
          this.#isDouble.add(witness.source);
        }
        break;
      case "inbox_opened":
        this.#open(witness.source);
        break;
      case "send":
        this.#send({ ...witness, entry });
        break;
      case "sent":
        this.#sent({ ...witness, entry });
        break;
      case "item":
        if (!entry.again) this.#item({ ...witness, entry });
        break;
    }
  }

  finish(): void {
    for (const letter of this.#letters.values()) this.#checkDelivered(letter);
    for (const [client, items] of this.#processed) {
      for (const item of items.values()) this.#checkSource(this.#userOf(client), item);
    }
  }

  #open(client: string): void {
    const user = this.#userOf(client);
    if (!this.#isDouble.has(client))
      this.#devices.set(user, (this.#devices.get(user) ?? new Set()).add(client));
    if (!this.#processed.has(client)) this.#processed.set(client, new Map());
  }

  #send(send: Send): void {
    this.#findings.count(send.entry.again ? "sends made again on purpose" : "sends");
    if (send.entry.again) return;
    this.#letters.set(send.entry.id, { send, sender: this.#userOf(send.source), ack: undefined });
  }

  #sent(ack: Witness & { entry: Of<"sent"> }): void {
    const letter = this.#letters.get(ack.entry.id);
    if (letter === undefined) return;
    if (letter.ack === undefined) {
      this.#findings.count("sends acked");
      letter.ack = ack;
    } else if (ack.entry.duplicate === false) {
      this.#findings.breach("duplicate", `${ack.entry.id} was acked twice as new`, letter.ack, ack);
    }
  }

  #item(item: Item): void {
    const items = this.#processed.get(item.source);
    if (items === undefined) return; // InboxCheck says that it came too early
    const { type, id } = item.entry;
    const first = items.get(itemKey(type, id));
    if (first !== undefined) {
      const rule = type === "message" ? "inbox_twice" : "receipt";
      this.#findings.breach(rule, `${item.source} processed the ${type} ${id} twice`, first, item);
      return;
    }
    items.set(itemKey(type, id), item);
    if (type === "receipt") this.#findings.count("receipts processed");
    const earliest = this.#firstProcessed.get(id);
    if (type === "message" && (earliest === undefined || item.entry.t < earliest.entry.t)) {
      this.#firstProcessed.set(id, item);
    }
  }

  #checkDelivered({ send, sender, ack }: Letter): void {
    const { id, to, receipt } = send.entry;
    if (ack === undefined) {
      this.#findings.breach("unanswered", `the send ${id} was never acked`, send);
      return;
    }
    for (const client of this.#devices.get(to) ?? []) {
      if (this.#hasProcessed(client, itemKey("message", id))) continue;
      this.#findings.breach("inbox_lost", `${client} never processed ${id}, whose send was acked`, send, ack);
    }
    if (!receipt) return;
    for (const client of this.#devices.get(sender) ?? []) {
      if (this.#hasProcessed(client, itemKey("receipt", id))) continue;
      this.#findings.breach("receipt", `${client} never got the receipt for ${id}`, send, ack);
    }
  }

  /** On any connection of the device. */
  #hasProcessed(client: string, key: string): boolean {
    const connections = [client, ...(this.#doubles.get(client) ?? [])];
    return connections.some((one) => this.#processed.get(one)?.has(key) === true);
  }

  #checkSource(user: string, item: Item): void {
    const { type, id } = item.entry;
    const letter = this.#letters.get(id);
    if (letter === undefined) {
      this.#findings.breach("content", `the ${type} ${id} to ${user} is of a send that nobody made`, item);
    } else if (type === "message") {
      if (letter.send.entry.to !== user || letter.sender !== item.entry.user) {
        const way = `from ${item.entry.user} to ${user}`;
        this.#findings.breach("content", `${id} was said to go ${way}`, letter.send, item);
      }
    } else {
      this.#checkReceipt(user, item, letter);
    }
  }

  #checkReceipt(user: string, item: Item, { send, sender }: Letter): void {
    const { id } = item.entry;
    const first = this.#firstProcessed.get(id);
    if (!send.entry.receipt || sender !== user || item.entry.user !== send.entry.to) {
      this.#findings.breach("receipt", `${user} got a receipt for ${id} that is not theirs`, send, item);
    } else if (first === undefined || first.entry.t > item.entry.t) {
      const message = `the receipt for ${id} came before it was processed`;
      this.#findings.breach("receipt", message, item, first);
    }
  }

  #userOf(client: string): string {
    return this.#users.get(client) ?? "";
  }
}

function itemKey(type: string, id: string): string {
  return JSON.stringify([type, id]);
}
