/** What the operator can put right: a setting, a file, a key. Imports nothing. */

/** The message says where the wrong value is, and what to do. It never has a secret in it. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}
