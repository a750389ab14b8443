/** The patterns of the schemas that are published: whoever reads them does so with regular expressions of their own. */
import { expect } from "chai";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describeWith } from "../support/machine.js";

/** Every `pattern` in the JSON files of docs/, each once. */
function publishedPatterns(): string[] {
  const found = new Set<string>();
  for (const file of readdirSync("docs").filter((name) => name.endsWith(".json"))) {
    collect(JSON.parse(readFileSync(join("docs", file), "utf8")), found);
  }
  return [...found];
}

function collect(value: unknown, found: Set<string>): void {
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    if (key === "pattern" && typeof part === "string") found.add(part);
    else if (key === "patternProperties")
      Object.keys(part as object).forEach((pattern) => found.add(pattern));
    collect(part, found);
  }
}

/** Each character of the basic plane alone, before and after another; and some beyond. Surrogates only in pairs. */
const TEXTS = [
  ...Array.from({ length: 0x10000 }, (_, code) => code)
    .filter((code) => code < 0xd800 || code > 0xdfff)
    .map((code) => String.fromCharCode(code))
    .flatMap((character) => [
      character,
      `a${character}`,
      `${character}a`,
      `Bearer ${character}`,
      `/${character}`,
    ]),
  ...["", "😀", "\u{10ffff}", "a\u{20000}b", "\u0000😀", "a\n\n", " \n "],
];

/** What Python's `re` says of each text, as the validator of PyPI `jsonschema` asks it: one 0 or 1 per text. */
const PYTHON = `
import json, re, sys
given = json.load(sys.stdin)
print(json.dumps([["01"[re.search(p, t) is not None] for t in given["texts"]] for p in given["patterns"]]))
`;

describe("the patterns of the published schemas", () => {
  const patterns = publishedPatterns();

  it("are there, and none is of a kind that only some engines know", () => {
    expect(patterns).to.include("^Bearer ").and.to.have.length.above(2);
    for (const pattern of patterns) expect(pattern).not.to.match(/\\[pPsSwWdDbB]|\(\?/);
  });

  it("mean the same with the flag u and without", () => {
    for (const pattern of patterns) {
      const [plain, unicode] = [new RegExp(pattern), new RegExp(pattern, "u")];
      for (const text of TEXTS) {
        if (plain.test(text) !== unicode.test(text)) expect.fail(`${pattern} of ${JSON.stringify(text)}`);
      }
    }
  });

  it("find what JavaScript and Unicode call white space and control characters", () => {
    const [white, control] = [
      patterns.find((pattern) => pattern.startsWith("[^")),
      patterns.find((pattern) => pattern.startsWith("[\\x00")),
    ].map((pattern) => new RegExp(pattern ?? "(?!)"));
    for (const text of TEXTS) {
      const same = white?.test(text) === /\S/u.test(text) && control?.test(text) === /\p{Cc}/u.test(text);
      if (!same) expect.fail(JSON.stringify(text));
    }
  });

  describeWith(["python"], "in Python", ([python]) => {
    it("mean the same as in JavaScript", function () {
      this.timeout(30_000);
      const output = execFileSync(python, ["-c", PYTHON], {
        input: JSON.stringify({ patterns, texts: TEXTS }),
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
      });
      const verdicts = JSON.parse(output) as string[][];
      patterns.forEach((pattern, i) => {
        const ours = new RegExp(pattern);
        TEXTS.forEach((text, j) => {
          if (ours.test(text) !== (verdicts[i]?.[j] === "1"))
            expect.fail(`${pattern} of ${JSON.stringify(text)}`);
        });
      });
    });
  });
});
