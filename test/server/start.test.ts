import { expect } from "chai";
import { banner } from "../../server/cli/banner.js";
import { DEFAULT_CONFIG, type Config } from "../../server/config/config.js";
import { explainListenError, explainTlsError } from "../../server/cli/start-errors.js";

const config: Config = DEFAULT_CONFIG;
const COMMAND = "node dist/server/main.js";

describe("the lines at the start", () => {
  it("say where everything is", () => {
    expect(banner(config, {}, COMMAND)).to.equal(
      "Crossroom is listening on http://localhost:3000\n" +
        "  Demo page    http://localhost:3000/\n" +
        "  Socket.IO    http://localhost:3000  (path /socket.io/)\n" +
        "  WebSocket    ws://localhost:3000/bridge\n" +
        "  Data         crossroom-data\n" +
        "  Tokens       node dist/server/main.js token --user ada; guests may come without\n" +
        "Ctrl+C stops it.\n",
    );
  });

  it("leave out the demo where there is none", () => {
    expect(banner({ ...config, demo: false }, {}, COMMAND)).not.to.include("Demo");
  });

  it("have https and wss with TLS, and no port where it is the scheme's own", () => {
    const text = banner(
      { ...config, tls: { cert: "", key: "" }, port: 443, host: "chat.example" },
      {},
      COMMAND,
    );
    expect(text)
      .to.include("listening on https://chat.example\n")
      .and.to.include("wss://chat.example/bridge\n");
  });

  for (const [title, changes, line] of [
    ["another folder", { data: "/var/lib/crossroom" }, "  Data         /var/lib/crossroom\n"],
    ["no folder", { data: undefined }, "  Data         in memory: gone when the server stops\n"],
    ["another folder, for tokens", { data: "d" }, "token --data d --user ada; guests may come without\n"],
    [
      "no folder, for tokens",
      { data: undefined },
      "Tokens       none: give a secret or a data folder; guests",
    ],
    ["no guests", { auth: { ...config.auth, guests: false } }, "token --user ada\n"],
    [
      "a secret",
      { auth: { ...config.auth, secret: "hunter2" } },
      "Tokens       signed with the secret; guests may",
    ],
    [
      "a key",
      { auth: { ...config.auth, jwksFile: "k.json" } },
      "Tokens       signed with the key of k.json; guests",
    ],
  ] as const) {
    it(`say where the data is, and who may come in: ${title}`, () => {
      const { data, ...others } = { ...config, ...changes };
      const text = banner({ ...others, ...(data === undefined ? {} : { data }) }, {}, COMMAND);
      expect(text).to.include(line).and.not.include("hunter2");
    });
  }

  it("list the machine's addresses where it listens on all", () => {
    const info = { netmask: "", mac: "", cidr: null };
    const interfaces = {
      lo: [{ ...info, address: "127.0.0.1", family: "IPv4" as const, internal: true }],
      eth0: [{ ...info, address: "192.0.2.7", family: "IPv4" as const, internal: false }],
    };
    expect(banner({ ...config, host: "0.0.0.0" }, interfaces, COMMAND)).to.match(
      /^Crossroom is listening on http:\/\/localhost:3000\n +and http:\/\/192\.0\.2\.7:3000\n/,
    );
  });

  it("put an IPv6 address in brackets", () => {
    expect(banner({ ...config, host: "2001:db8::1" }, {}, COMMAND)).to.include("http://[2001:db8::1]:3000\n");
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
