/** The table of docs/metrics.md, made of the declarations in server/metrics. */
import { DECLARATIONS } from "../../server/metrics/declarations.js";

export function metricsTable(): string {
  const rows = DECLARATIONS.map(({ name, type, labels, help }) => {
    const named = labels.map((label) => `\`${label}\``).join(", ");
    return `| \`${name}\` | ${type} | ${named} | ${help} |`;
  });
  return ["| metric | type | labels | what it is |", "| --- | --- | --- | --- |", ...rows].join("\n");
}
