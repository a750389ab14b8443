import { expect } from "chai";
import { banner } from "../../server/banner.js";
import type { Config } from "../../server/config.js";
import { explainListenError, explainTlsError } from "../../server/start-errors.js";

const config: Config = { port: 3000, host: "127.0.0.1", logLevel: "info", demo: true };

describe("the lines at the start", () => {
  it("say where everything is", () => {
    expect(banner(config, {})).to.equal(
      "Crossroom is listening on http://localhost:3000\n" +
        "  Demo page    http://localhost:3000/\n" +
        "  Socket.IO    http://localhost:3000  (path /socket.io/)\n" +
        "  WebSocket    ws://localhost:3000/bridge\n" +
        "Ctrl+C stops it.\n",
    );
  });

  it("leave out the demo where there is none", () => {
    expect(banner({ ...config, demo: false }, {})).not.to.include("Demo");
  });

  it("have https and wss with TLS, and no port where it is the scheme's own", () => {
    const text = banner({ ...config, tls: { cert: "", key: "" }, port: 443, host: "chat.example" }, {});
    expect(text)
      .to.include("listening on https://chat.example\n")
      .and.to.include("wss://chat.example/bridge\n");
  });

  it("list the machine's addresses where it listens on all", () => {
    const info = { netmask: "", mac: "", cidr: null };
    const interfaces = {
      lo: [{ ...info, address: "127.0.0.1", family: "IPv4" as const, internal: true }],
      eth0: [{ ...info, address: "192.0.2.7", family: "IPv4" as const, internal: false }],
    };
    expect(banner({ ...config, host: "0.0.0.0" }, interfaces)).to.match(
      /^Crossroom is listening on http:\/\/localhost:3000\n +and http:\/\/192\.0\.2\.7:3000\n/,
    );
  });

  it("put an IPv6 address in brackets", () => {
    expect(banner({ ...config, host: "2001:db8::1" }, {})).to.include("http://[2001:db8::1]:3000\n");
  });
});

describe("what keeps the server from starting", () => {
  const coded = (code: string, path?: string): Error => Object.assign(new Error(`${code}!`), { code, path });

  for (const [code, words] of [
    [
      "EADDRINUSE",
      "port 3000 on 127.0.0.1 is in use; stop the program that has it, or give another with --port or PORT",
    ],
    ["EACCES", "may not listen on port 3000"],
    ["EADDRNOTAVAIL", "127.0.0.1 is no address of this machine"],
    ["ENOTFOUND", "cannot be looked up"],
    ["EIO", "cannot listen on 127.0.0.1, port 3000: EIO!"],
  ] as const) {
    it(`is explained: ${code} from listen`, () => {
      expect(explainListenError(coded(code), config)).to.include(words);
    });
  }

  for (const [code, words] of [
    ["ENOENT", "there is no file /k.pem; check --cert and --key"],
    ["EACCES", "may not read /k.pem"],
    ["EISDIR", "must name files"],
    ["ERR_OSSL_X509_KEY_VALUES_MISMATCH", "the key in /k.pem is not that of the certificate in /c.pem"],
    ["ERR_OSSL_PEM_NO_START_LINE", "cannot be used (both must be PEM): ERR_OSSL_PEM_NO_START_LINE!"],
  ] as const) {
    it(`is explained: ${code} from TLS`, () => {
      expect(explainTlsError(coded(code, "/k.pem"), { cert: "/c.pem", key: "/k.pem" })).to.include(words);
    });
  }
});
