/** Whether enough happened: a run in which nothing broke, or nothing was sent, has shown nothing. */
import type { Check, Findings, Witness } from "./findings.js";

/** What there must be of each, in the words of `Findings.count`. */
export const MINIMUM: Readonly<Record<string, number>> = {
  "server kills": 1,
  "connections cut": 1,
  "connections stalled": 1,
  "connections delayed": 1,
  "jumps of the server's clock": 1,
  "devices doubled": 1,
  visits: 1,
  subscriptions: 4,
  "publishes acked": 20,
  "publishes acked again": 1,
  "messages delivered": 100,
  "messages with binary values delivered": 20,
  "acked publishes found in the log at the end": 20,
  recoveries: 1,
  "recoveries with messages": 1,
  "inbox devices": 2,
  "sends acked": 5,
  "inbox items processed": 10,
  "receipts processed": 2,
  signals: 5,
  "signals delivered": 10,
  "changes of who is there": 5,
  "devices taken": 1,
  "devices returned": 1,
};

const FAULTS = {
  kill: "server kills",
  cut: "connections cut",
  stall: "connections stalled",
  delay: "connections delayed",
  clock: "jumps of the server's clock",
  double: "devices doubled",
  visit: "visits",
} as const;

/** What socket.io-client says of a packet that it cannot take, before it connects again. */
const PARSE_ERROR = "parse error";

export class ActivityCheck implements Check {
  readonly #findings: Findings;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  see(witness: Witness): void {
    const { entry } = witness;
    switch (entry.kind) {
      case "fault":
        this.#findings.count(FAULTS[entry.fault]);
        break;
      case "server":
        if (entry.state === "died" || entry.state === "failed") {
          this.#findings.breach("server", `the server ${entry.state}: ${entry.detail}`, witness);
        }
        break;
      case "unsettled":
        this.#findings.breach("settled", `waited in vain for ${entry.waitingFor.join("; ")}`, witness);
        break;
      case "disconnected":
        // A fault may cut a connection anywhere, but what arrives, arrives whole.
        if (entry.reason === PARSE_ERROR) {
          this.#findings.breach("readable", `${witness.source} could not read what it was sent`, witness);
        }
        break;
      case "refused":
        this.#findings.breach("refused", `${entry.call}: ${entry.code} (${entry.message})`, witness);
        break;
    }
  }

  finish(): void {
    for (const [what, least] of Object.entries(MINIMUM)) {
      const found = this.#findings.counts().get(what) ?? 0;
      if (found < least)
        this.#findings.breach("activity", `${what}: ${found}, and at least ${least} are needed`);
    }
  }
}
