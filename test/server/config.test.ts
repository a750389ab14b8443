import { expect } from "chai";
import { DEFAULT_CONFIG } from "../../server/config/config.js";
import { parseDuration, parseSize } from "../../server/config/units.js";
import { DEFAULT_INBOX_AGE, DEFAULT_ROOM } from "../../server/index.js";
import { configOf, runHere } from "./auth/support/command-line.js";

/** What the help has of each setting. */
const WORDS_OF_HELP = [
  ...["PORT", "HOST", "TLS_CERT", "TLS_KEY", "ALLOWED_ORIGINS", "LOG_LEVEL", "DEMO=false", "default: 3000"],
  ...[
    "CONFIG",
    "DATA",
    "./crossroom-data",
    "MEMORY=true",
    "MAX_DISK",
    "GUESTS=false",
    "JWT_SECRET_FILE",
    "JWT_SECRET ",
  ],
  ...[
    "JWT_PUBLIC_KEY",
    "JWKS",
    "JWT_ISSUER",
    "JWT_AUDIENCE",
    "HISTORY_MESSAGES, default: 10000",
    "HISTORY_AGE",
  ],
  ...["PRESENCE_GRACE, default: 10s", "--no-guests", "--config <file>", "Logs are JSON lines"],
];

describe("the configuration", () => {
  it("has defaults for everything, whether the command start is named or not", async () => {
    expect(await configOf([])).to.deep.equal(DEFAULT_CONFIG);
    expect(await configOf(["start"])).to.deep.equal(DEFAULT_CONFIG);
  });

  it("is read from flags", async () => {
    const flags = [
      "-p",
      "0",
      "-H",
      "::",
      "--log-level",
      "debug",
      "--no-demo",
      "--cert",
      "c.pem",
      "--key",
      "k.pem",
    ];
    expect(
      await configOf([...flags, "--allowed-origins", "https://a.example, http://b.example:8080"]),
    ).to.deep.equal({
      ...DEFAULT_CONFIG,
      port: 0,
      host: "::",
      tls: { cert: "c.pem", key: "k.pem" },
      allowedOrigins: ["https://a.example", "http://b.example:8080"],
      logLevel: "debug",
      demo: false,
    });
  });

  it("is read from the environment", async () => {
    const env = {
      PORT: "80",
      HOST: "0.0.0.0",
      TLS_CERT: "c",
      TLS_KEY: "k",
      LOG_LEVEL: "warn",
      DEMO: "false",
    };
    expect(await configOf([], { ...env, ALLOWED_ORIGINS: "https://a.example" })).to.deep.equal({
      ...DEFAULT_CONFIG,
      port: 80,
      host: "0.0.0.0",
      tls: { cert: "c", key: "k" },
      allowedOrigins: ["https://a.example"],
      logLevel: "warn",
      demo: false,
    });
  });

  it("takes a flag before its variable, which then need not even be right", async () => {
    expect((await configOf(["--port", "1"], { PORT: "never looked at" })).port).to.equal(1);
  });

  it("takes an empty variable as not set", async () => {
    expect(await configOf([], { PORT: "", HOST: "", TLS_CERT: "", DEMO: "" })).to.deep.equal(DEFAULT_CONFIG);
  });

  it("takes * as any origin", async () => {
    expect(await configOf(["--allowed-origins", "*"])).to.deep.equal(DEFAULT_CONFIG);
  });

  it("says where the data is, and whose tokens are good, from flags and from the environment", async () => {
    const flags = [
      "-d",
      "data",
      "--max-disk",
      "10GiB",
      "--no-guests",
      "--jwt-public-key",
      "k.pem",
      "--jwks",
      "j.json",
    ];
    const named = ["--issuer", "https://id.example", "--audience", "rooms", "--jwt-secret-file", "s"];
    const byFlags = await configOf([...flags, ...named]);
    expect(byFlags.auth).to.deep.equal({
      ...{ secretFile: "s", publicKeyFile: "k.pem", jwksFile: "j.json" },
      ...{ issuer: "https://id.example", audience: "rooms", guests: false, clockTolerance: 5_000 },
    });
    expect(byFlags).to.include({ data: "data", maxDiskBytes: 10 * 2 ** 30 });
    const env = {
      ...{ DATA: "data", MAX_DISK: "10GiB", GUESTS: "false", JWT_PUBLIC_KEY: "k.pem", JWKS: "j.json" },
      ...{ JWT_ISSUER: "https://id.example", JWT_AUDIENCE: "rooms", JWT_SECRET_FILE: "s" },
    };
    expect(await configOf([], env)).to.deep.equal(byFlags);
  });

  it("takes a secret from JWT_SECRET, before the file, and never from a flag, which ps would show", async () => {
    const { auth } = await configOf([], { JWT_SECRET: "s3cret", JWT_SECRET_FILE: "s" });
    expect(auth).to.include({ secret: "s3cret" }).and.not.have.property("secretFile");
    const byFlag = await configOf(["--jwt-secret-file", "s"], { JWT_SECRET: "s3cret" });
    expect(byFlag.auth).to.include({ secretFile: "s" }).and.not.have.property("secret");
    const { stderr } = await runHere(["--jwt-secret", "s3cret"]);
    expect(stderr).to.match(/unknown option '--jwt-secret'/);
  });

  it("says how much a room keeps, and for how long a lost device counts, from flags and the environment", async () => {
    const byFlags = await configOf([
      "--history-messages",
      "0",
      "--history-age",
      "1h",
      "--presence-grace",
      "500ms",
    ]);
    expect(byFlags.rules.defaults.history).to.deep.equal({ count: 0, age: 3_600_000 });
    expect(byFlags.presenceGrace).to.equal(500);
    const env = { HISTORY_MESSAGES: "0", HISTORY_AGE: "1h", PRESENCE_GRACE: "500ms" };
    expect(await configOf([], env)).to.deep.equal(byFlags);
  });

  it("turns the bridge over HTTP off, or says how long its clients are waited for", async () => {
    const byFlags = await configOf(["--no-http-bridge", "--resume-timeout", "5s"]);
    expect(byFlags).to.include({ httpBridge: false, resumeTimeout: 5_000 });
    expect(await configOf([], { HTTP_BRIDGE: "false", RESUME_TIMEOUT: "5s" })).to.deep.equal(byFlags);
    expect(await configOf([])).to.include({ httpBridge: true, resumeTimeout: 20_000 });
    const { stderr } = await runHere(["--resume-timeout", "10ms"]);
    expect(stderr).to.match(/--resume-timeout: "10ms" is not from 1s to 1d/);
  });

  it("keeps nothing with --memory, whatever lower down names a folder", async () => {
    for (const config of [
      await configOf(["--memory"], { DATA: "d" }),
      await configOf([], { MEMORY: "true" }),
      await configOf(["-c", "c"], { MEMORY: "1" }, () => '{"data":"d"}'),
      await configOf(["-c", "c"], {}, () => '{"memory":true}'),
    ]) {
      expect(config).not.to.have.property("data");
    }
    expect(await configOf(["--data", "d"], { MEMORY: "true" })).to.include({ data: "d" });
    expect(await configOf([], { MEMORY: "false" })).to.include({ data: "crossroom-data" });
  });

  it("has the defaults of a rooms server in a program of one's own, which are those of the room API", () => {
    const day = 24 * 60 * 60 * 1000;
    expect(DEFAULT_CONFIG.rules.defaults).to.equal(DEFAULT_ROOM);
    expect(DEFAULT_ROOM.history).to.deep.equal({ count: 10_000, age: 7 * day });
    expect(DEFAULT_CONFIG.inboxAge)
      .to.equal(DEFAULT_INBOX_AGE)
      .and.to.equal(30 * day);
    expect(DEFAULT_CONFIG.presenceGrace).to.equal(10_000);
  });

  const wrong: [string[], Record<string, string>, RegExp][] = [
    [["--port", "http"], {}, /^error: --port: "http" is not a port; give a number from 0 to 65535\n$/],
    [["--port", "65536"], {}, /--port: "65536" is not a port/],
    [["--port=-1"], {}, /--port: "-1" is not a port/],
    [[], { PORT: "3e3" }, /^error: PORT: "3e3" is not a port/],
    [["--log-level", "loud"], {}, /--log-level: "loud" is not a log level; give one of fatal, /],
    [[], { DEMO: "maybe" }, /DEMO: "maybe" is neither true nor false/],
    [["--trust-proxy", "the nearest"], {}, /"the nearest" names no proxies/],
    [["--trust-proxy", "10.0.0.0/99"], {}, /"10.0.0.0\/99" names no proxies/],
    [["--allowed-origins", "example.com"], {}, /"example.com" is not an origin; give some like https:/],
    [["--allowed-origins", "https://a.example/"], {}, /"https:\/\/a.example\/" is not an origin/],
    [["--cert", "c.pem"], {}, /there is a TLS certificate but no key; give --key FILE \(or TLS_KEY\)/],
    [[], { TLS_KEY: "k.pem" }, /there is a TLS key but no certificate; give --cert FILE/],
    [["--data", "d", "--memory"], {}, /--memory and --data are both given, .*; give one/],
    [[], { MEMORY: "1", DATA: "d" }, /MEMORY and DATA are both given/],
    [[], { MEMORY: "yes" }, /MEMORY: "yes" is neither true nor false/],
    [
      ["--issuer", "x"],
      {},
      /an issuer or an audience of tokens, but no key .*; give JWT_SECRET, --jwt-secret-file/,
    ],
    [["--history-messages", "many"], {}, /--history-messages: "many" is not a count; give a whole number/],
    [["--history-age", "7"], {}, /--history-age: "7" is not a duration; give some like 500ms/],
    [[], { MAX_DISK: "10" }, /MAX_DISK: "10" is not a size; give some like 64KiB/],
    [
      ["--config", "no.json"],
      {},
      /configuration file cannot be read \(ENOENT.*no.json.*; check --config \(CONFIG\)/,
    ],
    [["--prot", "1"], {}, /unknown option '--prot'\n\(Did you mean --port\?\)\n\(crossroom start --help/],
    [["--port"], {}, /option '-p, --port <port>' argument missing/],
    [["serve"], {}, /unknown command 'serve'/],
  ];
  for (const [argv, env, message] of wrong) {
    it(`refuses ${JSON.stringify([...argv, ...Object.entries(env).flat()])} and says what to do`, async () => {
      const { config, code, stdout, stderr } = await runHere(argv, env);
      expect({ config, code, stdout }).to.deep.equal({ config: undefined, code: 2, stdout: "" });
      expect(stderr).to.match(message);
    });
  }

  it("prints its help, in which every setting has its flag, variable and default", async () => {
    for (const argv of [["--help"], ["start", "--help"]]) {
      const { code, stdout } = await runHere(argv);
      expect(code).to.equal(0);
      for (const word of WORDS_OF_HELP) expect(stdout.replace(/\s+/g, " ")).to.include(word);
    }
  });

  it("prints its version", async () => {
    expect(await runHere(["--version"])).to.include({ code: 0, stdout: "1.2.3\n", stderr: "" });
  });
});

describe("durations and sizes", () => {
  it("are numbers with a unit", () => {
    const durations = ["0s", "500ms", "10 s", "5m", "1h", "7d"].map(parseDuration);
    expect(durations).to.deep.equal([0, 500, 10_000, 300_000, 3_600_000, 604_800_000]);
    expect(["1B", "2kB", "3 MB", "64KiB", "1TiB"].map(parseSize)).to.deep.equal([
      1,
      2e3,
      3e6,
      65_536,
      2 ** 40,
    ]);
  });

  it("are nothing else", () => {
    for (const text of [
      "",
      "5",
      "s",
      "-1s",
      "1.5h",
      "1 day",
      "1S",
      "1e3s",
      "999999999999d",
      "1constructor",
    ]) {
      expect(parseDuration(text), text).to.be.undefined;
    }
    for (const text of ["5", "KB", "1kb", "999999999999TiB"]) expect(parseSize(text), text).to.be.undefined;
  });
});
