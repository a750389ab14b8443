/**
 * The configuration of flags, variables and file: flags go first, then variables, then the file. Reads no more than the file
 * that is named, through the function that it is given.
 */
import { dirname, resolve } from "node:path";
import { withoutPrototype } from "../own-properties/own-properties.js";
import type { Rules } from "../rules/rules.js";
import { DEFAULT_CONFIG, type AuthConfig, type Config } from "./config.js";
import { ConfigError } from "./config-error.js";
import { parseConfigFile, type ConfigFile } from "./file-schema.js";
import { SERVER_SETTINGS, TOKEN_SETTINGS, type Setting } from "./settings.js";

const SETTINGS = { ...TOKEN_SETTINGS, ...SERVER_SETTINGS };

/** Where a setting's value is, as commander names its options: a text, or for a switch whether it is on. */
export type Flags = Partial<Record<keyof typeof SETTINGS, string | boolean>>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads a text file; throws if it cannot. */
export type ReadText = (path: string) => string;

/** Throws a ConfigError that names the flag, the variable or the field of the file, and says what to do. */
export function readConfig(flags: Flags, env: Environment, readText: ReadText): Config {
  const given = new Given(flags, env);
  const file = readFile(given.read("config"), readText);
  const { defaults } = DEFAULT_CONFIG.rules;
  const trustProxy = given.read("trustProxy") ?? file.trustProxy;
  const allowedOrigins = given.has("allowedOrigins") ? given.read("allowedOrigins") : file.allowedOrigins;
  const apiKeys = given.read("apiKeys") ?? file.apiKeys;
  const maxDiskBytes = given.read("maxDisk") ?? file.maxDisk;
  const rules: Rules = {
    rooms: file.rooms ?? [],
    send: file.send ?? DEFAULT_CONFIG.rules.send,
    defaults: {
      history: {
        count: given.read("historyMessages") ?? file.defaults?.history?.messages ?? defaults.history.count,
        age: given.read("historyAge") ?? file.defaults?.history?.age ?? defaults.history.age,
      },
      presence: file.defaults?.presence ?? defaults.presence,
      maxMembers: file.defaults?.maxMembers ?? defaults.maxMembers,
      maxNames: file.defaults?.maxNames ?? defaults.maxNames,
    },
  };
  return {
    port: given.read("port") ?? file.port ?? DEFAULT_CONFIG.port,
    host: given.read("host") ?? file.host ?? DEFAULT_CONFIG.host,
    ...readTls(given, file),
    ...(allowedOrigins === undefined ? {} : { allowedOrigins }),
    ...(trustProxy === undefined ? {} : { trustProxy }),
    logLevel: given.read("logLevel") ?? file.logLevel ?? DEFAULT_CONFIG.logLevel,
    demo: given.read("demo") ?? file.demo ?? DEFAULT_CONFIG.demo,
    ...readData(given, file),
    ...(apiKeys === undefined ? {} : { apiKeys }),
    ...(maxDiskBytes === undefined ? {} : { maxDiskBytes }),
    auth: readAuth(given, file),
    rules,
    limits: withoutUndefined(DEFAULT_CONFIG.limits, file.limits ?? {}),
    inboxAge: file.inbox?.age ?? DEFAULT_CONFIG.inboxAge,
    httpBridge: given.read("httpBridge") ?? file.httpBridge ?? DEFAULT_CONFIG.httpBridge,
    resumeTimeout: given.read("resumeTimeout") ?? file.resumeTimeout ?? DEFAULT_CONFIG.resumeTimeout,
    presenceGrace: given.read("presenceGrace") ?? file.presenceGrace ?? DEFAULT_CONFIG.presenceGrace,
  };
}

type Name = keyof typeof SETTINGS;
type Value<N extends Name> = ReturnType<(typeof SETTINGS)[N]["parse"]>;

/** The settings of the command line and the environment. */
class Given {
  readonly #flags: Flags;
  readonly #env: Environment;

  constructor(flags: Flags, env: Environment) {
    this.#flags = withoutPrototype(flags);
    this.#env = withoutPrototype(env);
  }

  has(name: Name): boolean {
    return this.fromFlag(name) !== undefined || this.fromEnv(name) !== undefined;
  }

  /** A flag goes before its variable, which then need not even be right. */
  read<N extends Name>(name: N): Value<N> | undefined {
    const setting = SETTINGS[name] as Setting<Value<N>>;
    const flag = this.fromFlag(name);
    if (flag !== undefined) return setting.parse(flag, flagName(name));
    const value = this.fromEnv(name);
    return value === undefined ? undefined : setting.parse(value, setting.env);
  }

  fromFlag(name: Name): string | undefined {
    const value = this.#flags[name];
    if (typeof value !== "boolean") return value;
    // commander gives a switch that turns something off as true where it is not used.
    const isOff = SETTINGS[name].flags.startsWith("--no-");
    return value === isOff ? undefined : String(value);
  }

  /** An empty variable counts as not set, as shells and compose files write it. */
  fromEnv(name: Name): string | undefined {
    return this.variable(SETTINGS[name].env);
  }

  variable(name: string): string | undefined {
    const value = this.#env[name] ?? "";
    return value === "" ? undefined : value;
  }
}

function flagName(name: Name): string {
  return /--[a-z-]+/.exec(SETTINGS[name].flags)?.[0] ?? name;
}

function readFile(path: string | undefined, readText: ReadText): ConfigFile {
  if (path === undefined) return withoutPrototype({});
  let content: string;
  try {
    content = readText(path);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`the configuration file cannot be read (${reason}); check --config (CONFIG)`);
  }
  const parsed = parseConfigFile(content);
  if (!parsed.ok) throw new ConfigError(`${path}: ${parsed.problem}`);
  return withPathsFrom(dirname(path), parsed.file);
}

/** The files that a configuration file names lie beside it, wherever the server is started. */
function withPathsFrom(folder: string, file: ConfigFile): ConfigFile {
  const at = (path: string): string => resolve(folder, path);
  const { tls, data, apiKeys, auth } = file;
  const { secretFile, publicKeyFile, jwksFile } = auth ?? {};
  return {
    ...file,
    ...(tls === undefined ? {} : { tls: { cert: at(tls.cert), key: at(tls.key) } }),
    ...(data === undefined ? {} : { data: at(data) }),
    ...(apiKeys === undefined ? {} : { apiKeys: at(apiKeys) }),
    auth: {
      ...auth,
      ...(secretFile === undefined ? {} : { secretFile: at(secretFile) }),
      ...(publicKeyFile === undefined ? {} : { publicKeyFile: at(publicKeyFile) }),
      ...(jwksFile === undefined ? {} : { jwksFile: at(jwksFile) }),
    },
  };
}

function readTls(given: Given, file: ConfigFile): Pick<Config, "tls"> {
  const cert = given.read("cert") ?? file.tls?.cert;
  const key = given.read("key") ?? file.tls?.key;
  if (cert !== undefined && key !== undefined) return { tls: { cert, key } };
  if (cert === undefined && key === undefined) return {};
  const [has, missing] = cert === undefined ? ["key", "certificate"] : ["certificate", "key"];
  const how = cert === undefined ? "--cert FILE (or TLS_CERT)" : "--key FILE (or TLS_KEY)";
  throw new ConfigError(`there is a TLS ${has} but no ${missing}; give ${how} as well, or neither`);
}

/** The first of flags, variables and file that says where the data is, or that there is to be none. */
function readData(given: Given, file: ConfigFile): Pick<Config, "data"> {
  const places = [
    { from: "--memory and --data", memory: given.fromFlag("memory"), data: given.fromFlag("data") },
    { from: "MEMORY and DATA", memory: given.fromEnv("memory"), data: given.fromEnv("data") },
    { from: "the file's memory and data", memory: file.memory?.toString(), data: file.data },
  ];
  for (const { from, memory, data } of places) {
    const inMemory = memory !== undefined && SETTINGS.memory.parse(memory, "MEMORY");
    if (inMemory && data !== undefined) {
      throw new ConfigError(
        `${from} are both given, and one keeps nothing while the other keeps all; give one`,
      );
    }
    if (inMemory) return {};
    if (data !== undefined) return { data };
  }
  return { data: DEFAULT_CONFIG.data ?? "." };
}

function readAuth(given: Given, { auth: file = withoutPrototype({}) }: ConfigFile): AuthConfig {
  const secretFileFlag = given.fromFlag("jwtSecretFile");
  const secret = secretFileFlag === undefined ? given.variable("JWT_SECRET") : undefined;
  const secretFile = secret === undefined ? (given.read("jwtSecretFile") ?? file.secretFile) : undefined;
  const publicKeyFile = given.read("jwtPublicKey") ?? file.publicKeyFile;
  const jwksFile = given.read("jwks") ?? file.jwksFile;
  const issuer = given.read("issuer") ?? file.issuer;
  const audience = given.read("audience") ?? file.audience;
  const hasKey = [secret, secretFile, publicKeyFile, jwksFile].some((one) => one !== undefined);
  if (!hasKey && (issuer ?? audience) !== undefined) {
    throw new ConfigError(
      "there is an issuer or an audience of tokens, but no key to verify them with; give " +
        "JWT_SECRET, --jwt-secret-file, --jwt-public-key or --jwks as well",
    );
  }
  return {
    ...(secret === undefined ? {} : { secret }),
    ...(secretFile === undefined ? {} : { secretFile }),
    ...(publicKeyFile === undefined ? {} : { publicKeyFile }),
    ...(jwksFile === undefined ? {} : { jwksFile }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(audience === undefined ? {} : { audience }),
    guests: given.read("guests") ?? file.guests ?? DEFAULT_CONFIG.auth.guests,
    clockTolerance: file.clockTolerance ?? DEFAULT_CONFIG.auth.clockTolerance,
  };
}

function withoutUndefined<T extends object>(defaults: T, set: { [K in keyof T]?: T[K] | undefined }): T {
  const given = Object.entries(set).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) };
}
