/** HTML from text. Pure. */

/** What is text and has to stay so. */
export function text(value: string): string {
  return value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

export interface Table {
  /** The first one is the heading of the rows. */
  head: readonly string[];
  rows: readonly (readonly string[])[];
  /** Of those rows that are the project's own. */
  own?: readonly boolean[];
  className: string;
}

/** Every cell tells the name of its column, for narrow pages that show rows as cards. */
export function table({ head, rows, own = [], className }: Table): string {
  const cells = (row: readonly string[]) =>
    row
      .map((cell, i) =>
        i === 0
          ? `<th scope="row">${text(cell)}</th>`
          : `<td data-head="${text(head[i] ?? "")}">${text(cell)}</td>`,
      )
      .join("");
  return [
    `<table class="${className}">`,
    `<thead><tr>${head.map((cell) => `<th scope="col">${text(cell)}</th>`).join("")}</tr></thead>`,
    "<tbody>",
    ...rows.map((row, i) => `<tr${own[i] === true ? ' class="ours"' : ""}>${cells(row)}</tr>`),
    "</tbody>",
    "</table>",
  ].join("\n");
}

/** What may be wider than the page scrolls by itself, also by the keyboard. */
export function scrolling(title: string, content: string): string {
  return `<div class="scrolling" role="region" aria-label="${text(title)}" tabindex="0">\n${content}\n</div>`;
}
