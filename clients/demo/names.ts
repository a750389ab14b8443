/** Names for those who have not given one yet. */

const FIRST = [
  "Amber",
  "Brave",
  "Calm",
  "Dusky",
  "Early",
  "Fleet",
  "Gentle",
  "Hazel",
  "Mellow",
  "Quiet",
  "Silver",
  "Wild",
];
const LAST = [
  "Crane",
  "Finch",
  "Heron",
  "Kestrel",
  "Lark",
  "Martin",
  "Plover",
  "Robin",
  "Swift",
  "Tern",
  "Thrush",
  "Wren",
];

/** @param random A number from 0 to 1, 1 left out, at each call. */
export function randomName(random: () => number): string {
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? "";
  return `${pick(FIRST)} ${pick(LAST)}`;
}
