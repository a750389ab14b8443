import { expect } from "chai";
import { resolve } from "node:path";
import { DEFAULT_CONFIG, type Config } from "../../server/config/config.js";
import { DEFAULT_ROOM } from "../../server/index.js";
import { configOf, runHere } from "./auth/support/command-line.js";

/** The file is `dir/c.json`. */
const reading = (file: unknown) => (path: string) => {
  if (path !== "dir/c.json") throw new Error(`read ${path}`);
  return typeof file === "string" ? file : JSON.stringify(file);
};

const configOfFile = (
  file: unknown,
  argv: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Config> => configOf(["--config", "dir/c.json", ...argv], env, reading(file));

describe("the configuration file", () => {
  it("sets all that flags set, and goes after flags and variables", async () => {
    const file = {
      ...{ port: 1, host: "::", logLevel: "debug", demo: false, allowedOrigins: ["https://a.example"] },
      ...{
        maxDisk: "1MB",
        presenceGrace: "5s",
        httpBridge: false,
        resumeTimeout: "5s",
        inbox: { age: "1d" },
        send: "users",
        limits: { messageBytes: "1KiB" },
      },
    };
    const config = await configOfFile(file, ["--host", "localhost"], { PORT: "2", CONFIG: "not this" });
    expect(config).to.deep.equal({
      ...DEFAULT_CONFIG,
      ...{
        port: 2,
        host: "localhost",
        logLevel: "debug",
        demo: false,
        allowedOrigins: ["https://a.example"],
      },
      ...{ maxDiskBytes: 1e6, presenceGrace: 5_000, inboxAge: 86_400_000 },
      ...{ httpBridge: false, resumeTimeout: 5_000 },
      rules: { ...DEFAULT_CONFIG.rules, send: "users" },
      limits: { ...DEFAULT_CONFIG.limits, messageBytes: 1_024 },
    });
    expect(await configOfFile(file, ["--allowed-origins", "*"])).not.to.have.property("allowedOrigins");
    expect(await configOfFile({})).to.deep.equal(DEFAULT_CONFIG);
  });

  it("is named by CONFIG too", async () => {
    expect(await configOf([], { CONFIG: "dir/c.json" }, reading({ port: 7 }))).to.include({ port: 7 });
  });

  it("names other files from where it lies", async () => {
    const auth = { secretFile: "s", publicKeyFile: "/k.pem", jwksFile: "../j" };
    const config = await configOfFile({ data: "d", tls: { cert: "c", key: "k" }, auth });
    expect(config.data).to.equal(resolve("dir/d"));
    expect(config.tls).to.deep.equal({ cert: resolve("dir/c"), key: resolve("dir/k") });
    expect(config.auth).to.include({
      secretFile: resolve("dir/s"),
      publicKeyFile: "/k.pem",
      jwksFile: resolve("j"),
    });
  });

  it("has the rules of rooms", async () => {
    const { rules, auth } = await configOfFile({
      auth: { guests: false, clockTolerance: "1s" },
      defaults: { presence: false, maxMembers: 5, maxNames: 3 },
      rooms: [
        { pattern: "dm-{user}", allow: { join: { claim: "role", equals: "admin" } }, history: { age: "1h" } },
        { pattern: "*", allow: { publish: "nobody" }, maxMembers: 9, maxNames: 500 },
      ],
    });
    expect(auth).to.deep.equal({ guests: false, clockTolerance: 1_000 });
    expect(rules.defaults).to.deep.equal({ ...DEFAULT_ROOM, presence: false, maxMembers: 5, maxNames: 3 });
    expect(rules.rooms).to.deep.equal([
      {
        pattern: "dm-{user}",
        allow: { join: { claim: "role", equals: "admin" } },
        history: { age: 3_600_000 },
      },
      { pattern: "*", allow: { publish: "nobody" }, maxMembers: 9, maxNames: 500 },
    ]);
  });

  const wrong: [file: unknown, message: RegExp][] = [
    ["{", /^error: dir\/c.json: this is not JSON \(.*\)\n$/],
    [[], /^error: dir\/c.json: must be an object; its settings are port, host/],
    [{ prot: 1 }, /c.json: has no setting "prot"; there are port, host/],
    [{ port: 70_000 }, /c.json: port must be 65535 or less/],
    [{ tls: { cert: "c" } }, /c.json: tls.key must be a text/],
    [{ auth: { secret: "x" } }, /c.json: auth has no setting "secret"; there are secretFile/],
    [{ allowedOrigins: ["a"] }, /c.json: allowedOrigins\[0\] must be an origin, like https/],
    [{ maxDisk: 5 }, /c.json: maxDisk must be a size: some like 64KiB/],
    [{ resumeTimeout: "1ms" }, /c.json: resumeTimeout must be from 1s to 1d/],
    [{ presenceGrace: "long" }, /c.json: presenceGrace must be a duration: some like 500ms/],
    [
      { rooms: [{ pattern: "{x}" }] },
      /c.json: rooms\[0\].pattern is no pattern: there is no \{x\} in patterns/,
    ],
    [{ rooms: [{}] }, /c.json: rooms\[0\].pattern must be a text/],
    [
      { rooms: [{ pattern: "*", allow: { join: "friends" } }] },
      /rooms\[0\].allow.join must be "everyone", "users"/,
    ],
    [
      { rooms: [{ pattern: "*", allow: { fly: "users" } }] },
      /rooms\[0\].allow has no setting "fly"; there are join/,
    ],
    [
      { rooms: [{ pattern: "*", history: { messages: -1 } }] },
      /rooms\[0\].history.messages must be 0 or more/,
    ],
    [{ send: { claim: "x" } }, /c.json: send must be "everyone"/],
    [{ limits: { roomsPerDevice: 0 } }, /c.json: limits.roomsPerDevice must be 1 or more/],
    [{ limits: { rooms: 1 } }, /c.json: limits has no setting "rooms"; there are roomsPerDevice/],
    [{ memory: true, data: "d" }, /the file's memory and data are both given/],
  ];
  for (const [file, message] of wrong) {
    it(`is refused, in one line that says where and what: ${JSON.stringify(file)}`, async () => {
      const { code, stderr, config } = await runHere(["--config", "dir/c.json"], {}, reading(file));
      expect({ code, config }).to.deep.equal({ code: 2, config: undefined });
      expect(stderr)
        .to.match(message)
        .and.match(/^[^\n]*\n$/);
    });
  }
});
