/** What a table of results comes to. Pure. */
import { type Counts, NOTHING } from "../setup/counts.js";
import type { Table } from "./matrix.js";

/** Each cell is one test; what there is not for a client is none. */
export function countsOf(table: Table): Counts {
  let { passed, failed, skipped } = NOTHING;
  for (const { outcome } of table.themes.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells))) {
    if (outcome === "passed") passed++;
    else if (outcome === "failed") failed++;
    else if (outcome === "left out") skipped++;
  }
  return { passed, failed, skipped, ...(failed > 0 && { failing: failures(table) }) };
}

/** A line for each cell that failed. */
export function failures({ columns, themes }: Table): string[] {
  return themes.flatMap(({ rows }) =>
    rows.flatMap(({ title, cells }) =>
      cells.flatMap((cell, n) =>
        cell.outcome === "failed" ? [`${columns[n]?.title ?? ""}: ${title}: ${cell.why}`] : [],
      ),
    ),
  );
}
