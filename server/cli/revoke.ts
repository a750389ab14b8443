/** `crossroom revoke`: has a running server take a token, or all of a user's tokens, no more. */
import { Option, type Command } from "commander";
import { ConfigError } from "../config/config-error.js";
import { serverUrl } from "./connect.js";
import { RefusedError } from "./refused-error.js";
import type { ProcessContext } from "./process-context.js";
import { given } from "./terminal.js";

interface RevokeFlags {
  url?: string;
  token?: string;
  tokenId?: string;
  user?: string;
}

export function addRevokeCommand(
  program: Command,
  { env, print }: Pick<ProcessContext, "env" | "print">,
): void {
  program
    .command("revoke")
    .description("end a user's sessions, and take the tokens of them no more")
    .addOption(
      new Option("--url <url>", "where the server is (env: CROSSROOM_URL, default: http://localhost:3000)"),
    )
    .option(
      "-t, --token <token>",
      'an operator\'s: one with the claim "crossroom_admin": true (env: CROSSROOM_TOKEN)',
    )
    .addOption(new Option("--token-id <jti>", "the token with this id").conflicts("user"))
    .addOption(
      new Option("-u, --user <id>", "all that were issued to this user until now").conflicts("tokenId"),
    )
    .action(async (flags: RevokeFlags) => {
      const body = bodyOf(flags);
      const token = given(flags.token, env["CROSSROOM_TOKEN"]);
      if (token === undefined) {
        throw new ConfigError("there is no token; give an operator's with --token or CROSSROOM_TOKEN");
      }
      await ask(serverUrl(flags.url, env), token, body);
      const what =
        flags.user === undefined ? `the token ${flags.tokenId ?? ""}` : `the tokens of ${flags.user}`;
      print(`Revoked: ${what}\n`);
    });
}

function bodyOf({ tokenId, user }: RevokeFlags): object {
  if (tokenId !== undefined) return { tokenId };
  if (user !== undefined) return { user };
  throw new ConfigError("say what to revoke: --token-id ID, or --user ID");
}

/** Milliseconds for the server to answer. */
const TIMEOUT = 10_000;

async function ask(url: string, token: string, body: object): Promise<void> {
  let response: Response;
  try {
    response = await fetch(`${url}/admin/revoke`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(TIMEOUT),
    });
  } catch (error) {
    const { cause = error } = error instanceof Error ? error : {};
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new RefusedError(`no answer from ${url} (${reason}); is the server running there?`);
  }
  const text = await response.text();
  if (!response.ok)
    throw new RefusedError(`the server refused: ${messageIn(text) ?? `status ${response.status}`}`);
}

/** The message of an error as http-json.ts sends it. */
function messageIn(text: string): string | undefined {
  try {
    const body = JSON.parse(text) as { error?: { message?: unknown } } | null;
    const message = body?.error?.message;
    return typeof message === "string" ? message : undefined;
  } catch {
    return undefined; // somebody else answered: the status must do
  }
}
