/** The table of features and clients. Pure. */

export type Outcome = "same" | "different" | "not played";

export interface Row {
  readonly feature: string;
  /** For each client, in the order of the columns. */
  readonly outcomes: readonly Outcome[];
}

const MARKS: Record<Outcome, string> = { same: "✓", different: "✗", "not played": "-" };

/** Lines of text: a heading, then each theme with its features. */
export function matrix(clients: readonly string[], themes: ReadonlyMap<string, readonly Row[]>): string[] {
  const rows = [...themes.values()].flat();
  const width = Math.max(...rows.map((row) => row.feature.length), 0) + 4;
  const line = (label: string, cells: readonly string[]) =>
    `${label.padEnd(width)}${cells.map((cell, n) => cell.padEnd((clients[n] ?? "").length + 2)).join("")}`.trimEnd();
  return [
    line("", clients),
    ...[...themes]
      .filter(([, features]) => features.length > 0)
      .flatMap(([theme, features]) => [
        theme,
        ...features.map((row) =>
          line(
            `  ${row.feature}`,
            row.outcomes.map((outcome) => MARKS[outcome]),
          ),
        ),
      ]),
  ];
}
