import { expect } from "chai";
import { parseConfig, type Config } from "../../server/config.js";

const DEFAULTS: Config = { port: 3000, host: "127.0.0.1", logLevel: "info", demo: true };

describe("the configuration", () => {
  const parse = (argv: string[], env: Record<string, string> = {}) => parseConfig(argv, env, "1.2.3");
  const config = (argv: string[], env?: Record<string, string>): Config => {
    const parsed = parse(argv, env);
    if (parsed.type === "exit") throw new Error(parsed.output);
    return parsed.config;
  };

  it("has defaults for everything", () => {
    expect(config([])).to.deep.equal(DEFAULTS);
  });

  it("is read from flags", () => {
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
    expect(config([...flags, "--allowed-origins", "https://a.example, http://b.example:8080"])).to.deep.equal(
      {
        port: 0,
        host: "::",
        tls: { cert: "c.pem", key: "k.pem" },
        allowedOrigins: ["https://a.example", "http://b.example:8080"],
        logLevel: "debug",
        demo: false,
      },
    );
  });

  it("is read from the environment", () => {
    const env = {
      PORT: "80",
      HOST: "0.0.0.0",
      TLS_CERT: "c",
      TLS_KEY: "k",
      LOG_LEVEL: "warn",
      DEMO: "false",
    };
    expect(config([], { ...env, ALLOWED_ORIGINS: "https://a.example" })).to.deep.equal({
      port: 80,
      host: "0.0.0.0",
      tls: { cert: "c", key: "k" },
      allowedOrigins: ["https://a.example"],
      logLevel: "warn",
      demo: false,
    });
  });

  it("takes a flag before its variable, which then need not even be right", () => {
    expect(config(["--port", "1"], { PORT: "never looked at" }).port).to.equal(1);
  });

  it("takes an empty variable as not set", () => {
    expect(config([], { PORT: "", HOST: "", TLS_CERT: "", DEMO: "" })).to.deep.equal(DEFAULTS);
  });

  it("takes * as any origin", () => {
    expect(config(["--allowed-origins", "*"])).to.deep.equal(DEFAULTS);
  });

  const wrong: [string[], Record<string, string>, RegExp][] = [
    [["--port", "http"], {}, /^error: --port: "http" is not a port; give a number from 0 to 65535\n$/],
    [["--port", "65536"], {}, /--port: "65536" is not a port/],
    [["--port=-1"], {}, /--port: "-1" is not a port/],
    [[], { PORT: "3e3" }, /^error: PORT: "3e3" is not a port/],
    [["--log-level", "loud"], {}, /--log-level: "loud" is not a log level; give one of fatal, /],
    [[], { DEMO: "maybe" }, /DEMO: "maybe" is neither true nor false/],
    [["--allowed-origins", "example.com"], {}, /"example.com" is not an origin; give some like https:/],
    [["--allowed-origins", "https://a.example/"], {}, /"https:\/\/a.example\/" is not an origin/],
    [["--cert", "c.pem"], {}, /there is a TLS certificate but no key; give --key FILE \(or TLS_KEY\)/],
    [[], { TLS_KEY: "k.pem" }, /there is a TLS key but no certificate; give --cert FILE/],
    [["--prot", "1"], {}, /unknown option '--prot'\n\(Did you mean --port\?\)\n\(crossroom --help/],
    [["--port"], {}, /option '-p, --port <port>' argument missing/],
    [["serve"], {}, /too many arguments/],
  ];
  for (const [argv, env, message] of wrong) {
    it(`refuses ${JSON.stringify([...argv, ...Object.entries(env).flat()])} and says what to do`, () => {
      const parsed = parse(argv, env);
      expect(parsed).to.include({ type: "exit", exitCode: 2 });
      expect(parsed).to.have.property("output").that.matches(message);
    });
  }

  it("prints its help, in which every setting has its flag, variable and default", () => {
    const parsed = parse(["--help"]);
    expect(parsed).to.include({ type: "exit", exitCode: 0 });
    for (const word of [
      "PORT",
      "HOST",
      "TLS_CERT",
      "TLS_KEY",
      "ALLOWED_ORIGINS",
      "LOG_LEVEL",
      "DEMO",
      "3000",
    ]) {
      expect(parsed).to.have.property("output").that.includes(word);
    }
  });

  it("prints its version", () => {
    expect(parse(["--version"])).to.deep.equal({ type: "exit", exitCode: 0, output: "1.2.3\n" });
  });
});
