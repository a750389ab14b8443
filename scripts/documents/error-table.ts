/** The table of errors in docs/rooms-api.md, 11.2. */
import { COMMON_ERRORS } from "../../server/api/declaration.js";
import { API_ERRORS, type ApiErrorCode } from "../../server/api/errors.js";
import { calls } from "./components.js";

const codes = Object.keys(API_ERRORS) as ApiErrorCode[];

/** In Markdown, not yet aligned. */
export function errorTable(): string {
  const rows = codes.map((code) => {
    const { retryable, message } = API_ERRORS[code];
    return `| \`${code}\` | ${String(retryable)} | ${message} | ${callsWith(code)} |`;
  });
  return ["| `code` | `retryable` | | calls |", "| --- | --- | --- | --- |", ...rows, ""].join("\n");
}

function callsWith(code: ApiErrorCode): string {
  if (COMMON_ERRORS.some((common) => common === code)) return "all";
  const names = calls.filter(([, { errors }]) => errors.includes(code)).map(([name]) => `\`${name}\``);
  return names.join(", ");
}
