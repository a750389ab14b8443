/** Findings as text for people. */
import { type Findings, RULES, type Rule, type Violation, type Witness } from "./findings.js";

/** What was looked at, each rule with its verdict, and each breach with its records. */
export function report(findings: Findings): string {
  const counts = [...findings.counts()].sort(([a], [b]) => (a < b ? -1 : 1));
  const width = Math.max(0, ...counts.map(([, count]) => String(count).length));
  const rules = Object.keys(RULES) as Rule[];
  return [
    "Looked at:",
    ...counts.map(([what, count]) => `  ${String(count).padStart(width)} ${what}`),
    "Rules:",
    ...rules.map((rule) => `  ${verdict(findings.breaches().get(rule))}  ${RULES[rule]} [${rule}]`),
    ...findings.violations.flatMap(violation),
    summary(findings),
    "",
  ].join("\n");
}

function verdict(breaches: number | undefined): string {
  return breaches === undefined ? "holds " : "BROKEN";
}

function violation({ rule, message, proof }: Violation): string[] {
  return ["", `${rule}: ${message}`, ...proof.map(witness)];
}

function witness({ source, line, entry }: Witness): string {
  return `  ${source}.jsonl:${line} ${JSON.stringify(entry)}`;
}

function summary(findings: Findings): string {
  const broken = [...findings.breaches()].map(([rule, count]) => `${rule} (${count})`);
  return broken.length === 0 ? "\nAll rules hold." : `\nBroken: ${broken.join(", ")}.`;
}
