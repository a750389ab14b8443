/** Compares a picture of folders with their imports. Pure. */
import type { Imports } from "./import-rules.js";

export type Arrow = readonly [from: string, to: string];

/** The arrows of the page's one mermaid block. */
export function parseArrows(page: string): Arrow[] {
  const block = /^```mermaid$([\s\S]*?)^```$/m.exec(page)?.[1] ?? "";
  return Array.from(block.matchAll(/^\s*(\S+) --> (\S+)$/gm), ([, from = "", to = ""]): Arrow => [from, to]);
}

/** What is wrong with the arrows: imports that they do not lead along, and arrows that are none or not needed. */
export function untrueOf(arrows: readonly Arrow[], folders: Imports): string[] {
  const imports = [...folders].flatMap(([from, targets]) => targets.map((to): Arrow => [from, to]));
  return [
    ...imports
      .filter(([from, to]) => !leads(arrows, from, to))
      .map(([from, to]) => `not in the picture: ${from} imports ${to}`),
    ...arrows
      .filter(([from, to]) => folders.get(from)?.includes(to) !== true)
      .map(([from, to]) => `nothing imports so: ${from} --> ${to}`),
    ...arrows
      .filter((arrow) =>
        leads(
          arrows.filter((other) => other !== arrow),
          ...arrow,
        ),
      )
      .map(([from, to]) => `follows from others: ${from} --> ${to}`),
  ];
}

/** Whether a way along the arrows leads from one folder to the other. */
function leads(arrows: readonly Arrow[], from: string, to: string): boolean {
  const reached = new Set([from]);
  // A set is walked to its end also while it grows.
  for (const folder of reached) {
    for (const [start, end] of arrows) if (start === folder) reached.add(end);
  }
  // A way from a folder to itself is of no interest: it would be a circle, which another test finds.
  return from !== to && reached.has(to);
}
