/** What clients and operators are told of a value that a schema does not take. */
import type { z } from "zod";

/** What is wrong, in one line: the first field that is, and how. */
export function describe(error: z.ZodError, subject: string): string {
  const issue = error.issues[0];
  if (issue === undefined) return `${subject} is not valid`;
  return `${[subject, ...issue.path].map(String).join(".")} ${issue.message}`;
}
