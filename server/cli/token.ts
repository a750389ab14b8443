/** `crossroom token`: makes a token, with the key that the server of the same settings verifies with. */
import { randomBytes } from "node:crypto";
import { InvalidArgumentError, Option, type Command } from "commander";
import { DEMO_USER_PREFIX, GUEST_USER } from "../auth/authenticator.js";
import { OWN_ISSUERS, signToken, type TokenClaims } from "../auth/issue.js";
import { secretText } from "../auth/key-files.js";
import { secretSource } from "../auth/keys.js";
import { loadOwnKey } from "../auth/own-key.js";
import { Pattern, PatternError } from "../rules/patterns.js";
import { ACTIONS, type Action } from "../rules/rules.js";
import { ConfigError } from "../config/config-error.js";
import type { Config } from "../config/config.js";
import { readConfig, type Flags } from "../config/read.js";
import { parseTime, TOKEN_SETTINGS } from "../config/settings.js";
import { describe } from "../api/describe.js";
import { nameSchema, userSchema } from "../api/values.js";
import { addSettings } from "./start.js";
import type { ProcessContext } from "./process-context.js";

interface TokenFlags extends Flags {
  user: string;
  name?: string;
  expires: string;
  claim?: Record<string, unknown>;
  room?: Record<string, Action[]>;
}

/** Claims that options of their own, or this program, set. */
const OWN_CLAIMS = ["sub", "name", "exp", "iat", "nbf", "jti", "iss", "aud", "rooms"];

export function addTokenCommand(
  program: Command,
  { env, readText, print, now }: Pick<ProcessContext, "env" | "readText" | "print" | "now">,
): void {
  const command = program
    .command("token")
    .description("make a token for a user, and print it")
    .requiredOption("-u, --user <id>", "whose token it is")
    .option("-n, --name <name>", "the name that others see")
    .option("-e, --expires <duration>", "how long it is good, or never", "1h")
    .addOption(
      new Option("--claim <name=value>", "a further claim; the value is JSON, or else a text").argParser(
        addClaim,
      ),
    )
    .addOption(
      new Option(
        "--room <pattern=rights>",
        `rights in rooms, of ${ACTIONS.join(", ")}, with commas between`,
      ).argParser(addRoom),
    )
    .addHelpText(
      "after",
      "\nIt is signed with the secret that is configured, or else with the server's own key, in the data folder.",
    );
  addSettings(command, TOKEN_SETTINGS);
  command.action(async (flags: TokenFlags) => {
    const claims = claimsOf(flags, now());
    const config = readConfig(settingsOf(flags), env, readText);
    print(`${await sign(config, claims, readText)}\n`);
  });
}

/** The settings among the flags: `name` and `user` are none. */
function settingsOf(flags: TokenFlags): Flags {
  const names = Object.keys(TOKEN_SETTINGS) as (keyof typeof TOKEN_SETTINGS)[];
  return Object.fromEntries(
    names.flatMap((name) => (flags[name] === undefined ? [] : [[name, flags[name]]])),
  );
}

function claimsOf(flags: TokenFlags, issuedAt: number): TokenClaims {
  const user = userSchema.safeParse(flags.user);
  if (!user.success) throw new ConfigError(describe(user.error, "--user"));
  const name = nameSchema.optional().safeParse(flags.name);
  if (!name.success) throw new ConfigError(describe(name.error, "--name"));
  const lifetime = flags.expires === "never" ? undefined : parseTime(flags.expires, "--expires");
  return {
    user: user.data,
    id: randomBytes(12).toString("base64url"),
    ...(name.data === undefined ? {} : { name: name.data }),
    claims: { ...flags.claim, ...(flags.room === undefined ? {} : { rooms: flags.room }) },
    issuedAt,
    ...(lifetime === undefined ? {} : { expiresAt: issuedAt + lifetime }),
  };
}

async function sign({ auth, data, demo }: Config, claims: TokenClaims, readText: ProcessContext["readText"]) {
  const secret = secretText(auth, readText);
  if (secret !== undefined) {
    const { text, from } = secret;
    secretSource(text, from);
    return signToken({ secret: Buffer.from(text, "utf8") }, { ...claims, ...issuerAndAudience(auth) });
  }
  const { publicKeyFile, jwksFile } = auth;
  if (publicKeyFile !== undefined || jwksFile !== undefined) {
    throw new ConfigError(
      `there is only a public key (${publicKeyFile ?? jwksFile ?? ""}), with which no token can be signed; ` +
        `have it signed by whoever has the private key, or give a secret with JWT_SECRET or --jwt-secret-file`,
    );
  }
  if (data === undefined) {
    throw new ConfigError(
      "a server with --memory has another key at each start; give it, and this, --data or a secret",
    );
  }
  if (GUEST_USER.test(claims.user) || (demo && claims.user.startsWith(DEMO_USER_PREFIX))) {
    throw new ConfigError(
      `the server refuses ${claims.user}: such ids are for guests and the demo; give another --user`,
    );
  }
  return signToken(await loadOwnKey(data), { ...claims, issuer: OWN_ISSUERS.operator });
}

function issuerAndAudience({ issuer, audience }: Config["auth"]): Pick<TokenClaims, "issuer" | "audience"> {
  return {
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
  };
}

function addClaim(text: string, claims: Record<string, unknown> = {}): Record<string, unknown> {
  const [, name = "", value = ""] = /^([^=]+)=([^]*)$/.exec(text) ?? [];
  if (name === "") throw new InvalidArgumentError("Give it as NAME=VALUE.");
  if (OWN_CLAIMS.includes(name)) {
    throw new InvalidArgumentError(
      `The claim ${name} is set by --user, --name, --expires, --room, --issuer or --audience.`,
    );
  }
  return { ...claims, [name]: jsonOrText(value) };
}

function jsonOrText(value: string): unknown {
  try {
    return JSON.parse(value);
  } catch {
    return value; // shells take quotes away: role=admin means the text
  }
}

function addRoom(text: string, rooms: Record<string, Action[]> = {}): Record<string, Action[]> {
  const [, pattern = "", list = ""] = /^([^]+)=([^=]*)$/.exec(text) ?? [];
  const rights = list.split(",").map((right) => right.trim());
  const known = ACTIONS.filter((action) => rights.includes(action));
  if (pattern === "" || known.length !== new Set(rights).size) {
    throw new InvalidArgumentError(
      `Give it as PATTERN=RIGHTS, like "team-*=join,publish"; there are ${ACTIONS.join(", ")}.`,
    );
  }
  try {
    Pattern.parse(pattern);
  } catch (error) {
    if (error instanceof PatternError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
  return { ...rooms, [pattern]: known };
}
