/** `crossroom key`: makes, lists and revokes keys of the HTTP API, in the file that the server of the same settings reads. */
import { randomBytes } from "node:crypto";
import { InvalidArgumentError, Option, type Command } from "commander";
import { apiKeyPath, changeKeys, readKeys } from "../auth/api-key-file.js";
import {
  hasExpired,
  keyPattern,
  MAX_KEY_ROOMS,
  newApiKey,
  SCOPES,
  type ApiKey,
  type Scope,
} from "../auth/api-keys.js";
import { shownNameSchema } from "../api/values.js";
import { describe } from "../api/describe.js";
import { ConfigError } from "../config/config-error.js";
import { readConfig, type Flags } from "../config/read.js";
import { parseTime, TOKEN_SETTINGS } from "../config/settings.js";
import { PatternError } from "../rules/patterns.js";
import { RefusedError } from "./refused-error.js";
import { addSettings } from "./start.js";
import type { ProcessContext } from "./process-context.js";

interface KeyFlags extends Flags {
  scope: Scope[];
  room?: string[];
  expires: string;
  name?: string;
}

/** Settings that say where the keys are. */
const { config, data, memory, apiKeys } = TOKEN_SETTINGS;
const PLACE = { config, data, memory, apiKeys };

export function addKeyCommand(
  program: Command,
  { env, readText, print, now }: Pick<ProcessContext, "env" | "readText" | "print" | "now">,
): void {
  const key = program
    .command("key")
    .description("make, list and revoke keys of the HTTP API, for your backend")
    .helpCommand(false);
  const pathOf = (flags: Flags): string => {
    const given = Object.keys(PLACE).flatMap((name) => {
      const value = flags[name as keyof typeof PLACE];
      return value === undefined ? [] : [[name, value]];
    });
    const path = apiKeyPath(readConfig(Object.fromEntries(given) as Flags, env, readText));
    if (path === undefined)
      throw new ConfigError("a server with --memory keeps no keys; name a file for them with --api-keys");
    return path;
  };

  const create = key
    .command("create")
    .description("make a key and print it; it is shown this once. A server takes it at once")
    .addOption(
      new Option("-s, --scope <scope>", `what it is good for, again for more: ${SCOPES.join(", ")}`)
        .argParser(addScope)
        .makeOptionMandatory(),
    )
    .addOption(
      new Option(
        "-r, --room <pattern>",
        "the rooms that it is good for, like order-*, again for more; all if left out",
      ).argParser(addRoom),
    )
    .option("-e, --expires <duration>", "how long it is good, like 90d, or never", "never")
    .option("-n, --name <name>", "what it is for, for you to see in the list");
  addSettings(create, PLACE);
  create.action(async (flags: KeyFlags) => {
    const name = shownNameSchema.optional().safeParse(flags.name);
    if (!name.success) throw new ConfigError(describe(name.error, "--name"));
    const created = now();
    const { text, key: made } = newApiKey(
      {
        ...(name.data === undefined ? {} : { name: name.data }),
        scopes: flags.scope,
        ...(flags.room === undefined ? {} : { rooms: flags.room }),
        created,
        ...(flags.expires === "never" ? {} : { expires: created + parseTime(flags.expires, "--expires") }),
      },
      randomBytes,
    );
    await changeKeys(pathOf(flags), (keys) => [...keys, made]);
    print(`${text}\n`);
  });

  const list = key.command("list").description("show the keys that there are, without their secrets");
  addSettings(list, PLACE);
  list.action((flags: Flags) => {
    const keys = readKeys(pathOf(flags));
    print(keys.length === 0 ? "There are no keys.\n" : keys.map((one) => `${lineOf(one, now())}\n`).join(""));
  });

  const revoke = key
    .command("revoke")
    .description("take a key no more, from now on")
    .argument(
      "<id>",
      "as key list shows it; it is also the part of the key between the first _ and the second",
    );
  addSettings(revoke, PLACE);
  revoke.action(async (id: string, flags: Flags) => {
    const path = pathOf(flags);
    await changeKeys(path, (keys) => {
      const kept = keys.filter((one) => one.id !== id);
      if (kept.length === keys.length)
        throw new RefusedError(
          `there is no key ${id} in ${path}; crossroom key list shows those that there are`,
        );
      return kept;
    });
    print(`Revoked: the key ${id}\n`);
  });
}

function lineOf(key: ApiKey, now: number): string {
  const { id, scopes, rooms, name, expires } = key;
  const until =
    expires === undefined
      ? "never expires"
      : `${hasExpired(key, now) ? "expired" : "until"} ${new Date(expires).toISOString()}`;
  return [
    id,
    scopes.join(","),
    rooms === undefined ? "all rooms" : `rooms ${rooms.join(" ")}`,
    until,
    ...(name === undefined ? [] : [name]),
  ].join("  ");
}

function addScope(text: string, scopes: Scope[] = []): Scope[] {
  const names = text.split(",").map((name) => name.trim());
  const found = SCOPES.filter((scope) => names.includes(scope));
  if (found.length !== new Set(names).size) throw new InvalidArgumentError(`There are ${SCOPES.join(", ")}.`);
  return [...new Set([...scopes, ...found])];
}

function addRoom(text: string, rooms: string[] = []): string[] {
  if (rooms.length === MAX_KEY_ROOMS)
    throw new InvalidArgumentError(`A key has at most ${MAX_KEY_ROOMS} of them.`);
  try {
    keyPattern(text);
  } catch (error) {
    if (error instanceof PatternError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
  return [...rooms, text];
}
