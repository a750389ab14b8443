/** PROTOCOL.md against the source. `UPDATE_DOCS=1 npm test -- test/unit/protocol.test.ts` writes its tables anew. */
import { expect } from "chai";
import { readFileSync, writeFileSync } from "node:fs";
import { CLOSE_CODES, REFUSALS, type CloseCode, type Refusal } from "../../bridge/close-codes.js";
import { ERROR_CODES, MAX_DEPTH, RESERVED_EVENTS } from "../../bridge/frames.js";
import { MAX_ATTACHMENTS } from "../../bridge/binary.js";
import { HTTP_ERRORS, type HttpError } from "../../bridge/http/errors.js";

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

const TABLES: Record<string, string> = {
  refusals: table(
    ["status", "code", "meaning"],
    Object.values<Refusal>(REFUSALS).map(({ status, code, description }) => [
      `${status}`,
      `\`${code}\``,
      description,
    ]),
  ),
  "http errors": table(
    ["status", "code", "meaning"],
    Object.values<HttpError>(HTTP_ERRORS).map(({ status, code, description }) => [
      `${status}`,
      `\`${code}\``,
      description,
    ]),
  ),
  errors: table(
    ["code", "counts as malformed", "fatal", "meaning"],
    Object.entries(ERROR_CODES).map(([code, { malformed, fatal, description }]) => [
      `\`${code}\``,
      malformed ? "yes" : "no",
      fatal ? "yes" : "no",
      description,
    ]),
  ),
  "close codes": table(
    ["code", "reason", "reconnect", "meaning"],
    Object.values<CloseCode>(CLOSE_CODES).map(({ code, reason, reconnect, description }) => [
      `${code}`,
      reason === "" ? "" : `\`${reason}\``,
      reconnect ? "yes" : "no",
      description,
    ]),
  ),
};

/** The document with the tables of the source between its markers. */
function withTables(document: string): string {
  return document.replace(
    /(<!-- table: ([a-z ]+) -->\n)[^]*?(\n<!-- end -->)/g,
    (_all, start: string, name: string, end: string) => `${start}\n${TABLES[name] ?? ""}\n${end}`,
  );
}

describe("PROTOCOL.md", () => {
  const read = (): string => readFileSync("PROTOCOL.md", "utf8");

  it("has the tables of the source", () => {
    if (process.env["UPDATE_DOCS"] === "1") writeFileSync("PROTOCOL.md", withTables(read()));
    const document = read();
    for (const name of Object.keys(TABLES)) expect(document).to.include(`<!-- table: ${name} -->`);
    // Formatters pad cells and dashes.
    const bare = (text: string): string => text.replace(/ +/g, " ").replace(/-{3,}/g, "---");
    expect(bare(document)).to.equal(bare(withTables(document)));
  });

  it("has the constants of the source", () => {
    const document = read();
    expect(document).to.include(`nested at most ${MAX_DEPTH} deep`);
    expect(document).to.include(`at most ${MAX_ATTACHMENTS} binary values`);
    for (const event of RESERVED_EVENTS) expect(document).to.include(`\`${event}\``);
  });

  it("has codes in the ranges that say whether to reconnect", () => {
    for (const { code, reconnect } of Object.values<CloseCode>(CLOSE_CODES)) {
      if (code >= 4000) expect(reconnect, String(code)).to.equal(code >= 4500);
    }
  });

  it("names no code twice", () => {
    const codes = Object.values<CloseCode>(CLOSE_CODES).map(({ code }) => code);
    expect(new Set(codes).size).to.equal(codes.length);
  });
});
