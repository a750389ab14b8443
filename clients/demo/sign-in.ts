/** Signs in as somebody. This is a demo: whoever gives a name gets a token of that name's user. */
import { serverPath } from "./base.js";
import { isRecord } from "./values.js";

/** Says in words what is wrong, and whether the same name may be taken later. */
export class SignInError extends Error {
  override readonly name = "SignInError";

  constructor(
    message: string,
    readonly retryable: boolean,
  ) {
    super(message);
  }
}

/** Resolves to the token; rejects with a SignInError, or a TypeError where the server cannot be reached. */
export async function signIn(name: string): Promise<string> {
  const response = await fetch(serverPath("demo/sign-in"), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  const token = textAt(answer, "token");
  if (response.ok && token !== undefined) return token;
  const error = isRecord(answer) ? answer["error"] : undefined;
  const message = textAt(error, "message") ?? `The server answered with status ${response.status}.`;
  throw new SignInError(message, response.status >= 500);
}

function textAt(value: unknown, key: string): string | undefined {
  const found = isRecord(value) ? value[key] : undefined;
  return typeof found === "string" ? found : undefined;
}
