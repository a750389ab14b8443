/**
 * Judges a run by what was written down, and by nothing else: it imports nothing of the server, the bridge or the clients,
 * so that a mistake of theirs cannot hide itself here.
 */
import type { Source } from "../records.js";
import { ActivityCheck } from "./activity-check.js";
import { type Check, Findings } from "./findings.js";
import { InboxCheck } from "./inbox-check.js";
import { DeviceCheck } from "./device-check.js";
import { LogCheck } from "./log-check.js";
import { MemoryCheck } from "./memory-check.js";
import { PresenceCheck } from "./presence-check.js";
import { PublishCheck } from "./publish-check.js";
import { SendCheck } from "./send-check.js";
import { SignalCheck } from "./signal-check.js";
import { SubscriptionCheck } from "./subscription-check.js";

export { Findings, RULES, type Rule, type Violation, type Witness } from "./findings.js";
export { report } from "./report.js";

export function check(sources: Iterable<Source>): Findings {
  const findings = new Findings();
  const checks: Check[] = [
    new LogCheck(findings),
    new PublishCheck(findings),
    new SubscriptionCheck(findings),
    new InboxCheck(findings),
    new SendCheck(findings),
    new SignalCheck(findings),
    new PresenceCheck(findings),
    new DeviceCheck(findings),
    new MemoryCheck(findings),
    new ActivityCheck(findings), // the last: it looks at what the others have counted
  ];
  for (const source of sources) {
    let line = 0;
    for (const entry of source.entries()) {
      line += 1;
      for (const one of checks) one.see({ source: source.name, line, entry });
    }
  }
  for (const one of checks) one.finish();
  return findings;
}
